"""What the SQL linter is told: it reads what the store composes and psql runs, and passes over nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SETTINGS = Path(__file__).resolve().parents[2] / ".sqruff"
COMPOSED = """\
\\set ON_ERROR_STOP on

-- name: update_changed
UPDATE {table} AS kept
SET {assignments}, updated_at = %(at)s
FROM {staged} AS staged
WHERE {match} AND ({kept_columns}) IS DISTINCT FROM ({staged_columns});

-- name: partners
SELECT name FROM providers WHERE provider_id = ANY (%(partners)s::integer[]);
"""
LONG = "-- A line of a long file.\n" * 2_000 + "SELECT name FROM providers;\n"


@pytest.fixture
def lint(tmp_path):
    """Lints a text as `make style` does; returns the exit status."""
    shutil.copy(SETTINGS, tmp_path)
    sqruff = Path(sys.executable).with_name("sqruff")

    def lint(text):
        (tmp_path / "queries.sql").write_text(text, encoding="utf-8")
        command = [sqruff, "lint", "--quiet", "--parsing-errors", "."]
        return subprocess.run(command, cwd=tmp_path, capture_output=True).returncode

    return lint


@pytest.mark.parametrize("text", [COMPOSED, LONG], ids=["composed", "long"])
def test_what_is_written_as_it_should_be_passes(lint, text):
    assert lint(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "SELECT name FROM WHERE provider_id = 1;\n",
        "select name FROM providers;\n",
        "SELECT name FROM providers WHERE api_base_url = NULL;\n",
        COMPOSED.replace("SET {assignments}, ", "{assignments}, "),
        f"{LONG}SELECT name FROM WHERE provider_id = 1;\n",
    ],
    ids=["unreadable", "lower case", "equal to NULL", "composed and unreadable", "at the end of a long file"],
)
def test_what_cannot_be_read_or_is_written_otherwise_fails(lint, text):
    assert lint(text) == 1
