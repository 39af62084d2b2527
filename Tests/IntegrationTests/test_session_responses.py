"""What a back end's SDK says of the session arrives as it was sent, whatever it is: every form of
answer that supertokens-node 24.0.2 and 12.1.7 were seen to give, on every kind of route."""

import uuid

import pytest
from support.message import cookie, get, post, rows
from support.tokens import access

END = "Thu, 01 Jan 1970 00:00:00 GMT"
REFRESH = "/auth/session/refresh"
IN_100_DAYS = "Wed, 03 Mar 2027 08:52:24 GMT"
EXPOSE = "Access-Control-Expose-Headers"
FRONT = "front-token: eyJ1aWQiOiJ1c2VyLTEiLCJhdGUiOjE3OTU0Mjc1NDQwMDAsInVwIjp7fX0="
REFRESH_TOKEN = "9wUIS1x+RqKllG84RDC8/vcFCEtc==.ce09c727a9d9655c25.V2"
ANTI_CSRF = "anti-csrf: 40e7545f-57ec-43d5-ad39-ec2d51a2e00a"


def set_cookie(name, value="", path="/", expires=END, domain="", site="Lax"):
    named = f"; Domain={domain}" if domain else ""
    return (
        f"Set-Cookie: {name}={value}{named}; Path={path}; Expires={expires}; HttpOnly; Secure; "
        f"SameSite={site}"
    )


def access_cookie(value="eyJh.eyJp.as0B", expires="Tue, 23 Nov 2027 08:52:24 GMT", **more):
    return set_cookie("sAccessToken", value, expires=expires, **more)


def refresh_cookie(**more):
    value = "9wUIS1x%2BRqKllG84RDC8%2FvcFCEtc%3D%3D.ce09c727a9d9655c25.V2"
    return set_cookie("sRefreshToken", value, REFRESH, IN_100_DAYS, **more)


def headers(access_token="eyJh.eyJp.as0B", refresh_token=REFRESH_TOKEN):
    return [f"st-access-token: {access_token}", f"st-refresh-token: {refresh_token}"]


CLEARED_COOKIES = [set_cookie("sAccessToken"), set_cookie("sRefreshToken", path=REFRESH)]
CLEARED = [
    *CLEARED_COOKIES, "front-token: remove",
    f"{EXPOSE}: front-token, st-access-token, st-refresh-token", *headers("", ""),
]
# Of the seed era.
OLD_CLEARED = [
    *CLEARED_COOKIES, set_cookie("sIdRefreshToken"), "id-refresh-token: remove",
    f"{EXPOSE}: id-refresh-token",
]
OLD_TOKEN = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIyIn0%3D.eyJz.IN6%2F%3D%3D"
OLD_SET = [
    access_cookie(OLD_TOKEN, "Mon, 23 Nov 2026 09:56:43 GMT"), refresh_cookie(),
    set_cookie("sIdRefreshToken", "b7e5e4a4-4e4d-43ff-aa64-616a3e1b5a96", expires=IN_100_DAYS),
    "id-refresh-token: b7e5e4a4-4e4d-43ff-aa64-616a3e1b5a96;1804064203267",
]

OK, UNAUTHORISED = "200 OK", "401 Unauthorized"
NOT_ALLOWED = b'{"message":"unauthorised"}'
THEFT = b'{"message":"token theft detected"}'
TO_REFRESH = b'{"message":"try refresh token"}'

