"""Known attacks on verdicts that are remembered: none serves another token, another place a token
came from, or a route with another policy; none outlives its token."""

import itertools

import pytest
from support.forging import header_of, payload, signed
from support.gateway import changed
from support.keys import Key
from support.message import bearer, cookie, get
from support.quiet import nothing_came, refused
from support.tokens import access, inner, legacy, now, seed_session

ROUTES = {
    "/required": 200, "/optional": 200, "/public": 200, "/passthrough": 200, "/jwt": 403,
    "/exposed": 200,
}


@pytest.mark.parametrize("first", ROUTES)
def test_ghsa_4mq7_pvjg_xp2r_routes_never_share_a_verdict(gateway, upstream, keys, first):
    """CVE-2021-32701: whichever route meets the token first, each answers by its own policy."""
    token = access(keys.dynamic, first=first)
    for path in [first, *ROUTES, first]:
        answer = gateway.ask(get(path, cookie(token)))
        assert answer.status == ROUTES[path], path
        if path in ("/jwt", "/exposed"):
            assert (token in answer.body.decode()) == (path == "/exposed")
            continue
        received = upstream.received()
        jwt = f"Bearer {token}" if path in ("/required", "/optional") else None
        assert received.value("authorization") == jwt
        assert ("cookie" in received.names) == (path == "/passthrough")
    nothing_came(gateway, upstream)


@pytest.mark.parametrize("order", list(itertools.permutations(["bearer", "cookie", "quoted"])),
                         ids="-".join)
def test_ghsa_4mq7_pvjg_xp2r_places_never_share_a_verdict(gateway, upstream, keys, order):
    """A bearer is its own; from a cookie the token is given out only where the route says so."""
    token = access(keys.dynamic, order=order)
    fields = {"bearer": bearer(token), "cookie": cookie(token), "quoted": cookie(f'"{token}"')}
    for place in [*order, *order]:
        expected = (200, None) if place == "bearer" else (403, "token_not_exposed")
        answer = gateway.ask(get("/jwt", fields[place]))
        assert (answer.status, answer.reason) == expected
        answer = gateway.ask(get("/required", fields[place]))
        assert upstream.received().value("authorization") == f"Bearer {token}"
        is_private = "private" in (answer.value("cache-control") or "")
        assert is_private == (place != "bearer")


def neighbours(token):
    """Credentials that some joined key of a cache would take for the token's: delimiters within,
    parts moved over a border, the token with more around it."""
    head, body, signature = token.split(".")
    for mark in ("|", ":", ",", "/", "\\", "%00", "%7C", "#", "&", "~"):
        yield from (f"{token}{mark}", f"{mark}{token}", f"{head}{mark}{body}{mark}{signature}",
                    f"bearer{mark}{token}", f"cookie{mark}{token}", f"{token}{mark}required")
    yield from (f"{head}{body}.{signature}", f"{head}.{body}{signature}", f"{head}.{signature}",
                f"{head[:-1]}.{head[-1]}{body}.{signature}", f"{head}.{body}{signature[0]}."
                f"{signature[1:]}", token[:-1], token[1:], token + token, f'"{token}', f'{token}"')


def test_ghsa_4mq7_pvjg_xp2r_delimiters_in_credentials(gateway, upstream, keys):
    """pingora's cache key: the whole credential is compared, byte by byte."""
    token = access(keys.dynamic, sub="user|1,a:b", where="x|y:z,/")
    for field in (bearer(token), cookie(token)):
        assert gateway.ask(get("/required", field)).status == 200
        assert upstream.received().value("authorization") == f"Bearer {token}"
    for other in neighbours(token):
        for field in (bearer(other), cookie(other)):
            assert gateway.ask(get("/required", field)).status == 401, other
    nothing_came(gateway, upstream)


