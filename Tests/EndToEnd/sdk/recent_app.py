"""A back end with a SuperTokens SDK of today, on FastAPI. Runs in the environment
`.build-python-sdk-recent`:
`recent_app.py PORT CORE API_KEY API_DOMAIN WEBSITE KEYS`, with KEYS `dynamic` or `static`."""

import sys

import uvicorn
from fastapi import Depends, FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from supertokens_python import (
    InputAppInfo,
    SupertokensConfig,
    convert_to_recipe_user_id,
    get_all_cors_headers,
    init,
)
from supertokens_python.framework.fastapi import get_middleware
from supertokens_python.recipe import session
from supertokens_python.recipe.session import SessionContainer
from supertokens_python.recipe.session.asyncio import create_new_session
from supertokens_python.recipe.session.framework.fastapi import verify_session

port, core, api_key, api_domain, website, keys = sys.argv[1:]

init(
    app_info=InputAppInfo(
        app_name="end to end", api_domain=api_domain, website_domain=website, api_base_path="/auth"
    ),
    framework="fastapi",
    supertokens_config=SupertokensConfig(core, api_key),
    recipe_list=[session.init(
        anti_csrf="VIA_TOKEN", use_dynamic_access_token_signing_key=keys == "dynamic"
    )],
    mode="asgi",
    telemetry=False,
)

app = FastAPI()
app.add_middleware(get_middleware())


@app.get("/hello")
async def hello():
    return "hello"


@app.post("/login")
async def login(request: Request):
    asked = await request.json()
    user = convert_to_recipe_user_id(asked["user"])
    await create_new_session(request, "public", user, asked.get("claims", {}))
    return {"user": asked["user"]}


@app.get("/profile")
async def profile(session: SessionContainer = Depends(verify_session())):
    return {"user": session.get_user_id(), "handle": session.get_handle()}


@app.post("/profile")
async def change(request: Request, session: SessionContainer = Depends(verify_session())):
    await session.merge_into_access_token_payload(await request.json())
    return {"user": session.get_user_id()}


app.add_middleware(
    CORSMiddleware, allow_origins=[website], allow_credentials=True,
    allow_methods=["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"],
    allow_headers=["Content-Type", *get_all_cors_headers()],
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")
