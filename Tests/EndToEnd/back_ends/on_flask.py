"""A back end with an SDK on Flask; `back_end.py` tells how it is run."""

import back_end
from back_end import generation
from flask import Flask, abort, g, jsonify, request
from flask_cors import CORS
from supertokens_python import get_all_cors_headers
from supertokens_python.framework.flask import Middleware
from supertokens_python.recipe.session.framework.flask import verify_session
from supertokens_python.recipe.session.syncio import create_new_session

back_end.start("flask", "wsgi")
app = Flask(__name__)
Middleware(app)
CORS(
    app, supports_credentials=True, origins=[back_end.settings["website"]],
    allow_headers=["Content-Type", *get_all_cors_headers()],
)


@app.get("/hello")
def hello():
    return "hello"


@app.post("/login")
def login():
    asked = request.get_json()
    create_new_session(request, *generation.new_session(asked))
    return jsonify(user=asked["user"])


@app.get("/profile")
@verify_session()
def profile():
    return jsonify(user=g.supertokens.get_user_id(), handle=g.supertokens.get_handle())


@app.post("/profile")
@verify_session()
def change():
    generation.sync_change(g.supertokens, request.get_json())
    return jsonify(user=g.supertokens.get_user_id())


@app.get("/profile/jwt")
@verify_session()
def get_jwt():
    return jsonify(token=generation.jwt_of(g.supertokens))


@app.route("/<path:_>", methods=["GET", "POST"])
def not_found(_):
    """Flask asks no extension about paths that it does not know, this SDK's and CORS among them."""
    abort(404)


if __name__ == "__main__":
    back_end.serve(app)
