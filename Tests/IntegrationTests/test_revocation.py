"""Sign-outs that pass through end the session at every worker; nothing else does."""

import time
import uuid

import pytest
from support.client import eventually
from support.gateway import Gateway, changed
from support.keys import Key
from support.message import bearer, cookie, get, post, rows
from support.tokens import access, legacy, now

REMOVED = "front-token: remove"
OLD_REMOVED = "id-refresh-token: remove"
CLEARED = "Set-Cookie: sAccessToken=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"


def answer(*fields, status="200 OK", body=b'{"status":"OK"}'):
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


# Seconds until every worker obeys, at most.
SOON = 0.05
SIGN_OUT = answer(CLEARED, REMOVED)


@pytest.fixture(scope="module")
def gateway(base_configuration, tmp_path_factory):
    configuration = changed(base_configuration, server__workers=2)
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as running:
        yield running.wait_for_keys()


def handle():
    return str(uuid.uuid4())


def is_refused(gateway, field, path="/required"):
    """Whether it is refused as revoked; anything but that and 200 is an error."""
    message = gateway.ask(get(path, field))
    if message.status == 200:
        return False
    assert (message.status, message.reason) == (401, "revoked"), message
    assert message.body == b'{"message":"unauthorised"}'
    return True


def sign_out(gateway, upstream, *fields, reply=SIGN_OUT, path="/passthrough/signout"):
    upstream.answer = reply
    message = gateway.ask(post(path, *fields))
    upstream.answer = answer()
    time.sleep(SOON)
    return message


def session(keys, version=5):
    name = handle()
    if version == 2:
        return legacy(keys.dynamic, sessionHandle=name)
    return access(keys.dynamic, version=version, sessionHandle=name)


# What drops.


@pytest.mark.parametrize("by", [bearer, cookie])
@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_a_sign_out_ends_the_session(gateway, upstream, keys, by, version):
    token = session(keys, version)
    assert not is_refused(gateway, by(token))
    assert sign_out(gateway, upstream, by(token)).status == 200
    assert is_refused(gateway, by(token))
    assert is_refused(gateway, by(token), "/optional")
    assert is_refused(gateway, by(token), "/jwt")


@pytest.mark.parametrize("reply", rows([
    ("seed era", answer(CLEARED, OLD_REMOVED)),
    ("header mode", answer("st-access-token: ", "st-refresh-token: ", REMOVED)),
    ("front token alone", answer(REMOVED)),
    ("quoted empty cookie", answer('set-cookie: sAccessToken=""; Path=/', REMOVED)),
    ("204", answer(REMOVED, status="204 No Content", body=b"").replace(b"Content-Length: 0\r\n",
                                                                       b"")),
    ("another cookie set", answer("Set-Cookie: sAccessTokens=a; Path=/", REMOVED)),
]))
def test_every_form_of_a_sign_out_ends_the_session(gateway, upstream, keys, reply):
    token = session(keys)
    sign_out(gateway, upstream, cookie(token), reply=reply)
    assert is_refused(gateway, cookie(token))


def test_tokens_of_the_session_made_later_are_refused(gateway, upstream, keys):
    name = handle()
    sign_out(gateway, upstream, bearer(access(keys.dynamic, sessionHandle=name)))
    later = access(keys.dynamic, created=now() + 5, sessionHandle=name, refreshTokenHash1="b" * 64)
    assert is_refused(gateway, bearer(later))


@pytest.mark.parametrize("version", [2, 5])
def test_a_session_whose_token_has_expired_is_ended(gateway, upstream, keys, version):
    name = handle()
    make = legacy if version == 2 else access
    sign_out(gateway, upstream, bearer(make(
        keys.dynamic, created=now() - 100, expires=now() - 10, sessionHandle=name
    )))
    assert is_refused(gateway, bearer(make(keys.dynamic, sessionHandle=name)))


def test_a_get_may_sign_out(gateway, upstream, keys):
    token = session(keys)
    upstream.answer = SIGN_OUT
    gateway.ask(get("/passthrough/signout", bearer(token)))
    upstream.answer = answer()
    time.sleep(SOON)
    assert is_refused(gateway, bearer(token))


