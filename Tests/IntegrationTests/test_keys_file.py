"""Keys that survive: the file of the last keys at a start without a core, and what happens to
keys under load, in floods, and between cores that disagree."""

import hashlib
import json
import os
import stat
import threading
import time

import pytest
from support.client import eventually
from support.core import Core
from support.gateway import changed
from support.keys import Key, KeyRing
from support.message import bearer, get
from support.tokens import access, compact, legacy, now

JWKS = "/.well-known/jwks.json"


def with_file(base_configuration, *cores, **options):
    return changed(
        base_configuration, sessions__core__urls=[core.url for core in cores],
        sessions__keys={"cache_file": "keys.json", **options},
    )


def status_of(gateway, token):
    answer = gateway.ask(get("/required", bearer(token)))
    return answer.status, answer.reason


def digest_of(members):
    return hashlib.sha256(compact(members)).hexdigest()


def read(file):
    """The file's members; None while there is none. It is whole whenever it is there."""
    if not file.exists():
        return None
    members = json.loads(file.read_text())
    digest = members.pop("sha256")
    assert digest == digest_of(members)
    return members


def write(file, members):
    file.write_bytes(compact({**members, "sha256": digest_of(members)}))


@pytest.fixture
def kept(start, base_configuration, core, keys, upstream, tmp_path):
    """A folder with the file that a gateway left, which then was killed, and the core with it."""
    gateway = start(with_file(base_configuration, core), folder=tmp_path).wait_for_keys()
    assert eventually(lambda: {"web", "legacy"} <= (read(tmp_path / "keys.json") or {}).keys())
    gateway.process.kill()
    gateway.process.wait()
    # The next one's log begins anew.
    gateway.control_log.write_bytes(b"")
    core.stop()
    return tmp_path / "keys.json"


def test_file_is_the_user_s_alone(kept, core):
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.glob("keys*")] == ["keys.json"]
    members = read(kept)
    assert members["cores"] == [core.url]
    for kind in ("web", "legacy"):
        assert abs(members[kind]["confirmedAt"] - time.time() * 1000) < 10_000


def test_start_without_a_core(start, base_configuration, core, kept, keys, upstream):
    gateway = start(with_file(base_configuration, core), folder=kept.parent)
    for token in (access(keys.dynamic), access(keys.static), legacy(keys.dynamic)):
        assert status_of(gateway, token) == (200, None)
    assert gateway.admin("/readyz").status == 200
    assert status_of(gateway, access(Key.made("d-7"))) == (503, "core_unreachable")
    assert gateway.says("keys from the file")


def test_maximum_stale_counts_from_the_instant_in_the_file(
    start, base_configuration, core, kept, keys, upstream
):
    members = read(kept)
    for kind in ("web", "legacy"):
        members[kind]["confirmedAt"] = int(time.time() * 1000) - 10_000
    write(kept, members)
    options = {"maximum_age": "1s", "maximum_stale": "13s"}
    gateway = start(with_file(base_configuration, core, **options), folder=kept.parent)
    assert status_of(gateway, access(keys.dynamic)) == (200, None)
    assert eventually(
        lambda: status_of(gateway, access(keys.dynamic)) == (503, "core_unreachable"), 4
    )
    assert status_of(gateway, legacy(keys.dynamic)) == (503, "core_unreachable")


def shifted(members, seconds):
    """Confirmed at another time than now."""
    instant = int(time.time() * 1000) + seconds * 1000
    return {**members, **{kind: {**members[kind], "confirmedAt": instant}
                          for kind in ("web", "legacy")}}


def foreign(members):
    """With a key of somebody else's, and the digest that was right before."""
    text = json.loads(json.dumps(members))
    text["web"]["keys"].append(Key.made("d-8").web_key())
    return {**text, "sha256": digest_of(members)}


