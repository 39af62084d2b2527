"""`sallyport explain --ask-core`, as one runs it by hand."""

import json
import subprocess

from support.gateway import binary


def explained(file, method, fields, path, host="app.example.com"):
    """Status and reason that it says of a request."""
    line = [binary(), "explain", "--config", file, "--json", "--ask-core", "-X", method]
    for field in fields:
        line += ["-H", field]
    run = subprocess.run(
        [*line, f"http://{host}{path}"], capture_output=True, text=True, timeout=30
    )
    assert run.returncode in (0, 1), run.stderr
    said = json.loads(run.stdout)["verdict"]
    assert run.returncode == (1 if said["outcome"] == "refused" else 0)
    return said["status"], said["reason"]


def verdict_of(answer):
    """What `explain` must say where the gateway answered so: its stand-in upstream says 204."""
    return (answer.status if answer.reason else 204, answer.reason)
