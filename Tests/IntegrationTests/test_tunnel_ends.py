"""How tunnels end: on either side, in one direction or both, in TLS as in cleartext."""

import ssl
import time

import pytest
from support.certificates import serving, trusting, write_certificate
from support.client import eventually
from support.gateway import Gateway, changed
from support.upstream import Upstream
from support.websocket import DATA, HELLO, Switching, both_ways, open_tunnel

pytestmark = pytest.mark.usefixtures("ended")


def test_client_ends_first(tunnel):
    """Half-close: the upstream is told, and what it still says comes."""
    connection, end = tunnel
    connection.send(DATA)
    connection.socket.shutdown(1)
    assert end.reader.rest() == DATA
    end.send(DATA)
    assert connection.reader.exactly(len(DATA)) == DATA
    end.close()
    assert connection.is_closed()


def test_upstream_ends_first(tunnel):
    connection, end = tunnel
    end.send(DATA)
    end.finish()
    assert connection.reader.rest() == DATA
    connection.send(DATA)
    assert end.read(len(DATA)) == DATA
    connection.socket.shutdown(1)
    assert end.reader.rest() == b""


def test_client_breaks(tunnel):
    """What it sent before comes, then the end."""
    connection, end = tunnel
    connection.send(HELLO)
    assert end.read(len(HELLO)) == HELLO
    connection.reset()
    assert end.reader.rest() == b""


def test_upstream_breaks(gateway, tunnel):
    connection, end = tunnel
    end.send(HELLO)
    assert connection.reader.exactly(len(HELLO)) == HELLO
    end.reset()
    assert connection.is_closed()

    def told():
        return [line for line in gateway.log_lines() if line["status"] == 101][-1:]

    assert eventually(lambda: [line["reason"] for line in told()] == ["upstream_protocol"])
    assert told()[0]["detail"] == "cut_off"


def test_upstream_gone_after_its_end(gateway, tunnel):
    """Who ended its sending and takes nothing either is gone: the client does not talk to nobody
    until a time is up."""
    connection, end = tunnel
    end.send(HELLO)
    end.close()
    assert connection.reader.rest() == HELLO
    connection.send(HELLO)
    assert eventually(lambda: gateway.metric("sallyport_tunnels ") == 0)
    line = [line for line in gateway.log_lines() if line["status"] == 101][-1]
    assert (line["reason"], line["detail"]) == ("upstream_protocol", "cut_off")


def test_upstream_resets_after_its_end(gateway, tunnel):
    connection, end = tunnel
    end.finish()
    assert connection.reader.rest() == b""
    assert gateway.metric("sallyport_tunnels ") == 1
    end.reset()
    assert eventually(lambda: gateway.metric("sallyport_tunnels ") == 0)


def test_last_bytes_of_an_upstream_that_is_gone(gateway, tunnel):
    """A client that reads late and writes on gets all that came before the upstream's end."""
    connection, end = tunnel
    sent = 'sallyport_tunnel_bytes_total{direction="out"}'
    before = gateway.metric(sent)
    end.send(DATA * 2)
    end.finish()
    assert eventually(lambda: gateway.metric(sent) == before + 2 * len(DATA))
    time.sleep(0.2)
    end.reset()
    assert eventually(lambda: gateway.metric("sallyport_tunnels ") == 0)
    connection.send(HELLO)
    time.sleep(0.2)
    assert connection.reader.rest() == DATA * 2


def test_end_with_the_last_bytes(gateway, upstream):
    """Many short tunnels whose last bytes and end come together: none is cut."""
    for _ in range(30):
        connection, end = open_tunnel(gateway, Switching(upstream))
        with connection:
            end.send(HELLO * 50)
            end.close()
            assert connection.reader.rest() == HELLO * 50


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    return write_certificate(folder, "app", ["app.example.com", "127.0.0.1"])


@pytest.fixture(scope="module")
def encrypted(base_configuration, pair, tmp_path_factory):
    """TLS on both sides; and its upstream."""
    with Upstream(tls=serving(pair)) as upstream:
        main = {"targets": [upstream.url], "tls": {"ca_file": str(pair.certificate)}}
        configuration = changed(base_configuration, upstreams={"main": main})
        folder = tmp_path_factory.mktemp("gateway")
        with Gateway(configuration, folder, {"certificates": [pair.files()]}) as gateway:
            yield gateway, upstream
            upstream.close_connections()


def say_goodbye(socket):
    """Sends close_notify, and reads on."""
    socket.settimeout(0)
    with pytest.raises(ssl.SSLWantReadError):
        socket.unwrap()
    socket.settimeout(5)


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def secret(encrypted, request):
    """Both ends of a tunnel in TLS that tell an end with close_notify from one without."""
    gateway, upstream = encrypted
    tls = trusting()
    tls.maximum_version = request.param
    connection, end = open_tunnel(gateway, Switching(upstream), tls=tls)
    for socket in (connection.socket, end.socket):
        socket.suppress_ragged_eofs = False
    with connection:
        yield connection, end
        end.close()
    assert eventually(lambda: gateway.metric("sallyport_tunnels ") == 0)


def test_tls_on_both_sides(secret):
    both_ways(*secret)


@pytest.mark.parametrize("first", ["client", "upstream"])
def test_tls_half_close(secret, first):
    """close_notify goes on as such, and what the other side says after it still comes."""
    one, other = secret if first == "client" else reversed(secret)
    one.send(HELLO)
    say_goodbye(one.socket)
    assert other.reader.rest() == HELLO
    other.send(DATA)
    assert one.reader.exactly(len(DATA)) == DATA
    other.socket.unwrap()
    with pytest.raises(ssl.SSLZeroReturnError):
        one.socket.recv(1)


@pytest.mark.parametrize("first", ["client", "upstream"])
def test_tls_end_without_close_notify(secret, first):
    """Somebody may have cut it: nobody is told that the stream was whole."""
    one, other = secret if first == "client" else reversed(secret)
    one.send(HELLO)
    assert other.reader.exactly(len(HELLO)) == HELLO
    one.socket.shutdown(1)
    with pytest.raises(ssl.SSLEOFError):
        other.socket.recv(1)
