"""The installer into a folder, and the unit it installs."""

import os
import shutil
import stat
import subprocess

import pytest
from support.gateway import ROOT, binary

INSTALLER = ROOT / "deploy/install.sh"


def install(folder):
    environment = {**os.environ, "DESTDIR": str(folder), "BINARY": str(binary())}
    return subprocess.run(
        [INSTALLER], env=environment, capture_output=True, text=True, timeout=20, check=True
    )


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_install(tmp_path):
    install(tmp_path)
    assert mode(tmp_path / "usr/bin/sallyport") == 0o755
    assert mode(tmp_path / "etc/sallyport") == 0o750
    configuration = tmp_path / "etc/sallyport/sallyport.yaml"
    assert mode(configuration) == 0o640
    assert configuration.read_text() == (ROOT / "Config/sallyport.yaml").read_text()
    assert (tmp_path / "usr/lib/systemd/system/sallyport.service").is_file()
    run = subprocess.run([tmp_path / "usr/bin/sallyport", "version"], capture_output=True)
    assert run.returncode == 0


def test_upgrade_keeps_the_configuration(tmp_path):
    install(tmp_path)
    configuration = tmp_path / "etc/sallyport/sallyport.yaml"
    configuration.write_text("own")
    (tmp_path / "usr/bin/sallyport").write_text("old")
    install(tmp_path)
    assert configuration.read_text() == "own"
    assert (tmp_path / "usr/bin/sallyport").stat().st_size == binary().stat().st_size


def test_missing_binary(tmp_path):
    environment = {**os.environ, "DESTDIR": str(tmp_path), "BINARY": "/nonexistent"}
    run = subprocess.run([INSTALLER], env=environment, capture_output=True, text=True)
    assert run.returncode == 1 and "swift build" in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_paths_with_spaces(tmp_path):
    install(tmp_path / "a folder")
    assert (tmp_path / "a folder/usr/bin/sallyport").is_file()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_unit_is_valid(tmp_path):
    install(tmp_path)
    unit = tmp_path / "usr/lib/systemd/system/sallyport.service"
    text = unit.read_text().replace("/usr/bin/sallyport", str(tmp_path / "usr/bin/sallyport"))
    assert "ExecReload=/bin/kill -HUP $MAINPID" in text
    unit.write_text(text)
    run = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")