NOTHING = [
    ("empty", lambda file, members: file.write_bytes(b""), "damaged"),
    ("cut off", lambda file, members: file.write_bytes(file.read_bytes()[:-1]), "damaged"),
    ("half", lambda file, members: file.write_bytes(file.read_bytes()[:500]), "damaged"),
    ("bytes", lambda file, members: file.write_bytes(os.urandom(4000)), "damaged"),
    ("a digit", lambda file, members: file.write_bytes(
        file.read_bytes().replace(b'"confirmedAt":1', b'"confirmedAt":2')), "damaged"),
    ("a key more", lambda file, members: file.write_bytes(compact(foreign(members))), "damaged"),
    ("too large", lambda file, members: file.write_bytes(
        file.read_bytes() + b" " * 512 * 1024), "too large"),
    ("another core", lambda file, members: write(
        file, {**members, "cores": ["http://127.0.0.1:1"]}), "other cores"),
    ("the future", lambda file, members: write(file, shifted(members, 70)), "later than now"),
    ("the past", lambda file, members: write(file, shifted(members, -86_401)), "longer ago"),
    ("everybody's", lambda file, members: file.chmod(0o602), "everybody may write it"),
]


@pytest.mark.parametrize(
    "change, told", [pytest.param(*row[1:], id=row[0]) for row in NOTHING]
)
def test_no_keys_from_the_file(
    start, base_configuration, core, kept, keys, upstream, change, told
):
    """A warning that names it; and when a core answers, a good file is there again."""
    change(kept, read(kept))
    gateway = start(with_file(base_configuration, core), folder=kept.parent)
    assert status_of(gateway, access(keys.dynamic)) == (503, "core_unreachable")
    assert gateway.admin("/readyz").status == 503
    lines = gateway.control_log.read_text().splitlines()
    warnings = [line for line in lines if "warning" in line and "no keys from the file" in line]
    assert len(warnings) == 1 and told in warnings[0] and str(kept) in warnings[0]
    core.restart()
    gateway.wait_for_keys()
    assert eventually(lambda: "all" if _is_good(kept) else None, 10)
    assert status_of(gateway, access(keys.dynamic)) == (200, None)


def _is_good(file):
    try:
        return "web" in read(file) and stat.S_IMODE(file.stat().st_mode) == 0o600
    except (ValueError, KeyError, AssertionError):
        return False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_user_s_file_is_none(start, base_configuration, core, kept, keys, upstream):
    """In a folder of everybody's whoever comes first makes the file. What the folder's owner has
    put there is as good as the folder."""
    own = Key.made("d-9")
    members = read(kept)
    write(kept, {**members, "web": {**members["web"], "keys": [own.web_key()]}})
    os.chown(kept, 65534, 65534)
    gateway = start(with_file(base_configuration, core), folder=kept.parent)
    assert status_of(gateway, access(own)) == (503, "core_unreachable")
    assert gateway.says("no keys from the file: it is no regular file, another user's")
    gateway.kill()
    gateway.control_log.write_bytes(b"")
    os.chown(kept.parent, 65534, 65534)
    gateway = start(with_file(base_configuration, core), folder=kept.parent)
    assert status_of(gateway, access(own)) == (200, None)


def test_missing_file_is_no_warning(start, base_configuration, core, upstream):
    gateway = start(with_file(base_configuration, core)).wait_for_keys()
    assert not gateway.says("from the file")


def test_file_is_always_whole(start, base_configuration, core, keys, upstream, tmp_path):
    """Whoever reads it, however often it is replaced; a kill leaves the last one."""
    configuration = with_file(base_configuration, core, unknown_key_cooldown="1ms")
    gateway = start(configuration, folder=tmp_path).wait_for_keys()
    file, seen = tmp_path / "keys.json", set()
    for number in range(40):
        key = Key(f"d-{number}", keys.dynamic.private, 0)
        core.web_keys = {"keys": [key.web_key(), keys.static.web_key()]}
        assert status_of(gateway, access(key)) == (200, None)
        members = eventually(lambda: read(file))
        seen.add(members["web"]["keys"][0]["kid"] if "web" in members else None)
    gateway.process.kill()
    gateway.process.wait()
    assert len(seen) > 10
    assert read(file)["web"]["keys"]


def test_instant_is_kept_up_to_the_end(start, base_configuration, core, upstream, tmp_path):
    """Confirmations of the same keys are written now and then, and the last one at the end."""
    configuration = with_file(base_configuration, core, maximum_age="1s")
    gateway = start(configuration, folder=tmp_path).wait_for_keys()
    file = tmp_path / "keys.json"
    first = eventually(lambda: read(file))["web"]["confirmedAt"]
    assert eventually(lambda: read(file)["web"]["confirmedAt"] > first, 5)
    assert gateway.terminate() == 0
    assert time.time() * 1000 - read(file)["web"]["confirmedAt"] < 1500