def test_a_key_that_is_not_known_yet(start, base_configuration, upstream, core, keys):
    """The sign-out waits for the key, so that the token is never accepted after it."""
    gateway = start(changed(
        base_configuration, sessions__core__urls=[core.url],
        sessions__keys__unknown_key_cooldown="1ms",
    )).wait_for_keys()
    new = Key.made(age_ms=0)
    token = access(new, sessionHandle=handle())
    core.web_keys = {"keys": [new.web_key(), *keys.web_keys()["keys"]]}
    sign_out(gateway, upstream, bearer(token))
    assert eventually(lambda: gateway.metric("sallyport_revoked_sessions") == 1)
    assert is_refused(gateway, bearer(token))


# What drops nothing.


KEEPING = [
    ("cleared cookies alone", answer(CLEARED)),
    ("empty fields alone", answer("st-access-token: ", "st-refresh-token: ")),
    ("unauthorised", answer(CLEARED, REMOVED, status="401 Unauthorized")),
    ("redirect", answer(CLEARED, REMOVED, status="302 Found")),
    ("error", answer(CLEARED, REMOVED, status="500 Internal Server Error")),
    ("a new cookie", answer("Set-Cookie: sAccessToken=x.y.z; Path=/", REMOVED)),
    ("a new cookie beside the old", answer(CLEARED, "Set-Cookie: sAccessToken = x", REMOVED)),
    ("a new field", answer("st-access-token: x.y.z", REMOVED)),
    ("a front token", answer("front-token: eyX")),
    ("other case", answer("front-token: REMOVE")),
    ("a name that folds", answer("front_token: remove")),
    ("in the body", answer(body=b'{"front-token":"remove"}')),
    ("interim answer", b"HTTP/1.1 103 Early Hints\r\nfront-token: remove\r\n\r\n" + answer()),
    ("in the trailers", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"1\r\na\r\n0\r\nfront-token: remove\r\n\r\n"),
]


@pytest.mark.parametrize("reply", rows(KEEPING))
def test_other_answers_end_nothing(gateway, upstream, keys, reply):
    token = session(keys)
    sign_out(gateway, upstream, bearer(token), reply=reply)
    assert not is_refused(gateway, bearer(token))


@pytest.mark.parametrize("path", ["/required", "/optional", "/public"])
def test_other_routes_end_nothing(gateway, upstream, keys, path):
    token = session(keys)
    sign_out(gateway, upstream, bearer(token), path=f"{path}/signout")
    assert not is_refused(gateway, bearer(token))


@pytest.mark.parametrize("path", ["session/refresh", "session/refresh/", "SESSION/Refresh"])
def test_refreshes_end_nothing(gateway, upstream, keys, path):
    token = session(keys)
    sign_out(gateway, upstream, bearer(token), path=f"/passthrough/{path}")
    assert not is_refused(gateway, bearer(token))


def test_watching_can_be_turned_off(start, base_configuration, upstream, keys):
    configuration = changed(base_configuration, sessions__revocation={"watch": False})
    gateway = start(configuration).wait_for_keys()
    token = session(keys)
    sign_out(gateway, upstream, bearer(token))
    assert not is_refused(gateway, bearer(token))


# Attempts to end the sessions of others.


def forged(keys, name):
    return access(Key.made(keys.dynamic.key_id), sessionHandle=name)


def unsigned(keys, name):
    return access(keys.dynamic, sessionHandle=name).rpartition(".")[0] + "."


def other_payload(keys, name):
    """The victim's handle under the attacker's signature."""
    mine = access(keys.dynamic, sessionHandle=handle()).split(".")
    theirs = access(keys.dynamic, sessionHandle=name).split(".")
    return ".".join([mine[0], theirs[1], mine[2]])


@pytest.mark.parametrize("by", [bearer, cookie])
@pytest.mark.parametrize("make", [forged, unsigned, other_payload])
def test_a_token_that_is_not_genuine_ends_nothing(gateway, upstream, keys, make, by):
    victim = handle()
    sign_out(gateway, upstream, by(make(keys, victim)))
    assert not is_refused(gateway, bearer(access(keys.dynamic, sessionHandle=victim)))


def test_an_unsigned_legacy_token_ends_nothing(gateway, upstream, keys):
    victim = handle()
    token = legacy(keys.dynamic, sessionHandle=victim)
    sign_out(gateway, upstream, bearer(token.rpartition(".")[0] + ".AAAA"))
    assert not is_refused(gateway, bearer(token))


def test_the_bearer_wins_over_the_cookie(gateway, upstream, keys):
    mine, victims = session(keys), session(keys)
    sign_out(gateway, upstream, bearer(mine), cookie(victims))
    assert not is_refused(gateway, bearer(victims))
    assert is_refused(gateway, bearer(mine))


