"""Whom the server belongs to: nobody for root, and else whoever started it."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from tests.integration.embedded.processes import (
    ON_LINUX,
    folder_of,
    only_as_root,
    postmaster,
    processes,
    wait_until,
)

pytestmark = pytest.mark.rehearsal


@only_as_root
def test_roots_server_belongs_to_nobody_and_lets_nobody_else_in(state, server):
    nobody = pwd.getpwnam("nobody").pw_uid
    folder = folder_of(state)
    for private in ("data", "socket"):
        assert ((folder / private).stat().st_uid, (folder / private).stat().st_mode & 0o777) == (
            nobody,
            0o700,
        )
    assert folder.stat().st_uid == 0
    if ON_LINUX:
        assert Path(f"/proc/{postmaster(state)}").stat().st_uid == nobody


@only_as_root
def test_an_ordinary_user_has_a_server_of_their_own(state, user):
    nobody = pwd.getpwnam("nobody")
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    # Root's interpreter may lie where nobody else can go: any that has the driver will do.
    account["env"] = {"PYTHONPATH": str(Path(psycopg2.__file__).parents[1])}
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            subprocess.run([python, "-c", "import psycopg2"], check=True, capture_output=True, **account)
        except (OSError, subprocess.CalledProcessError):
            continue
        break
    else:
        pytest.skip("no Python with psycopg2 that an ordinary user could run")
    state.mkdir(0o700)
    os.chown(state, nobody.pw_uid, nobody.pw_gid)
    first, second = (user(python=python, **account) for _ in range(2))
    assert first.has_started()
    assert second.has_started()
    assert {path.stat().st_uid for path in state.rglob("*")} == {nobody.pw_uid}
    assert (state / "postgres").stat().st_mode & 0o777 == 0o700
    first.leave()
    assert processes(state)
    second.kill()
    wait_until(lambda: not processes(state))
