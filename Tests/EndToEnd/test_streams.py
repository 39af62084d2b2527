"""WebSocket and EventSource of Chromium, and `curl -N`, through the gateway over TLS with a
session."""

import shutil
import subprocess
import threading
import time

import pytest
from support.certificates import write_certificate
from support.client import eventually
from support.gateway import Gateway
from support.message import cookie
from support.tokens import access
from support.upstream import OK, Upstream
from support.websocket import accept_of, frame, switching

CHROMIUM = shutil.which("chromium")
PAGE = b"<!doctype html><title>Page</title>"
SOCKET = "wss://app.example.com/api/socket"
# Frames of a client's with a mask, one at a time; what comes goes back.
ECHO = """async ({url, texts}) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const next = () => new Promise((come, fail) => {
        socket.onmessage = event => come(event.data);
        socket.onclose = event => fail(new Error("closed " + event.code));
    });
    await new Promise((come, fail) => { socket.onopen = come; socket.onerror = fail; });
    const found = [];
    for (const text of texts) { socket.send(text); found.push(await next()); }
    socket.send(new Uint8Array(1 << 20).fill(7));
    const bytes = new Uint8Array(await next());
    found.push(bytes.length + " " + bytes.every(byte => byte === 7));
    const closed = new Promise(come => { socket.onclose = event => come(event.code); });
    socket.close(4000);
    return [found, await closed];
}"""
REFUSED = """url => new Promise(come => {
    const socket = new WebSocket(url);
    socket.onopen = () => come("open");
    socket.onclose = event => come("closed " + event.code);
})"""
EVENTS = """url => new Promise((come, fail) => {
    const source = new EventSource(url), found = [];
    source.onerror = fail;
    source.onmessage = event => {
        found.push([event.data, event.lastEventId, performance.now()]);
        if (found.length === 4) { source.close(); come(found); }
    };
})"""


def frames(reader):
    """The client's frames: opcode and what they carry, as they came."""
    while True:
        head = reader.exactly(2)
        size = head[1] & 0x7F
        if size > 125:
            size = int.from_bytes(reader.exactly(2 if size == 126 else 8), "big")
        mask = reader.exactly(4)
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        data = reader.exactly(size)
        yield head[0], (int.from_bytes(data, "big") ^ key).to_bytes(size, "big")


def echo(call):
    """Each frame as it is: a browser sends a large message in several."""
    accept = accept_of(call.message.value("sec-websocket-key"))
    call.send(switching(accept=f"Sec-WebSocket-Accept: {accept}"))
    for first, data in frames(call.reader):
        call.send(frame(data, opcode=first & 15, final=first & 0x80))
        if first & 15 == 8:
            break
    call.close()


def events(call):
    """Four, 0.3 s apart; then it stays open."""
    call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
              b"Transfer-Encoding: chunked\r\n\r\n")
    for number in range(4):
        data = b"id: %d\ndata: event %d\n\n" % (number, number)
        call.send(b"%x\r\n%s\r\n" % (len(data), data))
        time.sleep(0.3)
    threading.Event().wait(5)


def answer(call):
    target = call.message.target
    if target == "/page":
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
        call.send(head % len(PAGE) + PAGE)
    elif target == "/api/events":
        events(call)
    elif target == "/api/socket":
        echo(call)
    else:
        call.send(OK)


@pytest.fixture(scope="module")
def streams(core, tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    pair = write_certificate(folder, "localhost", ["localhost", "*.example.com"])
    with Upstream() as upstream:
        upstream.answer = answer
        configuration = {
            "server": {"workers": 2, "shutdown_grace": "1s"},
            "sessions": {"core": {"urls": [core.url]}},
            "upstreams": {"main": {"targets": [upstream.url]}},
            "routes": [
                {"path_prefix": "/api", "upstream": "main"},
                {"path_prefix": "/", "session": "public", "upstream": "main"},
            ],
        }
        with Gateway(configuration, folder, {"certificates": [pair.files()]}) as gateway:
            gateway.wait_for_keys()
            gateway.upstream = upstream
            gateway.authority = str(pair.certificate)
            yield gateway


@pytest.fixture(scope="module")
def browser(streams):
    """For which there are only names below example.com, and all of them lead to the gateway."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as running:
        names = f"MAP *.example.com 127.0.0.1:{streams.port}, MAP * ~NOTFOUND"
        launched = running.chromium.launch(
            executable_path=CHROMIUM, args=[f"--host-resolver-rules={names}"]
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser, keys):
    """A page of app.example.com with a session."""
    with browser.new_context(ignore_https_errors=True) as context:
        context.add_cookies([{
            "name": "sAccessToken", "value": access(keys.dynamic), "path": "/",
            "domain": "app.example.com", "secure": True, "sameSite": "Strict", "httpOnly": True,
        }])
        page = context.new_page()
        page.goto("https://app.example.com/page")
        yield page


def test_chromium_websocket(page):
    texts = ["", "a", "ü" * 60_000]
    found, code = page.evaluate(ECHO, {"url": SOCKET, "texts": texts})
    assert found == [*texts, "1048576 true"]
    assert code == 4000


def test_chromium_event_source(page):
    found = page.evaluate(EVENTS, "https://app.example.com/api/events")
    assert [each[:2] for each in found] == [[f"event {n}", str(n)] for n in range(4)]
    # Each as it was sent, not all at the end.
    assert all(later[2] - earlier[2] > 150 for earlier, later in zip(found, found[1:]))


def test_cswsh_in_chromium(page, streams):
    """A page of another name opens a WebSocket with the victim's cookie, of whatever `SameSite`
    where both are of one site: nothing goes upstream."""
    page.goto("https://evil.example.com/page")
    streams.upstream.requests.queue.clear()
    assert page.evaluate(REFUSED, SOCKET) == "closed 1006"
    # The page's icon may be asked for meanwhile.
    asked = [request.target for request in streams.upstream.requests.queue]
    assert "/api/socket" not in asked
    said = eventually(lambda: [
        line for line in streams.log_lines() if line["reason"] == "origin_not_allowed"
    ])
    # The cookie did come: it was the session's user who was refused.
    assert said[-1]["user"] == "user-1"


def test_curl_reads_events_as_they_come(streams, keys):
    url = f"https://localhost:{streams.port}/api/events"
    line = ["curl", "-N", "--silent", "--cacert", streams.authority, "--max-time", "10",
            "-H", cookie(access(keys.dynamic)), url]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as curl:
        times = []
        while len(times) < 4:
            if curl.stdout.readline().startswith(b"data: "):
                times.append(time.monotonic())
        curl.kill()
    assert all(later - earlier > 0.15 for earlier, later in zip(times, times[1:]))
