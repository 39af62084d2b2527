"""`sallyport demo`: up within two seconds, without a network, and all its lines work."""

import re
import subprocess
import time
import urllib.request

import pytest
from support.certificates import trusting
from support.client import eventually
from support.gateway import binary
from support.ports import free_port


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The running demo and what it printed."""
    output = tmp_path_factory.mktemp("demo") / "output"
    port = free_port()
    with open(output, "wb") as file:
        begin = time.monotonic()
        process = subprocess.Popen(
            [binary(), "demo", "--port", str(port)], stdout=file, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, cwd=output.parent,
        )
        printed = eventually(lambda: str(port) in output.read_text() and output.read_text(), 5)
        took = time.monotonic() - begin
    yield port, printed, took, process
    process.terminate()
    assert process.wait(10) == 0


def test_ready_within_two_seconds(demo):
    assert demo[1] and demo[2] < 2


def test_page(demo):
    answer = urllib.request.urlopen(f"https://127.0.0.1:{demo[0]}/", context=trusting(), timeout=5)
    page = answer.read().decode()
    assert answer.status == 200
    assert "sign in" in page.lower()


def test_lines_of_curl_work(demo):
    time.sleep(0.3)
    lines = re.findall(r"^\s*(curl .*)$", demo[1], re.MULTILINE)
    assert len(lines) >= 2
    for line in lines:
        run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=10)
        assert run.returncode == 0, (line, run.stderr)
        assert run.stdout, line


def test_busy_port_is_left_alone(demo):
    with subprocess.Popen(
        [binary(), "demo", "--port", str(demo[0])], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
    ) as second:
        text = ""
        end = time.monotonic() + 5
        while "https://" not in text and time.monotonic() < end:
            text += second.stdout.readline()
        second.terminate()
    ports = set(re.findall(r"https://[\w.]+:(\d+)", text))
    assert ports and str(demo[0]) not in ports
