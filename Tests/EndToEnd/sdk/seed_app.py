"""A back end with a SuperTokens SDK of the time when sessions carried a JWT in their payload, on
Flask. Runs in the environment `.build-python-sdk-seed`:
`seed_app.py PORT CORE API_KEY API_DOMAIN WEBSITE PROPERTY`."""

import sys

import tldextract.tldextract

# This SDK's way to ask for a list of public suffixes would leave the machine; the list that comes
# with the package does.
tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

from flask import Flask, abort, g, jsonify, request  # noqa: E402
from flask_cors import CORS  # noqa: E402
from supertokens_python import (  # noqa: E402
    InputAppInfo,
    SupertokensConfig,
    get_all_cors_headers,
    init,
)
from supertokens_python.framework.flask import Middleware  # noqa: E402
from supertokens_python.recipe import session  # noqa: E402
from supertokens_python.recipe.session.framework.flask import verify_session  # noqa: E402
from supertokens_python.recipe.session.syncio import create_new_session  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

port, core, api_key, api_domain, website, property_name = sys.argv[1:]

init(
    app_info=InputAppInfo(
        app_name="end to end", api_domain=api_domain, website_domain=website, api_base_path="/auth"
    ),
    framework="flask",
    supertokens_config=SupertokensConfig(core, api_key),
    recipe_list=[session.init(
        anti_csrf="VIA_TOKEN",
        jwt=session.JWTConfig(
            enable=True, property_name_in_access_token_payload=property_name
        ),
    )],
    telemetry=False,
)

app = Flask(__name__)
Middleware(app)
CORS(
    app, supports_credentials=True, origins=[website],
    allow_headers=["Content-Type", *get_all_cors_headers()],
)


@app.get("/hello")
def hello():
    return "hello"


@app.post("/login")
def login():
    asked = request.get_json()
    create_new_session(request, asked["user"], asked.get("claims", {}))
    return jsonify(user=asked["user"])


@app.get("/profile")
@verify_session()
def profile():
    return jsonify(user=g.supertokens.get_user_id(), handle=g.supertokens.get_handle())


@app.post("/profile")
@verify_session()
def change():
    g.supertokens.sync_update_access_token_payload(request.get_json())
    return jsonify(user=g.supertokens.get_user_id())


@app.route("/<path:_>", methods=["GET", "POST"])
def not_found(_):
    """Flask asks no extension about paths that it does not know, this SDK's and CORS among them."""
    abort(404)


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


if __name__ == "__main__":
    make_server(
        "127.0.0.1", int(port), app, threaded=True, request_handler=Handler
    ).serve_forever()
