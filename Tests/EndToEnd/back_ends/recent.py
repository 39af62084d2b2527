"""The SDK of today, whose access token is the JWT itself. `argument` is the kind of key that signs
it: `dynamic` or `static`."""

from supertokens_python import convert_to_recipe_user_id
from supertokens_python.recipe import session


def recipe(settings):
    return session.init(
        anti_csrf=settings["anti_csrf"],
        use_dynamic_access_token_signing_key=settings["argument"] == "dynamic",
        expose_access_token_to_frontend_in_cookie_based_auth=settings["exposes_token"],
    )


def new_session(asked):
    """What `create_new_session` takes after the request."""
    user = convert_to_recipe_user_id(asked["user"])
    return "public", user, asked.get("claims", {})


async def change(own, payload):
    await own.merge_into_access_token_payload(payload)


def sync_change(own, payload):
    own.sync_merge_into_access_token_payload(payload)


def jwt_of(own):
    return own.get_access_token()
