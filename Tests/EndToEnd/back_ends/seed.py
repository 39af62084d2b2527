"""What the back ends with a SuperTokens SDK of the time when sessions carried a JWT in their
payload share. They run in the environment `.build-python-sdk-seed`, with their settings as JSON on
the command line: `port`, `core`, `api_key`, `api_domain`, `website`, `argument` (the property that
holds the JWT; none: no JWT is made) and `anti_csrf`."""

import json
import sys

import tldextract.tldextract

# This SDK's way to ask for a list of public suffixes would leave the machine; the list that comes
# with the package does.
tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

from supertokens_python import InputAppInfo, SupertokensConfig, init  # noqa: E402
from supertokens_python.recipe import session  # noqa: E402

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
            jwt=session.JWTConfig(
                enable=settings["argument"] is not None,
                property_name_in_access_token_payload=settings["argument"],
            ),
        )],
        mode=mode,
        telemetry=False,
    )


def jwt_of(payload):
    """The JWT in a session's payload."""
    return payload[payload["_jwtPName"]]
