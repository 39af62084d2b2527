"""A back end with an SDK on FastAPI; `back_end.py` tells how it is run."""

import back_end
import uvicorn
from back_end import generation
from fastapi import Depends, FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from supertokens_python import get_all_cors_headers
from supertokens_python.framework.fastapi import get_middleware
from supertokens_python.recipe.session import SessionContainer
from supertokens_python.recipe.session.asyncio import create_new_session
from supertokens_python.recipe.session.framework.fastapi import verify_session

back_end.start("fastapi", "asgi")
app = FastAPI()
app.add_middleware(get_middleware())


@app.get("/hello")
async def hello():
    return "hello"


@app.post("/login")
async def login(request: Request):
    asked = await request.json()
    await create_new_session(request, *generation.new_session(asked))
    return {"user": asked["user"]}


@app.get("/profile")
async def profile(session: SessionContainer = Depends(verify_session())):
    return {"user": session.get_user_id(), "handle": session.get_handle()}


@app.post("/profile")
async def change(request: Request, session: SessionContainer = Depends(verify_session())):
    await generation.change(session, await request.json())
    return {"user": session.get_user_id()}


@app.get("/profile/jwt")
async def get_jwt(session: SessionContainer = Depends(verify_session())):
    return {"token": generation.jwt_of(session)}


app.add_middleware(
    CORSMiddleware, allow_origins=[back_end.settings["website"]], allow_credentials=True,
    allow_methods=["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"],
    allow_headers=["Content-Type", *get_all_cors_headers()],
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=back_end.settings["port"], log_level="warning")