# (id, status, fields, content)
ANSWERS = [
    ("created in cookies", OK,
     [FRONT, f"{EXPOSE}: front-token", access_cookie(), refresh_cookie()], b"{}"),
    ("created in cookies with an anti-CSRF token", OK,
     [FRONT, f"{EXPOSE}: front-token, anti-csrf", access_cookie(), refresh_cookie(), ANTI_CSRF],
     b"{}"),
    ("created in headers", OK,
     [FRONT, f"{EXPOSE}: front-token, st-access-token, st-refresh-token", *headers()], b"{}"),
    ("created in headers, cookies cleared", OK,
     [*CLEARED_COOKIES, FRONT, f"{EXPOSE}: front-token, st-access-token, st-refresh-token",
      *headers()], b"{}"),
    ("created in cookies, headers cleared", OK,
     [*headers("", ""), f"{EXPOSE}: st-access-token, st-refresh-token, front-token", FRONT,
      access_cookie(), refresh_cookie()], b"{}"),
    ("created in cookies, the access token exposed", OK,
     [FRONT, f"{EXPOSE}: front-token, st-access-token", access_cookie(), refresh_cookie(),
      headers()[0]], b"{}"),
    ("created by a path, a domain and a site of its own", OK,
     [FRONT, f"{EXPOSE}: front-token",
      access_cookie(domain="example.com", site="None").replace("Path=/", "Path=/access"),
      refresh_cookie(domain="example.com", site="Strict")], b"{}"),
    ("created in cookies, seed era", OK,
     [FRONT, f"{EXPOSE}: front-token, id-refresh-token, anti-csrf", *OLD_SET, ANTI_CSRF], b"{}"),
    ("refreshed in cookies", OK,
     [FRONT, f"{EXPOSE}: front-token, anti-csrf", access_cookie(), refresh_cookie(), ANTI_CSRF],
     b"{}"),
    ("refreshed in headers", OK,
     [FRONT, f"{EXPOSE}: front-token, st-access-token, st-refresh-token", *headers()], b"{}"),
    ("refreshed in headers, cookies cleared", OK,
     [FRONT, f"{EXPOSE}: front-token, st-access-token, st-refresh-token", *headers(),
      *CLEARED_COOKIES], b"{}"),
    ("refreshed in cookies, headers cleared", OK,
     [FRONT, f"{EXPOSE}: front-token, st-access-token, st-refresh-token", access_cookie(),
      refresh_cookie(), *headers("", "")], b"{}"),
    ("refreshed, the seed era's cookie cleared", OK,
     [FRONT, f"{EXPOSE}: front-token", access_cookie(), refresh_cookie(),
      set_cookie("sIdRefreshToken")], b"{}"),
    ("refreshed in cookies, seed era", OK,
     [FRONT, f"{EXPOSE}: front-token, id-refresh-token, anti-csrf, front-token", *OLD_SET,
      ANTI_CSRF], b"{}"),
    ("refresh refused, all cleared", UNAUTHORISED, CLEARED, NOT_ALLOWED),
    ("refresh refused, nothing cleared", UNAUTHORISED, [], NOT_ALLOWED),
    ("refresh refused, seed era", UNAUTHORISED, OLD_CLEARED, NOT_ALLOWED),
    ("refresh of several cookies", OK,
     [set_cookie("sAccessToken", domain="old.example.com"),
      set_cookie("sRefreshToken", path=REFRESH, domain="old.example.com")],
     b'{"message":"The request contains multiple session cookies."}'),
    ("refresh of several cookies that fails", "500 Internal Server Error", [],
     b"The request contains multiple session cookies."),
    ("theft", UNAUTHORISED, CLEARED, THEFT),
    ("theft, seed era", UNAUTHORISED, OLD_CLEARED, THEFT),
    ("payload changed, in a cookie", OK, [FRONT, f"{EXPOSE}: front-token", access_cookie()], b"{}"),
    ("payload changed, in a header", OK,
     [FRONT, f"{EXPOSE}: front-token, st-access-token", headers()[0]], b"{}"),
    ("payload changed, the access token exposed", OK,
     [FRONT, f"{EXPOSE}: front-token, st-access-token", access_cookie(), headers()[0]], b"{}"),
    ("signed out of cookies", OK,
     [*CLEARED_COOKIES, "front-token: remove", f"{EXPOSE}: front-token"], b'{"status":"OK"}'),
    ("signed out of headers", OK,
     ["st-access-token:", f"{EXPOSE}: st-access-token, st-refresh-token, front-token",
      "st-refresh-token:", "front-token: remove"], b'{"status":"OK"}'),
    ("signed out, seed era", OK, OLD_CLEARED, b'{"status":"OK"}'),
    ("nobody signed out", UNAUTHORISED, [], NOT_ALLOWED),
    ("no session", UNAUTHORISED, [], NOT_ALLOWED),
    ("to be refreshed", UNAUTHORISED, [], TO_REFRESH),
    ("invalid claim", "403 Forbidden", [], b'{"message":"invalid claim"}'),
    ("an error of the back end's", "500 Internal Server Error", [], b"protected field"),
    ("nothing there", "404 Not Found", [], b"Not found"),
    ("published keys", OK,
     ["Access-Control-Allow-Origin: *", "Cache-Control: max-age=60, must-revalidate"],
     b'{"keys":[]}'),
    ("published keys without an age", OK, ["Access-Control-Allow-Origin: *"], b'{"keys":[]}'),
    ("discovery document", OK, ["Access-Control-Allow-Origin: *"],
     b'{"issuer":"https://api.example.com/auth","jwks_uri":"https://api.example.com/auth/jwt"}'),
    ("fields of its own beside", OK,
     ["Set-Cookie: a=b", f"{EXPOSE}: x-own, front-token", "x-own: 1", FRONT, access_cookie(),
      "Set-Cookie: c=d; Path=/"], b"{}"),
]


@pytest.mark.parametrize("status, fields, content", rows(ANSWERS))
def test_answer_arrives_as_sent(gateway, upstream, keys, status, fields, content):
    """From the back end that runs an SDK, and from a handler behind a route that the gateway
    guards; with a session a shared cache is kept from the answer besides."""
    kind = "Content-Type: application/json; charset=utf-8"
    head = [f"HTTP/1.1 {status}", *fields, kind, f"Content-Length: {len(content)}", "", ""]
    upstream.answer = "\r\n".join(head).encode() + content
    sent = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    cached = [value for name, value in sent if name == "Cache-Control"]
    sent = [field for field in sent if field[0] != "Cache-Control"]
    session = cookie(access(keys.dynamic, sessionHandle=str(uuid.uuid4())))
    calls = [
        post("/passthrough/x"), get("/passthrough/x", session), get("/optional"), get("/public"),
        get("/required", session),
    ]
    for call in calls:
        answer = gateway.ask(call)
        # A sign-out that was seen ends the session: nothing but that refuses.
        if answer.reason == "revoked":
            assert call is calls[-1] and any("remove" in value for _, value in sent)
            continue
        assert (answer.status, answer.body) == (int(status[:3]), content)
        arrived = [(name.decode(), value.decode()) for name, value in answer.fields]
        own = {"content-type", "content-length", "date", "connection", "cache-control"}
        assert [field for field in arrived if field[0].lower() not in own] == sent
        kept = answer.values("cache-control")
        assert kept == (cached or ["private"] if call is calls[-1] else cached)
        assert answer.reason is None and answer.value("content-type") == kind.partition(": ")[2]
