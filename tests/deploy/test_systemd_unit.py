"""deploy/systemd, as systemd itself judges it; test_deb_on_a_bare_machine.py runs it."""

import re
import subprocess

from machine import PROJECT
from package import PROGRAM

UNIT = PROJECT / "deploy/systemd/postern.service"


def analyze(*words) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)


def test_systemd_finds_no_fault_in_it(tmp_path):
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/usr/bin/postern", str(PROGRAM)))
    done = analyze("verify", "--man=no", here)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_its_exposure_is_low():
    judged = analyze("security", "--offline=yes", UNIT)
    level = re.search(r"exposure level for postern.service: ([\d.]+)", judged.stdout)
    assert float(level.group(1)) < 2.0


def test_it_has_time_to_drain():
    (seconds,) = re.findall(r"(?m)^TimeoutStopSec=(\d+)s$", UNIT.read_text())
    (drain,) = re.findall(r"(?m)^#drain: (\d+)s$", (PROJECT / "conf/postern.yml").read_text())
    assert int(seconds) > int(drain)


def test_user_and_folders_are_those_of_the_unit():
    unit = UNIT.read_text()
    sysusers = (UNIT.parent / "sysusers.conf").read_text().split()
    assert f"User={sysusers[1]}" in unit
    state, backups = (line.split() for line in (UNIT.parent / "tmpfiles.conf").read_text().splitlines())
    for kind, _, mode, owner, group, _ in (state, backups):
        assert kind == "d" and f"StateDirectoryMode={mode}" in unit and f"User={owner}\nGroup={group}" in unit
    assert f"#data_dir: {state[1]}\n" in (PROJECT / "conf/postern.yml").read_text()
    assert f"ReadWritePaths=-{backups[1]}\n" in unit
