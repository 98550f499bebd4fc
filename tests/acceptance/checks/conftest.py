"""`chronotrack-live check` as a process, with its report."""

from __future__ import annotations

import orjson
import pytest


@pytest.fixture
def check(run, tmp_path):
    """Runs the checks; returns the process and the report that it wrote, None when it wrote none."""
    file = tmp_path / "report.json"

    def go(*arguments, **settings):
        file.unlink(missing_ok=True)
        done = run("check", "--report", file, *arguments, **settings)
        assert "Traceback" not in done.stderr
        return done, orjson.loads(file.read_bytes()) if file.exists() else None

    return go


@pytest.fixture
def dump(query):
    """Dumps the database as it is: every row of every table with its version, and every sequence."""

    def everything():
        return query(
            "SELECT relname, query_to_xml(CASE relkind"
            " WHEN 'S' THEN format('SELECT last_value, is_called FROM %I', relname)"
            " ELSE format('SELECT xmin::text, kept.* FROM %I AS kept ORDER BY ctid', relname) END,"
            " true, true, '')::text AS content"
            " FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )

    return everything
