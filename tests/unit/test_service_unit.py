"""What systemctl says of the unit, and what it says where there is none."""

from __future__ import annotations

import time

import pytest

from operations.service_unit import ServiceUnit, SystemdAway, service_unit


@pytest.fixture
def systemctl(monkeypatch, tmp_path):
    """Puts a systemctl on the PATH that does what it is told to."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def does(script):
        (tmp_path / "systemctl").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / "systemctl").chmod(0o755)

    return does


def shows(**properties):
    return "cat <<'END'\n" + "\n".join(f"{name}={value}" for name, value in properties.items()) + "\nEND"


def test_a_unit_is_as_systemd_shows_it_and_for_how_long(systemctl):
    changed = time.clock_gettime(time.CLOCK_MONOTONIC) - 30
    systemctl(
        shows(
            LoadState="loaded",
            ActiveState="activating",
            SubState="auto-restart",
            NRestarts=4000,
            StateChangeTimestampMonotonic=round(changed * 1e6),
        )
    )

    unit = service_unit()

    assert (unit.active, unit.sub, unit.restarts) == ("activating", "auto-restart", 4000)
    assert 29 < unit.seconds < 90


def test_what_systemd_does_not_say_is_not_known(systemctl):
    systemctl(shows(LoadState="masked", ActiveState="inactive", SubState="dead"))

    assert service_unit() == ServiceUnit("inactive", "dead", 0, None)


@pytest.mark.parametrize(
    "script",
    [
        shows(LoadState="not-found", ActiveState="inactive", SubState="dead"),
        "echo 'System has not been booted with systemd as init system (PID 1).' >&2; exit 1",
        "echo \"Running in chroot, ignoring command 'show'\" >&2",
    ],
    ids=["no such unit", "not booted", "chroot"],
)
def test_where_there_is_no_systemd_or_no_such_unit_there_is_none(systemctl, script):
    systemctl(script)

    assert service_unit() is None


def test_where_there_is_no_systemctl_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert service_unit() is None


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            "echo 'Failed to connect to bus: Host is down.' >&2; exit 1",
            "Failed to connect to bus: Host is down",
        ),
        ("exit 4", "systemctl ended with 4 and said nothing"),
        ("exit 0", "systemctl ended with 0 and said nothing"),
    ],
)
def test_a_systemd_that_is_there_and_does_not_answer_is_said_to_be_away(systemctl, script, why):
    systemctl(script)

    with pytest.raises(SystemdAway, match=why):
        service_unit()
