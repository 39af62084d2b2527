"""The core's key changes: old and new tokens pass, and the core is asked once; and whatever a core
answers that is no key set, the next core is asked."""

import json

import pytest
from support.core import Core
from support.gateway import changed
from support.keys import Key, KeyRing
from support.message import bearer, get, post, rows
from support.ports import free_port
from support.tokens import access, legacy, now

JWKS = "/.well-known/jwks.json"
HANDSHAKE = "/recipe/handshake"
VERIFY = "/recipe/session/verify"
HANDLE = "5c1d9a52-77a0-4b2e-9f40-1f0c7a3f2b44"
PARENT = "ab" * 32
WEEK_MS = 7 * 24 * 3600 * 1000


class Changing:
    """A core whose signing key changes: the old one stays listed behind the new one."""

    def __init__(self, core, keys):
        self.core = core
        self.old = keys.dynamic
        self.new = None
        self.static = keys.static

    def change(self):
        self.new = Key.made(f"d-{now()}555", age_ms=100)
        keys = [self.new, self.old]
        self.core.web_keys = {"keys": [key.web_key() for key in (*keys, self.static)]}
        self.core.legacy_keys = [
            {
                "publicKey": key.subject_public_key_info(), "createdAt": key.created_ms,
                "expiryTime": key.created_ms + WEEK_MS,
            }
            for key in keys
        ]

    def token(self, key, era, **claims):
        claims["sessionHandle"] = HANDLE
        return access(key, **claims) if era == "recent" else legacy(key, {}, **claims)

    def asked(self, era):
        return self.core.count(JWKS if era == "recent" else HANDSHAKE)


@pytest.fixture(name="changing")
def fixture_changing(core, keys):
    core.verify = None
    return Changing(core, keys)


@pytest.fixture(name="gateway")
def fixture_gateway(start, base_configuration, core, upstream):
    return start(changed(base_configuration, sessions__core__urls=[core.url])).wait_for_keys()


def passes(gateway, token):
    return gateway.ask(get("/required", bearer(token))).status == 200


@pytest.mark.parametrize("era", ["recent", "seed"])
def test_nothing_is_asked_for_old_tokens(gateway, changing, era):
    """Not for those seen before the change, nor for others, before anybody brings a new one."""
    seen, other = (changing.token(changing.old, era, n=number) for number in range(2))
    assert passes(gateway, seen)
    gateway.settle(0.6)
    before = changing.asked(era)
    changing.change()
    for _ in range(3):
        assert passes(gateway, seen) and passes(gateway, other)
    assert changing.asked(era) == before and changing.core.count(VERIFY) == 0


@pytest.mark.parametrize("era", ["recent", "seed"])
def test_first_new_token_fetches_the_keys_for_all(gateway, changing, era):
    """By its verification. Its making, which the gateway only passes on, fetches nothing."""
    old = changing.token(changing.old, era)
    assert passes(gateway, old)
    gateway.settle(0.6)
    before = changing.asked(era)
    changing.change()
    made = [changing.token(changing.new, era, n=number) for number in range(3)]
    assert gateway.ask(post("/passthrough/session/refresh")).status == 200
    assert changing.asked(era) == before
    for token in made:
        assert passes(gateway, token)
        assert passes(gateway, old)
    assert changing.asked(era) == before + 1
    unseen = changing.token(changing.old, era, n=9)
    assert passes(gateway, unseen)
    assert changing.asked(era) == before + 1 and changing.core.count(VERIFY) == 0


