"""What the back ends with a SuperTokens SDK of today share. They run in the environment
`.build-python-sdk-recent`, with their settings as JSON on the command line: `port`, `core`,
`api_key`, `api_domain`, `website`, `argument` (the keys: `dynamic` or `static`), `anti_csrf` and
`exposes_token`."""

import json
import sys

from supertokens_python import InputAppInfo, SupertokensConfig, convert_to_recipe_user_id, init
from supertokens_python.recipe import session

settings = json.loads(sys.argv[1])


def start(framework, mode):
    init(
        app_info=InputAppInfo(
            app_name="end to end", api_domain=settings["api_domain"],
            website_domain=settings["website"], api_base_path="/auth",
        ),
        framework=framework,
        supertokens_config=SupertokensConfig(settings["core"], settings["api_key"]),
        recipe_list=[session.init(
            anti_csrf=settings["anti_csrf"],
            use_dynamic_access_token_signing_key=settings["argument"] == "dynamic",
            expose_access_token_to_frontend_in_cookie_based_auth=settings["exposes_token"],
        )],
        mode=mode,
        telemetry=False,
    )


def new_session(asked):
    """What `create_new_session` takes after the request."""
    user = convert_to_recipe_user_id(asked["user"])
    return "public", user, asked.get("claims", {})
