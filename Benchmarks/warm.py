"""CPU per warm request: Sallyport beside nginx, both in front of the same upstream.

Both terminate TLS 1.3 on kept-alive connections with one worker on one processor and forward over
kept-alive connections; Sallyport also verifies the session and injects its JWT, nginx forwards.
Compared is the processor time (user and system) of the proxy's own processes, divided by the
requests that wrk counted. Upstream and wrk share the other processors. Rounds alternate, the median
counts."""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/IntegrationTests"))

from support.certificates import write_certificate  # noqa: E402
from support.client import Connection, eventually  # noqa: E402
from support.core import Core  # noqa: E402
from support.gateway import Gateway  # noqa: E402
from support.keys import KeyRing  # noqa: E402
from support.message import cookie  # noqa: E402
from support.ports import free_port  # noqa: E402
from support.tokens import access  # noqa: E402
from support.wrk import Load  # noqa: E402

NGINX = """
daemon off; {user} worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {content}
}}
"""

ANSWERING = """
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type text/plain; return 200 "{body}"; }}
    }}
"""

FORWARDING = """
    upstream behind {{ server 127.0.0.1:{behind}; keepalive 256; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {{
            proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
"""


class Nginx:
    """nginx with the content of an `http` block, in a folder of its own."""

    def __init__(self, binary, folder, port, content):
        folder.mkdir()
        user = "user root;" if os.getuid() == 0 else ""
        file = folder / "nginx.conf"
        file.write_text(NGINX.format(user=user, folder=folder, content=content))
        self.port = port
        self.process = subprocess.Popen([binary, "-p", folder, "-c", file])
        assert eventually(self.answers), "nginx does not answer"

    def answers(self):
        try:
            Connection(self.port).close()
            return True
        except OSError:
            return False

    def processes(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def processor_seconds(processes):
    """User and system time of the processes so far."""
    ticks = 0
    for process in processes:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pin(processes, processors):
    for process in processes:
        for thread in os.listdir(f"/proc/{process}/task"):
            os.sched_setaffinity(int(thread), processors)


def measured(port, processes, token, options):
    """Microseconds of processor time a request, and requests a second."""
    load = Load(
        f"https://127.0.0.1:{port}/orders/1", options.seconds, options.connections,
        fields=[cookie(token), "Host: app.example.com"],
    )
    before = processor_seconds(processes)
    report = load.report()
    used = processor_seconds(processes) - before
    assert report.other_status == 0, report.text
    return used / report.requests * 1e6, report.requests / options.seconds


def configuration(core, upstream_port):
    return {
        "server": {"workers": 1},
        "sessions": {"core": {"urls": [core.url]}},
        "upstreams": {"main": {"targets": [f"http://127.0.0.1:{upstream_port}"]}},
        "routes": [{"path_prefix": "/orders", "upstream": "main"}],
        "log": {"access": {"output": "off"}},
    }


def run(options, folder, core, keys):
    every = set(os.sched_getaffinity(0))
    proxy_processor, others = {min(every)}, every - {min(every)} or every
    pair = write_certificate(folder, "app", ["app.example.com"])
    behind, front = free_port(), free_port()
    body = "x" * options.size
    upstream = Nginx(
        options.nginx, folder / "behind", behind, ANSWERING.format(port=behind, body=body)
    )
    nginx = Nginx(options.nginx, folder / "front", front, FORWARDING.format(
        behind=behind, port=front, certificate=pair.certificate, key=pair.private_key,
    ))
    tls = {"certificates": [pair.files()]}
    with Gateway(configuration(core, behind), folder, tls) as gateway:
        gateway.wait_for_keys()
        os.sched_setaffinity(0, others)
        pin(upstream.processes(), others)
        pin([*nginx.processes(), gateway.process.pid], proxy_processor)
        token = access(keys.dynamic)
        proxies = {
            "nginx": (nginx.port, nginx.processes()),
            "sallyport": (gateway.port, [gateway.process.pid]),
        }
        results = {name: [] for name in proxies}
        for _ in range(options.rounds):
            for name, (port, processes) in proxies.items():
                results[name].append(measured(port, processes, token, options))
        nginx.stop()
        upstream.stop()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nginx", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=128, help="bytes of the answer's content")
    options = parser.parse_args()
    options.nginx = options.nginx.resolve()
    keys = KeyRing.made()
    with tempfile.TemporaryDirectory() as folder, Core(keys) as core:
        results = run(options, pathlib.Path(folder), core, keys)
    print(f"TLS 1.3, {options.connections} connections, {options.size} bytes an answer, "
          f"median of {options.rounds} rounds of {options.seconds} s")
    for name, rounds in results.items():
        cost = statistics.median(cost for cost, _ in rounds)
        rate = statistics.median(rate for _, rate in rounds)
        spread = f"{min(rounds)[0]:.1f} to {max(rounds)[0]:.1f}"
        print(f"{name:10} {cost:6.1f} µs of CPU a request ({spread}), {rate:8.0f} requests/s")


if __name__ == "__main__":
    main()
