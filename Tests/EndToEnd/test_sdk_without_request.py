"""Sessions and their JWTs without a request ("method 2"), by real SDKs on one side and by
`sallyport sessions` and the admin listener on the other."""

import contextlib
import json
import subprocess
import urllib.parse
import uuid

import httpx
import jwt as pyjwt
import pytest
from sdk.case import Case
from sdk.front_end import FrontEnd
from sdk.service import bearer
from support.gateway import Gateway, binary

TOKEN = "operators-secret"
UNAUTHORISED = (401, {"message": "unauthorised"})
BOTH = ("asyncio", "syncio")
NO_JWT = "no JWT without a request: from V3 on the access token itself is the JWT"


class User:
    """Has two sessions, at a gateway that has an operator; the JWT of `ended` has ended."""

    def __init__(self, site, gateway):
        self.site = site
        self.gateway = gateway
        # Not one that is written in a path as it is.
        self.name = f"us er/{uuid.uuid4()}"

    def signed_in(self, front_end, **claims):
        front_end.http.base_url = f"https://localhost:{self.gateway.port}"
        front_end.sign_in(self.name, **claims)
        return Case(self.site, front_end, front_end.mode)

    def by_sdk(self, *calls):
        return self.site.kind.without_request(self.site.core, *calls)

    def by_both(self, *calls):
        """What functions of the SDK return: `asyncio` and `syncio` say the same."""
        said = self.by_sdk(*([module, *call] for module in BOTH for call in calls))
        assert said[:len(calls)] == said[len(calls):]
        return said[:len(calls)]

    def handles_by_sdk(self):
        return self.by_both(["get_all_session_handles_for_user", self.name])[0]

    def sessions_by_sdk(self, handles):
        return self.by_both(*(["get_session_information", handle] for handle in handles))

    def command(self, name, *arguments, status=0):
        """What `sallyport sessions` says, and what it warns of."""
        done = subprocess.run(
            [binary(), "sessions", name, *arguments, "--config", self.gateway.file],
            capture_output=True, text=True, timeout=30,
        )
        assert done.returncode == status, done.stderr
        return done.stdout, done.stderr

    def asked(self, name, *arguments):
        return json.loads(self.command(name, *arguments, "--json")[0])

    def admin(self, path):
        answer = httpx.get(
            f"http://127.0.0.1:{self.gateway.admin_port}{path}", trust_env=False,
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def by_gateway(self, what):
        """`sessions` or `jwts` in both ways, which are one."""
        answer = self.admin(f"/users/{urllib.parse.quote(self.name, safe='')}/{what}")
        command = {"sessions": "list", "jwts": "jwt"}[what]
        assert self.asked(command, "--user", self.name) == answer
        assert answer["status"] == "OK"
        return answer[what]


@contextlib.contextmanager
def user_of(site, folder):
    sessions = {**site.sessions, "check_database": True}
    secret = folder / "token"
    secret.write_text(TOKEN)
    gateway = Gateway(site.configuration(sessions), folder, site.tls)
    gateway.configuration["admin"]["token_file"] = str(secret)
    with gateway, FrontEnd(site, "cookie") as first, FrontEnd(site, "cookie") as second:
        gateway.wait_for_keys()
        user = User(site, gateway)
        site.core.sessions.jwt_seconds = 0
        user.ended = user.signed_in(first)
        site.core.sessions.jwt_seconds = None
        user.lasting = user.signed_in(second, plan="gold")
        yield user
        first.http.close()  # The gateway would wait for them to go.
        second.http.close()


@pytest.fixture(params=["seed-flask", "seed-fastapi", "recent-fastapi"])
def user(request, site_of, tmp_path):
    with user_of(site_of(request.param), tmp_path) as signed_in:
        yield signed_in


@pytest.fixture(params=["seed-flask", "seed-fastapi"])
def seed_user(request, site_of, tmp_path):
    with user_of(site_of(request.param), tmp_path) as signed_in:
        yield signed_in


@pytest.fixture
def recent_user(site_of, tmp_path):
    with user_of(site_of("recent-fastapi"), tmp_path) as signed_in:
        yield signed_in


def payload_of(session):
    """What either SDK calls the payload of a session's tokens."""
    name = "custom_claims_in_access_token_payload"
    return session[name if name in session else "access_token_payload"]


def described(session):
    """A session as an SDK tells of it, in the gateway's words."""
    return {
        "handle": session["session_handle"], "userId": session["user_id"],
        "timeCreated": session["time_created"], "expiry": session["expiry"],
        "payload": payload_of(session),
    }


def handle_of(visitor):
    return visitor.front_end.get("/profile").json()["handle"]


def test_sessions_are_the_sdks(user):
    handles = user.handles_by_sdk()
    assert sorted(handles) == sorted(handle_of(one) for one in (user.ended, user.lasting))
    sessions = [described(one) for one in user.sessions_by_sdk(handles)]
    assert [one["userId"] for one in sessions] == [user.name] * 2
    assert user.by_gateway("sessions") == sessions
    for session in sessions:
        assert user.asked("show", session["handle"])["session"] == session
        assert user.admin(f"/sessions/{session['handle']}")["session"] == session


def test_jwts_are_the_sdks(seed_user):
    """And what the service got with the session's requests."""
    user = seed_user
    received = bearer(user.lasting.call()[1])
    handles = user.handles_by_sdk()
    payloads = [payload_of(one) for one in user.sessions_by_sdk(handles)]
    own = {h: payload[payload["_jwtPName"]] for h, payload in zip(handles, payloads, strict=True)}
    ended, lasting = handle_of(user.ended), handle_of(user.lasting)
    assert own[lasting] == received
    assert user.site.service.claims(own[lasting])["plan"] == "gold"
    with pytest.raises(pyjwt.ExpiredSignatureError):
        user.site.service.claims(own[ended])
    told = user.by_gateway("jwts")
    assert [(one["handle"], one["jwt"]) for one in told] == list(own.items())
    assert {one["handle"]: one["expired"] for one in told} == {ended: True, lasting: False}
    lines, warning = user.command("jwt", "--user", user.name)
    marks = {ended: "  expired", lasting: ""}
    assert lines.splitlines() == [f"{h}  {token}{marks[h]}" for h, token in own.items()]
    assert warning == ""


def test_sessions_of_today_have_no_jwt_without_a_request(recent_user):
    user = recent_user
    handles = user.handles_by_sdk()
    payloads = [payload_of(one) for one in user.sessions_by_sdk(handles)]
    assert not any("_jwtPName" in payload or "jwt" in payload for payload in payloads)
    told = user.by_gateway("jwts")
    assert told == [{"handle": h, "jwt": None, "detail": NO_JWT} for h in handles]
    lines, _ = user.command("jwt", "--user", user.name)
    assert lines.splitlines() == [f"{handle}  {NO_JWT}" for handle in handles]


def test_the_core_says_the_same_where_no_gateway_runs(user):
    names = ("list", "jwt")
    asked = {name: user.command(name, "--user", user.name) for name in names}
    assert [warning for _, warning in asked.values()] == ["", ""]
    for visitor in (user.ended, user.lasting):
        visitor.front_end.http.close()
    user.gateway.terminate()
    for name in names:
        lines, warning = user.command(name, "--user", user.name)
        assert lines == asked[name][0]
        assert warning == "the core was asked; no gateway was told\n"


@pytest.mark.parametrize("module", BOTH)
def test_a_payload_that_an_sdk_changed_without_a_request(seed_user, module):
    """Its new JWT is there at once. The session's requests have it then, too, where the core brings
    a token that differs from the database up to date, and else after the next refresh."""
    user = seed_user
    handle = handle_of(user.lasting)
    [before] = [one["jwt"] for one in user.by_gateway("jwts") if one["handle"] == handle]
    change = [module, "update_access_token_payload", handle, {"plan": "silver"}]
    assert user.by_sdk(change) == [True]
    [after] = [one["jwt"] for one in user.by_gateway("jwts") if one["handle"] == handle]
    assert after != before
    assert user.site.service.claims(after)["plan"] == "silver"
    at_once = "silver" if user.site.core.has_public_keys else "gold"
    assert user.lasting.call()[0]["plan"] == at_once
    assert user.lasting.front_end.refresh().status_code == 200
    assert user.lasting.call()[0]["plan"] == "silver"


@pytest.mark.parametrize("module", BOTH)
def test_a_payload_of_today_that_an_sdk_changed_without_a_request(recent_user, module):
    """The core's word on the next request brings a token that says so."""
    user = recent_user
    assert user.lasting.call()[0]["plan"] == "gold"
    handle = user.lasting.front_end.payload()["sessionHandle"]
    change = [module, "merge_into_access_token_payload", handle, {"plan": "silver"}]
    assert user.by_sdk(change) == [True]
    assert user.asked("show", handle)["session"]["payload"]["plan"] == "silver"
    assert user.lasting.call()[0]["plan"] == "silver"
    assert user.lasting.front_end.payload()["plan"] == "silver"


@pytest.mark.parametrize("module", BOTH)
def test_a_session_that_an_sdk_ended_without_a_request(user, module):
    user.lasting.call()
    handle = handle_of(user.lasting)
    assert user.by_sdk([module, "revoke_session", handle]) == [True]
    assert [one["handle"] for one in user.by_gateway("sessions")] == [handle_of(user.ended)]
    assert user.command("show", handle, status=1)[0] == "UNKNOWN_SESSION\n"
    assert user.lasting.refused() == UNAUTHORISED


def test_a_session_that_the_command_ended(user):
    user.lasting.call()
    handle = handle_of(user.lasting)
    assert user.command("revoke", handle) == (f"revoked {handle}\n", "")
    assert user.lasting.refused() == UNAUTHORISED
    assert user.handles_by_sdk() == [handle_of(user.ended)]
    assert user.sessions_by_sdk([handle]) == [None]