def test_folder_that_is_gone(start, base_configuration, core, keys, upstream, tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    configuration = with_file(
        base_configuration, core, cache_file="state/keys.json", maximum_age="1s"
    )
    gateway = start(configuration, folder=tmp_path).wait_for_keys()
    assert eventually(lambda: (folder / "keys.json").exists())
    folder.rename(tmp_path / "elsewhere")
    assert eventually(lambda: gateway.says("the keys cannot be kept"), 5)
    assert status_of(gateway, access(keys.dynamic)) == (200, None)
    folder.mkdir()
    assert eventually(lambda: gateway.says("the keys are kept again"), 5)
    assert read(folder / "keys.json")


def test_reload_to_another_file(start, base_configuration, core, keys, upstream, tmp_path):
    gateway = start(with_file(base_configuration, core), folder=tmp_path).wait_for_keys()
    assert "reloaded" in gateway.reload(with_file(base_configuration, core, cache_file="b.json"))
    assert eventually(lambda: read(tmp_path / "b.json"))
    assert read(tmp_path / "b.json")["cores"] == [core.url]


# Rotation, withdrawal, floods, and several cores.


class Flood:
    """Tokens of unknown keys on several connections, until it ends."""

    def __init__(self, gateway, connections=8):
        self.gateway = gateway
        self.is_over = False
        self.answers = []
        stranger = Key.made("d-1")
        self.tokens = [access(Key(f"d-{number}", stranger.private, 0)) for number in range(50)]
        self.threads = [threading.Thread(target=self.run) for _ in range(connections)]

    def run(self):
        while not self.is_over:
            for token in self.tokens:
                self.answers.append(status_of(self.gateway, token))
                if self.is_over:
                    return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join()


def test_flood_of_unknown_keys(start, base_configuration, core, keys, upstream):
    """At most two fetches a second, whoever asks; and a key that is made meanwhile costs nobody a
    request."""
    gateway = start(with_file(base_configuration, core, cache_file="")).wait_for_keys()
    with Flood(gateway) as flood:
        time.sleep(0.7)
        began, before = time.monotonic(), core.count(JWKS)
        for number in range(5):
            rotated = Key.made(f"d-{now()}{number}")
            core.web_keys = {"keys": [rotated.web_key(), keys.static.web_key()]}
            for _ in range(3):
                assert status_of(gateway, access(rotated)) == (200, None)
            assert status_of(gateway, access(keys.static)) == (200, None)
            time.sleep(0.2)
        fetches, seconds = core.count(JWKS) - before, time.monotonic() - began
    assert fetches <= 2 * seconds + 1
    assert set(flood.answers) == {(401, "unknown_key")}


def test_withdrawn_within_maximum_age(start, base_configuration, core, keys, upstream):
    configuration = with_file(base_configuration, core, maximum_age="2s")
    gateway = start(configuration).wait_for_keys()
    assert status_of(gateway, access(keys.dynamic)) == (200, None)
    core.web_keys = {"keys": [keys.static.web_key()]}
    core.offers_handshake = False
    withdrawn = time.monotonic()
    while status_of(gateway, access(keys.dynamic)) == (200, None):
        time.sleep(0.02)
        assert time.monotonic() - withdrawn < 2
    assert status_of(gateway, access(keys.dynamic)) == (401, "unknown_key")


def test_cores_that_disagree(start, base_configuration, core, keys, upstream):
    """The first knows one key, the second another: no token of either fails, however often the
    keys are fetched from the first alone."""
    other = Key.made("d-9")
    with Core(KeyRing(other, keys.static)) as second:
        configuration = with_file(base_configuration, core, second, maximum_age="1s")
        gateway = start(configuration).wait_for_keys()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for key in (keys.dynamic, other):
                assert status_of(gateway, access(key)) == (200, None)
        assert core.count(JWKS) >= 3 and second.count(JWKS) >= 1
