"""The unit under systemd's own eyes: it is understood, and it leaves the daemon little to do harm with.

A machine without systemd has no `systemd-analyze`; what it would say is left out there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT

UNIT = ROOT / "operations" / "systemd" / "chronotrack-live-scheduler.service"
LINES = UNIT.read_text(encoding="utf-8").splitlines()
# As "10", "40": the unit has no other times than whole seconds.
SECONDS = {name: int(value) for line in LINES for name, value in re.findall(r"^(\w+Sec)=(\d+)$", line)}
# The highest exposure that is allowed, of 10.
MOST_EXPOSED = 2.5

with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine (package systemd)"
)


@pytest.fixture
def installed(tmp_path):
    """The unit as it is where the package is this one."""
    command = Path(sys.executable).with_name("chronotrack-live")
    text = UNIT.read_text(encoding="utf-8")
    assert "/opt/chronotrack-live/.venv/bin/chronotrack-live" in text
    unit = tmp_path / UNIT.name
    unit.write_text(
        text.replace("/opt/chronotrack-live/.venv/bin/chronotrack-live", str(command)), encoding="utf-8"
    )
    return unit


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def values(name):
    return [line.partition("=")[2] for line in LINES if line.startswith(f"{name}=")]


@with_systemd
def test_systemd_has_nothing_to_say_against_the_unit(installed):
    # --man=no: whether a manual page can be shown is the machine's affair.
    verified = analyze("verify", "--man=no", installed)

    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@with_systemd
def test_systemd_would_complain_of_a_setting_that_it_does_not_know(installed):
    text = installed.read_text(encoding="utf-8")
    installed.write_text(text.replace("[Service]", "[Service]\nRestartLater=5"), encoding="utf-8")

    assert "RestartLater" in analyze("verify", "--man=no", installed).stderr


@with_systemd
def test_the_daemon_is_exposed_no_more_than_is_allowed():
    judged = analyze("security", "--offline=true", "--no-pager", UNIT)

    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert exposure is not None, judged.stderr
    assert float(exposure[1]) <= MOST_EXPOSED


def test_the_daemon_has_longer_to_stop_than_its_collections_have_to_end():
    assert SECONDS["TimeoutStopSec"] > 30


def test_it_is_started_again_after_a_while_however_often_it_failed():
    assert values("Restart") == ["on-failure"]
    assert SECONDS["RestartSec"] >= 5
    assert SECONDS["StartLimitIntervalSec"] == 0


def test_it_tells_systemd_of_itself_and_is_watched():
    assert values("Type") == ["notify"]
    assert values("NotifyAccess") == ["main"]
    assert SECONDS["WatchdogSec"] > 0


def test_a_reload_reads_the_very_settings_that_the_daemon_began_with():
    [file] = values("EnvironmentFile")

    assert values("ExecStart")[0].endswith(f" scheduler --settings {file}")
    assert values("ExecReload") == ["/bin/kill -HUP $MAINPID"]


def test_the_unit_holds_no_setting_of_its_own_that_is_secret():
    assert values("EnvironmentFile") == ["/etc/chronotrack-live/environment"]
    assert not any("DATABASE_URL" in setting for setting in values("Environment"))
