"""What the SDKs' adapters write in every framework passes as it is, and means what it should: each
row of docs/frameworks.md goes through the gateway."""

import re
import time
import uuid

import pytest
from support.browser import Browser
from support.client import eventually
from support.core import Core
from support.frameworks import FIELDS, IMF_DATE, ROWS, values
from support.gateway import Gateway, changed
from support.message import bearer, cookie, get, post
from support.tokens import access, claims_of, inner, legacy

PARENT = "ab" * 32
MARKER = "sIdRefreshToken=m"


def having(*answers):
    return [pytest.param(row, id=row.name) for row in ROWS if row.answer in answers]


def token_of(keys, row, handle=None, parent=None):
    """A session's access token of the row's era, and the JWT that is injected for it."""
    claims = {"sessionHandle": handle or str(uuid.uuid4()), "parentRefreshTokenHash1": parent}
    if not row.is_legacy:
        token = access(keys.dynamic, n=str(uuid.uuid4()), **claims)
        return token, token
    while True:
        # One with everything that adapters spell in different ways.
        jwt = inner(keys.static, n=str(uuid.uuid4()))
        token = legacy(keys.dynamic, {"jwt": jwt}, **claims)
        if "+" in token and "/" in token:
            return token, jwt


def handle_of(token):
    return claims_of(token)["sessionHandle"]


