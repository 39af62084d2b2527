"""Real clients through the gateway: curl, httpx, requests, aiohttp, http.client, PyJWT."""

import asyncio
import http.client
import json
import ssl
import subprocess
import urllib.request

import aiohttp
import httpx
import jwt as pyjwt
import pytest
import requests
from support.message import chunked
from support.tokens import access, inner, now, seed_session
from support.upstream import OK


def curl(site, path, *options):
    line = ["curl", "--silent", "--show-error", "--cacert", site.authority, *options]
    return subprocess.run(
        [*line, site.url + path], capture_output=True, text=True, timeout=20, check=True
    ).stdout


def test_curl(site, upstream, keys):
    token = access(keys.dynamic)
    assert curl(site, "/api/x", "-H", f"Authorization: Bearer {token}") == "ok"
    assert upstream.received().value("authorization") == f"Bearer {token}"
    assert curl(site, "/api/x", "--cookie", f"sAccessToken={token}; a=b") == "ok"
    assert upstream.received().value("cookie") == "a=b"
    assert json.loads(curl(site, "/api/x")) == {"message": "unauthorised"}
    answer = curl(site, "/getJWT", "--cookie", f"sAccessToken={token}")
    assert json.loads(answer) == {"token": token}


def test_curl_uploads(site, upstream, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 8192)
    assert curl(site, "/files/x", "--upload-file", str(file)) == "ok"
    assert upstream.received().body == file.read_bytes()
    options = ["--data-binary", f"@{file}", "-H", "Transfer-Encoding: chunked"]
    assert curl(site, "/files/x", *options) == "ok"
    assert upstream.received().body == file.read_bytes()


@pytest.mark.parametrize("options", [
    ["--http1.0"], ["--http1.1"], ["--tlsv1.3"], ["--tls-max", "1.2"], ["--compressed"],
    ["--path-as-is"], ["--head"],
])
def test_curl_options(site, upstream, options):
    curl(site, "/files/x", *options, "--fail")
    assert upstream.received().target == "/files/x"


def test_curl_does_not_get_http2(site, upstream):
    said = curl(site, "/files/x", "--http2", "--write-out", "%{http_version}")
    assert said == "ok1.1"


def test_requests(site, upstream, keys):
    with requests.Session() as session:
        session.verify = site.authority
        session.trust_env = False
        session.cookies.set("sAccessToken", access(keys.dynamic), domain="localhost.local")
        headers = {"Authorization": f"Bearer {access(keys.dynamic)}"}
        for _ in range(20):
            assert session.get(site.url + "/api/x?q=1", headers=headers).text == "ok"
        assert session.post(site.url + "/api/x", headers=headers, json={"a": 1}).ok
        assert session.post(site.url + "/api/x", headers=headers, data=iter([b"a", b"b"])).ok
        assert session.get(site.url + "/api/x").status_code in (200, 401)


def test_requests_reads_chunks(site, upstream):
    upstream.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
        + chunked(*[b"part"] * 5000)
    with requests.Session() as session:
        session.verify = site.authority
        session.trust_env = False
        assert session.get(site.url + "/files/x", timeout=10).content == b"part" * 5000


def test_httpx(site, upstream, keys):
    context = ssl.create_default_context(cafile=site.authority)
    with httpx.Client(verify=context, base_url=site.url) as client:
        client.cookies.set("sAccessToken", access(keys.dynamic))
        for _ in range(20):
            assert client.get("/api/x").text == "ok"
        expired = access(keys.dynamic, created=now() - 7200)
        answer = client.get("/api/x", headers={"Authorization": f"Bearer {expired}"})
        assert (answer.status_code, answer.json()) == (401, {"message": "try refresh token"})
        assert client.put("/files/x", content=b"z" * 1_000_000).text == "ok"


def test_aiohttp(site, upstream, keys):
    """Many requests at once over few connections."""
    async def run():
        context = ssl.create_default_context(cafile=site.authority)
        headers = {"Authorization": f"Bearer {access(keys.dynamic)}"}
        connector = aiohttp.TCPConnector(ssl=context, limit=20)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            async def one(number):
                async with session.post(site.url + f"/api/{number}", data=b"x" * number) as answer:
                    return answer.status, await answer.text()

            return await asyncio.gather(*[one(number) for number in range(300)])

    assert asyncio.run(run()) == [(200, "ok")] * 300


def test_http_client(site, upstream):
    context = ssl.create_default_context(cafile=site.authority)
    connection = http.client.HTTPSConnection("localhost", site.port, context=context, timeout=10)
    for body in (None, b"abc", iter([b"a", b"b"])):
        connection.request("POST", "/files/x", body=body, encode_chunked=body is not None)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok")
    connection.close()


def test_urllib(site, upstream):
    context = ssl.create_default_context(cafile=site.authority)
    with urllib.request.urlopen(site.url + "/files/x", context=context, timeout=10) as answer:
        assert answer.read() == b"ok"


@pytest.mark.parametrize("make", [
    pytest.param(lambda keys: access(keys.dynamic), id="V5"),
    pytest.param(lambda keys: seed_session(keys, inner(keys.static)), id="V2"),
    pytest.param(lambda keys: seed_session(keys, inner(keys.static), name="own"), id="V2 own name"),
])
def test_a_service_verifies_the_jwt_by_itself(site, core, upstream, keys, make):
    """What a JWT-only service does: fetch the keys of the core, verify the bearer's exact bytes."""
    client = pyjwt.PyJWKClient(core.url + "/.well-known/jwks.json")
    claims = []

    def service(call):
        token = call.message.value("authorization").removeprefix("Bearer ")
        key = client.get_signing_key_from_jwt(token).key
        claims.append(pyjwt.decode(token, key, algorithms=["RS256"]))
        call.send(OK)

    upstream.answer = service
    assert curl(site, "/api/x", "--cookie", f"sAccessToken={make(keys)}") == "ok"
    assert claims[0]["sub"] == "user-1"


def test_an_sdk_behind_a_passthrough_route_sees_everything(site, upstream):
    """Sign-in and refresh: the fields of both directions, empty values included."""
    upstream.answer = (
        b"HTTP/1.1 200 OK\r\n"
        b"Set-Cookie: sAccessToken=a; Path=/; HttpOnly; Secure; SameSite=Lax\r\n"
        b"Set-Cookie: sRefreshToken=b; Path=/auth/session/refresh; HttpOnly\r\n"
        b"front-token: eyJ1aWQiOiJ1In0=\r\nst-access-token: \r\nanti-csrf: x\r\n"
        b"Access-Control-Expose-Headers: front-token, anti-csrf\r\nContent-Length: 2\r\n\r\nok"
    )
    context = ssl.create_default_context(cafile=site.authority)
    with httpx.Client(verify=context, base_url=site.url) as client:
        answer = client.post(
            "/auth/session/refresh", cookies={"sRefreshToken": "r", "sAccessToken": "a"},
            headers={"rid": "session", "fdi-version": "1.16", "st-auth-mode": "cookie"},
        )
    received = upstream.received()
    assert received.value("rid") == "session"
    assert received.value("fdi-version") == "1.16"
    assert "sRefreshToken=r" in received.value("cookie")
    assert len(answer.headers.get_list("set-cookie")) == 2
    assert answer.headers["front-token"] == "eyJ1aWQiOiJ1In0="
    assert answer.headers["st-access-token"] == ""
