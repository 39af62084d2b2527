"""The seed era's cookie `sIdRefreshToken`: `sessions.legacy_id_refresh`."""

import pytest
from support.gateway import changed
from support.message import bearer, get
from support.tokens import access, inner, legacy, now

MARKER = "sIdRefreshToken=6e0c2b7a"


def cookies(*pairs):
    return "Cookie: " + "; ".join(pairs)


def old(keys, **more):
    return legacy(keys.dynamic, {"jwt": inner(keys.static)}, **more)


@pytest.fixture(name="answers")
def fixture_answers(start, base_configuration, upstream):
    """Status and reason of a request to a gateway in one mode; what passes has its JWT and not the
    cookie."""

    def started(mode):
        gateway = start(changed(base_configuration, sessions__legacy_id_refresh=mode))
        gateway.wait_for_keys()

        def answer(*fields, path="/required"):
            got = gateway.ask(get(path, *fields))
            if got.status != 200:
                assert upstream.received_nothing(0.02)
                return got.status, got.reason
            received = upstream.received()
            assert "sIdRefreshToken" not in str(received.values("cookie"))
            return 200, None if received.values("authorization") else "anonymous"

        return answer

    return started


def test_ignore(answers, keys):
    answer = answers("ignore")
    for token in (old(keys), access(keys.dynamic)):
        for pairs in [(f"sAccessToken={token}",), (f"sAccessToken={token}", MARKER)]:
            assert answer(cookies(*pairs)) == (200, None)
        assert answer(bearer(token), cookies(MARKER)) == (200, None)
    for path in ("/required", "/optional"):
        for pairs in [(MARKER,), ("sAccessToken=garbage", MARKER), (MARKER, "sAccessToken=")]:
            assert answer(cookies(*pairs), path=path) == (401, "expired")
    assert answer(cookies("sAccessToken=garbage")) == (401, "no_session")


def test_require(answers, keys):
    answer = answers("require")
    token, ended = old(keys), old(keys, created=now() - 7200, expires=now() - 3600)
    assert answer(cookies(f"sAccessToken={token}", MARKER)) == (200, None)
    assert answer(cookies(MARKER, f"sAccessToken={ended}")) == (401, "expired")
    for one in (token, ended, f'"{token}"'):
        for _ in range(2):  # also when it is remembered
            assert answer(cookies(f"sAccessToken={one}")) == (401, "no_session")
        assert answer(cookies(f"sAccessToken={one}", "sidrefreshtoken=x")) == (401, "no_session")
    assert answer(cookies(f"sAccessToken={token}"), path="/optional") == (200, "anonymous")
    # Later tokens have no such cookie, and neither have bearers.
    assert answer(cookies(f"sAccessToken={access(keys.dynamic)}")) == (200, None)
    assert answer(bearer(token)) == (200, None)


def test_refuse(answers, keys):
    answer = answers("refuse")
    for token in (old(keys), access(keys.dynamic)):
        assert answer(cookies(f"sAccessToken={token}")) == (200, None)
        for path in ("/required", "/optional"):
            for fields in [
                (cookies(f"sAccessToken={token}", MARKER),), (cookies(MARKER),),
                (bearer(token), cookies(MARKER)), (bearer(token), cookies("a=b"), cookies(MARKER)),
            ]:
                assert answer(*fields, path=path) == (401, "expired")
