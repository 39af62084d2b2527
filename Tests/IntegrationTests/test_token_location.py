"""Which of a request's tokens is its session: the table of the SDKs' own tests, line for line."""

import pytest
from support.gateway import Gateway, changed
from support.message import bearer, cookie, get
from support.tokens import access, claims_of, inner, legacy, now

# Where `sessions.token_transfer` allows tokens, whether the route needs a session, whether there
# is a bearer and a cookie, and which one is judged: None = as if there were no token.
TABLE = [
    ("any", False, False, False, None), ("header", False, False, False, None),
    ("cookie", False, False, False, None), ("cookie", False, True, False, None),
    ("header", False, False, True, None), ("any", True, False, False, None),
    ("header", True, False, False, None), ("cookie", True, False, False, None),
    ("cookie", True, True, False, None), ("header", True, False, True, None),
    ("any", True, True, True, "bearer"), ("any", False, True, True, "bearer"),
    ("header", True, True, True, "bearer"), ("header", False, True, True, "bearer"),
    ("cookie", True, True, True, "cookie"), ("cookie", False, True, True, "cookie"),
    ("any", True, True, False, "bearer"), ("any", False, True, False, "bearer"),
    ("header", True, True, False, "bearer"), ("header", False, True, False, "bearer"),
    ("any", True, False, True, "cookie"), ("any", False, False, True, "cookie"),
    ("cookie", True, False, True, "cookie"), ("cookie", False, False, True, "cookie"),
]
LINES = [pytest.param(line, id=f"line {number}") for number, line in enumerate(TABLE, start=1)]
UNAUTHORISED = (401, b'{"message":"unauthorised"}')
TRY_REFRESH = (401, b'{"message":"try refresh token"}')
PLACES = {"bearer": bearer, "cookie": cookie}


@pytest.fixture(scope="module", name="gateways")
def fixture_gateways(base_configuration, tmp_path_factory):
    """One gateway for each place where tokens are allowed; anti-CSRF as in the SDKs' tests."""
    running = {}
    for transfer in ("any", "header", "cookie"):
        configuration = changed(
            base_configuration, sessions__token_transfer=transfer, sessions__anti_csrf="token"
        )
        gateway = Gateway(configuration, tmp_path_factory.mktemp("gateway"))
        running[transfer] = gateway.started().wait_for_keys()
    yield running
    for gateway in running.values():
        gateway.kill()


def made(keys, era, is_expired):
    """A token for each place, with which it can be told what was judged."""
    created = now() - 7200 if is_expired else now()
    if era == "recent":
        return {place: access(keys.dynamic, created=created, at=place) for place in PLACES}
    return {
        place: legacy(keys.dynamic, {"jwt": inner(keys.static, at=place)}, created=created)
        for place in PLACES
    }


def fields_of(tokens, has_bearer, has_cookie):
    return [
        PLACES[place](tokens[place])
        for place, is_there in (("bearer", has_bearer), ("cookie", has_cookie)) if is_there
    ]


def assert_line(gateways, upstream, tokens, line, is_expired):
    transfer, needs_session, has_bearer, has_cookie, judged = line
    path = "/required" if needs_session else "/optional"
    fields = fields_of(tokens, has_bearer, has_cookie)
    for _ in range(2):  # a verdict may be remembered
        answer = gateways[transfer].ask(get(path, *fields))
        if judged is None and needs_session:
            assert (answer.status, answer.body) == UNAUTHORISED
        elif judged is not None and is_expired:
            assert (answer.status, answer.body) == TRY_REFRESH
        else:
            assert answer.status == 200
            yield upstream.received().value("authorization")
        assert not answer.values("set-cookie") and not answer.values("front-token")
    assert upstream.received_nothing(0.02)


@pytest.mark.parametrize("line", LINES)
def test_line_with_a_valid_token(gateways, upstream, keys, line):
    for era in ("recent", "seed"):
        tokens = made(keys, era, is_expired=False)
        for sent in assert_line(gateways, upstream, tokens, line, is_expired=False):
            judged = line[-1]
            if judged is None:
                assert sent is None
            elif era == "recent":
                assert sent == f"Bearer {tokens[judged]}"
            else:
                assert claims_of(sent)["at"] == judged


@pytest.mark.parametrize("line", LINES)
def test_line_with_an_expired_token(gateways, upstream, keys, line):
    for era in ("recent", "seed"):
        tokens = made(keys, era, is_expired=True)
        for sent in assert_line(gateways, upstream, tokens, line, is_expired=True):
            assert sent is None