def answered(lines, status="200 OK"):
    body = b'{"status":"OK"}'
    head = [f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def ask(gateway, upstream, data, lines=(), status="200 OK"):
    """The gateway's answer to a request, where the upstream writes these lines."""
    upstream.reset()
    upstream.answer = answered(lines, status)
    return gateway.ask(data)


def session_lines(message):
    return [
        f"{name.decode()}: {value.decode()}"
        for name, value in message.fields
        if name.decode().lower() in FIELDS
    ]


def as_fields(lines):
    """Lines without blanks around their values, which are no part of a field (RFC 9110 §5.5)."""
    parted = [line.partition(":") for line in lines]
    return [f"{name}: {value.strip()}" for name, _, value in parted]


def in_lower_case(lines):
    """With the names as a server in front may write them."""
    parted = [line.partition(":") for line in lines]
    return [f"{name.lower()}:{value}" for name, _, value in parted]


def signed_in(gateway, upstream, row, token, *others):
    """A browser that was given these tokens by the adapter of the row."""
    browser = Browser()
    lines = row.of("given").written(values(token, *others))
    browser.receive(ask(gateway, upstream, post("/passthrough/signin"), lines))
    return browser


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_all_arrives_as_it_was_written(gateway, upstream, keys, row):
    lines = row.written(values(token_of(keys, row)[0], token_of(keys, row)[0]))
    status = "401 Unauthorized" if row.answer == "cleared" else "200 OK"
    answer = ask(gateway, upstream, post("/passthrough/auth"), lines, status)
    assert session_lines(answer) == as_fields(lines)


@pytest.mark.parametrize("row", having("given", "refreshed", "renewed"))
def test_the_browsers_cookie_is_verified(gateway, upstream, keys, row):
    token, jwt = token_of(keys, row)
    earlier = token_of(keys, row)[0]
    browser = signed_in(gateway, upstream, row, earlier)
    lines = row.written(values(token, earlier))
    browser.receive(ask(gateway, upstream, post("/passthrough/auth"), lines))
    answer = ask(gateway, upstream, get("/required", *browser.fields()))
    assert answer.status == 200, answer
    received = upstream.received()
    assert received.value("authorization") == f"Bearer {jwt}"
    assert not received.values("cookie")


@pytest.mark.parametrize("row", having("given as fields", "renewed as a field"))
def test_the_token_of_a_field_is_verified(gateway, upstream, keys, row):
    token, jwt = token_of(keys, row)
    lines = row.written(values(token))
    answer = ask(gateway, upstream, post("/passthrough/auth"), lines)
    found = answer.value("st-access-token")
    assert ask(gateway, upstream, get("/required", bearer(found))).status == 200
    assert upstream.received().value("authorization") == f"Bearer {jwt}"


# A cookie that its adapter clears without the path that it was set with: browsers keep it.
KEEPS_COOKIE = {("Hapi", "supertokens-node 12.1.7"), ("Hapi", "supertokens-node 13.6.1")}


@pytest.mark.parametrize("names", [list, in_lower_case])
@pytest.mark.parametrize("row", having("signed out"))
def test_a_sign_out_ends_the_session(gateway, upstream, keys, row, names):
    browser = signed_in(gateway, upstream, row, token_of(keys, row)[0])
    kept = browser.fields()
    assert ask(gateway, upstream, get("/required", *kept)).status == 200
    lines = names(row.written(values("")))
    path = "/passthrough/signout"
    browser.receive(ask(gateway, upstream, post(path, *kept), lines), path)
    # The adapter reads its own cookie.
    assert [f"Cookie: {value}" for value in upstream.received().values("cookie")] == kept
    assert eventually(lambda: gateway.ask(get("/required", *kept)).reason == "revoked", 1)
    answer = gateway.ask(get("/required", *browser.fields()))
    keeps = (row.adapter, row.sdk) in KEEPS_COOKIE
    assert (answer.status, answer.reason) == (401, "revoked" if keeps else "no_session")


@pytest.mark.parametrize("names", [list, in_lower_case])
@pytest.mark.parametrize("row", having("signed out as fields"))
def test_a_sign_out_by_fields_ends_the_session(gateway, upstream, keys, row, names):
    field = bearer(token_of(keys, row)[0])
    assert ask(gateway, upstream, get("/required", field)).status == 200
    lines = names(row.written(values("")))
    ask(gateway, upstream, post("/passthrough/signout", field), lines)
    assert eventually(lambda: gateway.ask(get("/required", field)).reason == "revoked", 1)


@pytest.mark.parametrize("row", having("cleared"))
def test_a_refusal_that_clears_ends_nothing(gateway, upstream, keys, row):
    field = bearer(token_of(keys, row)[0])
    lines = row.written(values(""))
    ask(gateway, upstream, post("/passthrough/auth", field), lines, "401 Unauthorized")
    time.sleep(0.05)
    assert ask(gateway, upstream, get("/required", field)).status == 200


# What the gateway writes itself.


class Successors:
    """A core that gives a successor for each token it is told of; others' sessions have ended."""

    def __init__(self, core):
        self.known = {}
        core.verify = self.verify

    def verify(self, asked):
        token = self.known.get(asked["accessToken"])
        if token is None:
            return {"status": "UNAUTHORISED", "message": "x"}
        session = {"handle": handle_of(token), "userId": "user-1"}
        new = {"token": token, "expiry": 0, "createdTime": 0}
        return {"status": "OK", "session": session, "accessToken": new}

    def pair(self, keys, row):
        """A child token, the token that the core gives for it, and what is injected for that."""
        handle = str(uuid.uuid4())
        child = token_of(keys, row, handle, PARENT)[0]
        self.known[child], jwt = token_of(keys, row, handle)
        return child, self.known[child], jwt


@pytest.fixture(scope="module")
def own_core(keys):
    with Core(keys) as core:
        yield core


@pytest.fixture(scope="module")
def successors(own_core):
    return Successors(own_core)


@pytest.fixture(scope="module")
def promoting(base_configuration, own_core, successors, tmp_path_factory):
    configuration = changed(base_configuration, sessions__core__urls=[own_core.url])
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as running:
        yield running.wait_for_keys()


def cookie_parts(line):
    """Name and value, the date in seconds, and the attributes without it."""
    pair, *attributes = line.split("; ")
    dates = [part for part in attributes if part.startswith("Expires=")]
    rest = [part for part in attributes if part not in dates]
    seconds = time.mktime(time.strptime(dates[0], "Expires=" + IMF_DATE)) - time.timezone
    return pair, seconds, rest


def own_lines(answer):
    """The session's lines, in no order, letters all small, without the rule for caches."""
    lines = [line for line in session_lines(answer) if not line.startswith("Cache-Control")]
    return sorted(map(str.lower, lines))


def express(sdk):
    return next(row for row in ROWS if "Express" in row.adapter and sdk in row.sdk)


@pytest.mark.parametrize("row", having("given"))
def test_a_promoted_cookie_is_one_that_the_adapter_reads(
    promoting, successors, upstream, keys, row
):
    child, successor, jwt = successors.pair(keys, row)
    browser = signed_in(promoting, upstream, row, child)
    answer = ask(promoting, upstream, get("/required", *browser.fields()))
    assert upstream.received().value("authorization") == f"Bearer {jwt}"
    # Koa's adapter reads no escapes: it gets none where it wrote none.
    is_plain = any("sAccessToken={access};" in line for line in row.lines)
    like = express("12.1.7" if row.era == "seed" else "24.0.2").of("renewed")
    wanted = [line for line in like.written(values(successor)) if line.startswith("Set-Cookie")]
    pair, seconds, rest = cookie_parts(wanted[0].removeprefix("Set-Cookie: "))
    delivered = cookie_parts(answer.value("set-cookie"))
    assert delivered[0] == (f"sAccessToken={successor}" if is_plain else pair)
    assert abs(delivered[1] - seconds) < 5 and delivered[2] == rest
    browser.receive(answer, "/required")
    answer = ask(promoting, upstream, get("/required", *browser.fields()))
    assert answer.status == 200 and not answer.values("set-cookie")
    assert upstream.received().value("authorization") == f"Bearer {jwt}"


@pytest.mark.parametrize("sdk", ["13.6.1", "24.0.2"])
def test_a_promoted_field_is_as_express_writes_it(promoting, successors, upstream, keys, sdk):
    like = express(sdk).of("renewed as a field")
    child, successor, _ = successors.pair(keys, like)
    answer = ask(promoting, upstream, get("/required", bearer(child)))
    wanted = values(successor) | {"front": answer.value("front-token")}
    assert own_lines(answer) == sorted(map(str.lower, as_fields(like.written(wanted))))


@pytest.mark.parametrize("row", having("renewed"))
def test_the_adapters_own_new_token_wins(promoting, successors, upstream, keys, row):
    child = successors.pair(keys, row)[0]
    browser = signed_in(promoting, upstream, row, child)
    lines = row.written(values(token_of(keys, row, handle_of(child))[0]))
    answer = ask(promoting, upstream, get("/required", *browser.fields()), lines)
    named = re.compile("set-cookie|front-token|access-control-expose-headers", re.IGNORECASE)
    found = [line for line in session_lines(answer) if named.match(line)]
    assert found == [line for line in as_fields(lines) if named.match(line)]


@pytest.mark.parametrize("sdk, answer, marker", [
    ("24.0.2", "cleared", ()), ("12.1.7", "signed out", (MARKER,)),
])
def test_the_gateway_clears_as_express_does(promoting, upstream, keys, sdk, answer, marker):
    like = express(sdk).of(answer)
    line = "; ".join([cookie(token_of(keys, like, parent=PARENT)[0]), *marker])
    refusal = ask(promoting, upstream, get("/required", line))
    assert (refusal.status, refusal.reason) == (401, "revoked")
    assert upstream.received_nothing()
    assert own_lines(refusal) == sorted(map(str.lower, as_fields(like.lines)))