@pytest.mark.parametrize("era", ["recent", "seed"])
def test_child_by_the_new_key(gateway, changing, era):
    """A refresh after the change gives one: the keys are fetched, the core sees the child once, and
    neither is needed for its successor."""
    assert passes(gateway, changing.token(changing.old, era))
    gateway.settle(0.6)
    before = changing.asked(era)
    changing.change()
    successor = changing.token(changing.new, era)
    changing.core.verify = lambda asked: {
        "status": "OK", "session": {"handle": HANDLE, "userId": "u"},
        "accessToken": {"token": successor},
    }
    child = changing.token(changing.new, era, parentRefreshTokenHash1=PARENT)
    answer = gateway.ask(get("/required", bearer(child)))
    assert (answer.status, answer.value("st-access-token")) == (200, successor)
    assert changing.asked(era) == before + 1 and changing.core.count(VERIFY) == 1
    answer = gateway.ask(get("/required", bearer(successor)))
    assert answer.status == 200 and not answer.values("st-access-token")
    assert changing.asked(era) == before + 1 and changing.core.count(VERIFY) == 1


# The first of two cores answers no key set.

NO_SET = [
    ("404", 404, b"Not found"), ("500", 500, b'{"keys":[]}'), ("302", 302, b""),
    ("201", 201, b'{"keys":[]}'), ("no JSON", 200, b"<html></html>"), ("a list", 200, b"[]"),
    ("no keys", 200, b'{"status":"OK"}'), ("keys of another form", 200, b'{"keys":{}}'),
    ("empty", 200, b""), ("cut short", 200, b'{"keys":['),
]


class Strange(Core):
    """A core that answers one and the same to the question for its key set."""

    def handle(self, request):
        if request.path != JWKS:
            super().handle(request)
            return
        self.calls.append((request.command, request.path, {}))
        request.send_response(self.strange[0])
        request.send_header("Content-Length", str(len(self.strange[1])))
        request.end_headers()
        request.wfile.write(self.strange[1])


@pytest.mark.parametrize("status, body", rows(NO_SET))
def test_next_core_is_asked(start, base_configuration, core, keys, upstream, status, body):
    with Strange(KeyRing(keys.dynamic, keys.static)) as first:
        first.strange = (status, body)
        first.offers_handshake = core.offers_handshake = False
        urls = [first.url, core.url]
        gateway = start(changed(base_configuration, sessions__core__urls=urls))
        assert passes(gateway, access(keys.dynamic))
        assert first.count(JWKS) >= 1 and core.count(JWKS) >= 1


def test_no_core_has_a_set(start, base_configuration, core, keys, upstream):
    """Where nobody answers the gateway does not know: 503, and never a 401."""
    core.failing = True
    urls = [core.url, f"http://127.0.0.1:{free_port()}"]
    gateway = start(changed(base_configuration, sessions__core__urls=urls))
    answer = gateway.ask(get("/required", bearer(access(keys.dynamic))))
    assert (answer.status, answer.reason) == (503, "core_unreachable")
    assert answer.value("retry-after")
    assert upstream.received_nothing()


# A core that wants a key of whoever asks.


class Closed(Core):
    """Answers 401 as a core does, to all but the public key set."""

    def answer(self, method, path, content=b""):
        if path != JWKS and self.calls[-1][2].get("api-key") != "right":
            return 401, "Invalid API key"
        return super().answer(method, path, content)


@pytest.mark.parametrize(
    "key, status", rows([("right", "right", 200), ("wrong", "wrong", 503), ("none", "", 503)])
)
def test_core_that_wants_an_api_key(start, base_configuration, keys, upstream, key, status):
    with Closed(keys) as core:
        core.verify = lambda asked: {"status": "OK", "session": {"handle": HANDLE, "userId": "u"}}
        gateway = start(changed(
            base_configuration, sessions__core__urls=[core.url], sessions__core__api_key=key
        )).wait_for_keys()
        assert passes(gateway, access(keys.dynamic, sessionHandle=HANDLE))
        child = access(keys.dynamic, sessionHandle=HANDLE, parentRefreshTokenHash1=PARENT)
        answer = gateway.ask(get("/required", bearer(child)))
        assert answer.status == status
        assert answer.reason == (None if status == 200 else "core_unreachable")
        assert json.dumps(key) not in gateway.control_log.read_text()