def test_users_with_delimiters_never_share_a_verdict(gateway, upstream, keys):
    """Each token carries its own JWT, whatever user and handle concatenate to."""
    pairs = [("a|b", "c"), ("a", "b|c"), ("a|b|c", ""), ("", "a|b|c"), ("a,b", "c"), ("a", "b,c")]
    tokens = [access(keys.dynamic, sub=user or "x", sessionHandle=handle or "x")
              for user, handle in pairs]
    for token in tokens + tokens[::-1]:
        assert gateway.ask(get("/required", bearer(token))).status == 200
        assert upstream.received().value("authorization") == f"Bearer {token}"


def test_oathkeeper_444b932f_refreshed_token_after_an_expired_one(by_default, upstream, keys):
    """The session goes on with its next token; the old one stays dead, remembered or not."""
    old = access(keys.dynamic, expires=now() + 2)
    seed = seed_session(keys, inner(keys.static, expires=now() + 2))
    for token in (old, seed):
        assert by_default.ask(get("/required", cookie(token))).status == 200
        upstream.received()
    by_default.settle(2.1)
    for token, reason in ((old, "expired"), (seed, "jwt_expired")):
        answer = by_default.ask(get("/required", cookie(token)))
        assert (answer.status, answer.reason) == (401, reason)
    for _ in range(2):
        new = access(keys.dynamic)
        assert by_default.ask(get("/required", cookie(new))).status == 200
        assert upstream.received().value("authorization") == f"Bearer {new}"
        answer = by_default.ask(get("/required", cookie(old)))
        assert (answer.status, answer.reason) == (401, "expired")
    nothing_came(by_default, upstream)


def test_reload_with_another_policy_forgets_every_verdict(
    start, base_configuration, upstream, keys
):
    """GHSA-4mq7-pvjg-xp2r: what one configuration said yes to, the next is asked again."""
    gateway = start(base_configuration).wait_for_keys()
    recent, old, static = access(keys.dynamic), legacy(keys.dynamic), access(keys.static)
    for token in (recent, old, static):
        assert gateway.ask(get("/required", bearer(token))).status == 200
        upstream.received()
    for change, expected in (
        ({"sessions__signing_keys": "dynamic"}, (200, 200, 401)),
        ({"sessions__access_tokens": ["jwt"]}, (200, 401, 200)),
        ({"sessions__token_transfer": "cookie"}, (401, 401, 401)),
        ({}, (200, 200, 200)),
    ):
        assert gateway.reload(changed(base_configuration, **change))
        statuses = [gateway.ask(get("/required", bearer(token))).status
                    for token in (recent, old, static)]
        assert tuple(statuses) == expected, change
        for _ in range(statuses.count(200)):
            upstream.received()
    nothing_came(gateway, upstream)


@pytest.mark.parametrize("issuer", ["https://evil.test", "", None, 5, ["a"]], ids=repr)
def test_cve_2021_21378_unknown_issuer_where_no_session_is_needed(
    by_default, upstream, own, issuer
):
    """CVE-2022-29226: a token that does not verify is refused there too, and never a session."""
    refused(by_default, upstream, access(own, iss=issuer), ("unknown_key",))


def test_cve_2021_21378_known_issuer_and_another_s_key(by_default, upstream, keys):
    """The key ID of the core's key, the signature of another's."""
    stranger = Key(keys.dynamic.key_id, Key.made().private, 0)
    refused(by_default, upstream, access(stranger), ("bad_signature",))
    token = signed(stranger, header_of(stranger), payload(stranger))
    refused(by_default, upstream, token, ("bad_signature",))


def test_cve_2023_35941_token_is_not_valid_for_ever(by_default, upstream, keys):
    """A cookie ends with the token it holds, and no field of the client's makes it longer."""
    token = access(keys.dynamic, created=now() - 7200)
    line = f"Cookie: sAccessToken={token}; expires=99999999999; Max-Age=99999999; sExpires=1e99"
    answer = by_default.ask(get("/required", line))
    assert (answer.status, answer.reason) == (401, "expired")
    nothing_came(by_default, upstream)
