"""Root and the state folder of another user: root makes nothing in it that this user could not open."""

from __future__ import annotations

import os
import pwd

import pytest

from tests.integration.embedded.processes import only_as_root

# What draws from the request budgets, or keeps what people were told.
USES_IT = [
    ("credentials", "test", 1),
    ("scheduler",),
    ("scheduler", "--once"),
    ("backfill", "--yes"),
    ("events", "collect", "ctlive:1:91649"),
    ("check", "--dry-run"),
    ("check", "--simulator"),
    ("monitor", "--notify", "json://somebody:geheim@127.0.0.1:9"),
    ("demo",),
]
DOES_WITHOUT = [
    ("credentials", "list"),
    ("events", "list"),
    ("events", "pause", "ctlive:1:91649"),
    ("migrate", "--check"),
    ("monitor",),
    ("scheduler", "--plan"),
]

pytestmark = only_as_root


@pytest.fixture
def environment(environment, dsn, tmp_path, add_partner, simulator, query):
    """As for any command, but the operator's, who is root; the state folder is nobody's, and has a budget."""
    add_partner(base_url=simulator.base_url)
    query(
        "INSERT INTO ct_events (event_id, timing_partner_id, data_source, provider_event_id, event_name)"
        " VALUES ('ctlive:1:91649', 1, 'chronotrack_live', '91649', 'Marathon')"
    )
    nobody = pwd.getpwnam("nobody")
    for folder in (tmp_path / "state", tmp_path / "state" / "budget"):
        folder.mkdir(0o700)
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return environment | {"DATABASE_URL": dsn, "NO_COLOR": "1"}


def test_whatever_makes_files_there_is_refused_in_a_sentence_and_makes_none(run, tmp_path):
    for command in USES_IT:
        done = run(*command)

        said = done.stdout if command[0] == "monitor" else done.stderr
        assert done.returncode == (3 if command[0] == "monitor" else 2), (command, done.stderr)
        assert "belongs to nobody" in said.splitlines()[-1], (command, done.stderr)
        assert f"sudo -u nobody env CHRONOTRACK_LIVE_STATE={tmp_path / 'state'} ..." in said
        assert "geheim" not in done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "state").rglob("*")] == ["budget"]


def test_whatever_needs_nothing_of_it_works_and_makes_nothing_there_either(run, tmp_path):
    for command in DOES_WITHOUT:
        done = run(*command)

        assert done.returncode == 0 or command[0] == "monitor", (command, done.stderr)
        assert "belongs to nobody" not in done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "state").rglob("*")] == ["budget"]
