"""What SDKs of both eras were seen to answer, replayed through the running gateway."""

import functools

import pytest
from support.recorded import Recorded
from support.recreating import Recreated
from support.replaying import Exchange, Replay
from support.resigning import Shift, text_of
from support.skipping import rows
from support.titles import CHECK, recipe
from support.transcripts import FIXTURES

TRANSCRIPTS = sorted(path.stem for path in (FIXTURES / "transcripts").glob("*.txt"))
RECORDINGS = sorted(
    path.stem.removesuffix("-browser") for path in (FIXTURES / "recordings").glob("*-browser.jsonl")
)
# `antiCsrf` of the SDKs' configuration; where it was left out, what they make of it.
MODES = {
    "none": "none", "custom": "custom_header", "token": "token", "NONE": "none",
    "VIA_CUSTOM_HEADER": "custom_header", "VIA_TOKEN": "token", "default_cross": "custom_header",
    "edge": "custom_header", "edge_older": "custom_header", "static": "custom_header",
}
ROUTES = [
    {"path_exact": "/verify"},
    {"path_exact": "/optional", "session": "optional"},
    {"path_exact": "/db", "check_database": True},
    {"path_exact": "/claim", "claims": [{"claim": "st-x", "equals": True}]},
    {"path_prefix": "/", "session": "passthrough"},
]


def settings(name):
    """`sessions` as the SDK of a transcript was configured."""
    legacy = name.startswith(("n12", "run_old"))
    mode = name.removeprefix("n12_").removeprefix("n24_")
    mode = mode.removeprefix("run_old_").removeprefix("run_new_")
    cookies = {"same_site": "none"} if mode == "default_cross" else {}
    if mode == "edge_older":
        cookies = {"domain": ".example.com"}
    return {
        "anti_csrf": MODES[mode],
        "legacy_id_refresh": "require" if legacy else "refuse",
        "token_transfer": "cookie" if legacy else "any",
        "signing_keys": "static" if mode == "static" else "dynamic",
        "cookies": cookies,
        # The SDKs of the seed era had the feature off in this mode.
        "jwt": {"required": not (legacy and mode.lower() == "none")},
    }


def application(method, path, legacy):
    """The transcripts' handler: it shows the payload to GET."""

    def answer(jwt, claims):
        if claims is None:
            return text_of({"u": None})
        if path != CHECK or method == "POST":
            return text_of({"u": claims["sub"]})
        if not legacy:
            return text_of({"u": claims["sub"], "p": claims})
        own = {k: v for k, v in claims.items() if k not in ("iss", "sub", "exp", "iat")}
        return text_of({"u": claims["sub"], "p": {**own, legacy: jwt, "_jwtPName": legacy}})

    return answer


def prepared(state, step, legacy):
    state.read(step)
    verified, (method, path, *templates) = recipe(step.name)
    body, cut = state.body(step) if verified else (step.body, False)
    says = {"status": "OK", "session": {"handle": state.handle, "userId": "user-1"}}
    if step.status == 401:
        says = {"status": "UNAUTHORISED", "message": "Session does not exist."}
    elif "promotion" in step.name:
        says["accessToken"] = {"token": state.token, "expiry": 0, "createdTime": 0}
    return Exchange(
        step.name, verified, method, path, [state.filled(one) for one in templates],
        step.status, body, state.fields(step) if verified else step.fields, cut=cut,
        exact=not state.sorts, shift=state.shift, says=says,
        questions=step.questions, application=application(method, path, legacy),
        type=step.value("content-type") or "text/plain",
    )


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_transcript(name, tmp_path):
    state = Recreated(name, lambda at_ms: Shift.since(at_ms, legacy=False, late=True))
    legacy = ("token" if "custom" in name.lower() else "jwt") if state.legacy else None
    version = "2.15" if state.legacy else "5.4"
    with Replay(name, settings(name), ROUTES, tmp_path, state.key_ids, version) as replay:
        for step in state.steps:
            replay.run(functools.partial(prepared, state, step, legacy))
    replay.check()


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording(name, tmp_path):
    recorded = Recorded(name)
    database = {} if recorded.legacy else {"check_database": True}
    routes = [
        {"path_exact": "/me"}, {"path_exact": "/me-db", **database},
        {"path_exact": "/me-optional", "session": "optional"},
        {"path_prefix": "/", "session": "passthrough"},
    ]
    sessions = {
        "anti_csrf": "token", "cookies": {"secure": False, "expose_access_token": True},
        "legacy_id_refresh": "require" if recorded.legacy else "refuse",
        "token_transfer": "cookie" if recorded.legacy else "any",
    }
    version = "2.15" if recorded.legacy else "5.2"
    with Replay(name, sessions, routes, tmp_path, recorded.key_ids, version) as replay:
        for step in recorded.steps:
            replay.run(functools.partial(recorded.exchange, step))
    replay.check()


def test_the_list_of_skips_is_of_these_cases():
    listed = rows()
    assert listed and all(len(row) == 3 for row in listed)
    assert {row[0] for row in listed} <= {*TRANSCRIPTS, *RECORDINGS}
    assert len({tuple(row[:2]) for row in listed}) == len(listed)