def test_a_bad_bearer_does_not_fall_back_to_the_cookie(gateway, upstream, keys):
    victims = session(keys)
    sign_out(gateway, upstream, bearer(forged(keys, handle())), cookie(victims))
    assert not is_refused(gateway, bearer(victims))


def test_a_foreign_bearer_leaves_the_cookie(gateway, upstream, keys):
    token = session(keys)
    sign_out(gateway, upstream, bearer("abc.def.ghi"), cookie(token))
    assert is_refused(gateway, cookie(token))


def test_of_several_cookies_none_counts(gateway, upstream, keys):
    mine, victims = session(keys), session(keys)
    sign_out(gateway, upstream, f"Cookie: sAccessToken={mine}; sAccessToken={victims}")
    assert not is_refused(gateway, bearer(mine))
    assert not is_refused(gateway, bearer(victims))


def test_a_handle_in_a_body_ends_nothing(gateway, upstream, keys):
    victim = handle()
    upstream.answer = SIGN_OUT
    body = f'{{"sessionHandle":"{victim}","sessionHandles":["{victim}"]}}'.encode()
    gateway.ask(post("/passthrough/signout", bearer(session(keys)), body=body))
    upstream.answer = answer()
    time.sleep(SOON)
    assert not is_refused(gateway, bearer(access(keys.dynamic, sessionHandle=victim)))


def test_a_request_without_a_token_ends_nothing(gateway, upstream, keys):
    token = session(keys)
    before = gateway.metric("sallyport_revoked_sessions")
    sign_out(gateway, upstream)
    assert gateway.metric("sallyport_revoked_sessions") == before
    assert not is_refused(gateway, bearer(token))


def test_a_table_filled_on_purpose_lets_nobody_back_in(
    start, base_configuration, upstream, keys
):
    """Who pushes out an entry makes the gateway ask; here nobody can answer."""
    gateway = start(changed(
        base_configuration, sessions__revocation={"entries": 4},
    )).wait_for_keys()
    first = session(keys)
    sign_out(gateway, upstream, bearer(first))
    for _ in range(4):
        assert is_refused(gateway, bearer(first))
        sign_out(gateway, upstream, bearer(session(keys)))
    message = gateway.ask(get("/required", bearer(first)))
    assert (message.status, message.reason) == (503, "core_unreachable")
    assert message.value("retry-after") is not None
    assert gateway.metric("sallyport_revoked_sessions") == 4
    after_the_mark = access(keys.dynamic, created=now() + 63, sessionHandle=handle())
    assert not is_refused(gateway, bearer(after_the_mark))


def test_the_same_session_again_and_again_pushes_nobody_out(
    start, base_configuration, upstream, keys
):
    gateway = start(changed(
        base_configuration, sessions__revocation={"entries": 2},
    )).wait_for_keys()
    first, again = session(keys), session(keys)
    sign_out(gateway, upstream, bearer(first))
    for _ in range(10):
        sign_out(gateway, upstream, bearer(again))
    assert is_refused(gateway, bearer(first))
    assert gateway.metric("sallyport_revocation_mark_seconds") == 0
    assert not is_refused(gateway, bearer(session(keys)))


def test_entries_leave_after_keep(start, base_configuration, upstream, keys):
    gateway = start(changed(
        base_configuration, sessions__revocation={"keep": "1s"},
    )).wait_for_keys()
    token = session(keys)
    sign_out(gateway, upstream, bearer(token))
    assert eventually(lambda: gateway.metric("sallyport_revoked_sessions") == 0)
    assert gateway.metric("sallyport_revocation_mark_seconds") > now()
    assert eventually(lambda: gateway.ask(get("/required", bearer(token))).status == 503)


# Configurations.


def test_dropped_sessions_survive_a_reload(start, base_configuration, upstream, keys):
    gateway = start(changed(base_configuration, server__workers=2)).wait_for_keys()
    token = session(keys)
    sign_out(gateway, upstream, bearer(token))
    reloaded = gateway.reload(changed(
        base_configuration, server__workers=2, sessions__revocation={"entries": 10},
        sessions__token_cache={"maximum_age": "4m"},
    ))
    assert "reloaded" in reloaded
    for _ in range(8):
        assert is_refused(gateway, bearer(token))
