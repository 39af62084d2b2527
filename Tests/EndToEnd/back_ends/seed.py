"""The SDK of the time when sessions carried a JWT in their payload. `argument` is the property that
holds it; none: no JWT is made."""

import tldextract.tldextract

# This SDK's way to ask for a list of public suffixes would leave the machine; the list that comes
# with the package does.
tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

from supertokens_python.recipe import session  # noqa: E402


def recipe(settings):
    return session.init(
        anti_csrf=settings["anti_csrf"],
        jwt=session.JWTConfig(
            enable=settings["argument"] is not None,
            property_name_in_access_token_payload=settings["argument"],
        ),
    )


def new_session(asked):
    """What `create_new_session` takes after the request."""
    return asked["user"], asked.get("claims", {})


async def change(own, payload):
    await own.update_access_token_payload(payload)


def sync_change(own, payload):
    own.sync_update_access_token_payload(payload)


def jwt_of(own):
    payload = own.get_access_token_payload()
    return payload[payload["_jwtPName"]]
