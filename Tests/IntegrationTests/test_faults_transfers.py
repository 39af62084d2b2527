"""Large content between peers of different speed: it arrives whole, and what the gateway holds of
it does not grow with its size.

64 MiB each; SALLYPORT_LOAD_SECONDS=60 for 1 GiB."""

import os

import pytest
from support.bulk import started
from support.gateway import changed
from support.message import rows
from support.ports import free_port

MEBIBYTE = 1024 * 1024
SIZE = min(16 * int(os.environ.get("SALLYPORT_LOAD_SECONDS", "4")), 1024) * MEBIBYTE
# The slow peer's transfer takes so long.
SLOW_SECONDS = 1 if SIZE < 1024 * MEBIBYTE else 20
SLOW = int(SIZE / SLOW_SECONDS)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", params=["cleartext", "tls"])
def transport(request):
    return request.param


@pytest.mark.parametrize("client_rate, upstream_rate", rows([
    ("both fast", 0, 0), ("slow client", SLOW, 0), ("slow upstream", 0, SLOW),
]))
@pytest.mark.parametrize("direction", ["upload", "download"])
def test_large_content(
    start, base_configuration, certificate, transport, direction, client_rate, upstream_rate
):
    port = free_port()
    configuration = changed(
        base_configuration, upstreams__main={"targets": [f"http://127.0.0.1:{port}"]},
    )
    pairs = {"certificates": [certificate.files()]} if transport == "tls" else None
    behind = started("upstream", port, upstream_rate)
    try:
        assert behind.stdout.readline() == "listening\n"
        gateway = start(configuration, tls=pairs).wait_for_keys()
        before, most = gateway.resident_kib(), 0
        transfer = started("client", gateway.port, transport, direction, SIZE, client_rate)
        while transfer.poll() is None:
            most = max(most, gateway.resident_kib())
            gateway.settle(0.02)
        assert transfer.communicate() == (f"{SIZE}\n", None)
        assert max(most, gateway.resident_kib()) - before < 8 * 1024
        print(f"{direction} {transport}: {most - before} KiB more at most")
    finally:
        behind.kill()
        behind.communicate()
