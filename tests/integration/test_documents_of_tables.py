"""What the documents say of tables, columns and roles is what the extension makes; their SQL runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from database import migrate
from tests.integration.catalogs import apply
from tests.unit.documents import OPERATIONS, PROVIDER_15, ROOT, TABLES, bare, blocks, read, tables

COLUMNS = """
    SELECT c.relname || '.' || a.attname AS name,
        replace(replace(format_type(a.atttypid, a.atttypmod), 'character varying', 'varchar'),
                'timestamp without time zone', 'timestamp')
        || CASE WHEN a.attnotnull THEN ', not null' ELSE '' END AS type
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
"""
FUNCTIONS = """
    SELECT proname || '(' || array_to_string(proargnames[1 : pronargs], ', ') || ')' AS signature
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_pkey'"
ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'chronotrack\\_live%'"
SQL = [block for page in (TABLES, OPERATIONS, PROVIDER_15) for block in blocks(page, "sql")]


def described():
    """The documented columns of tables and views with their types."""
    return {
        f"{bare(table.under)}.{bare(row[0])}": row[1]
        for table in tables(TABLES)
        if table.columns[:2] == ["column", "type"]
        for row in table.rows
    }


def named(first_column):
    return {
        bare(row[0]) for table in tables(TABLES) if table.columns[0] == first_column for row in table.rows
    }


def columns_of(query):
    return {row["name"]: row["type"] for row in query(COLUMNS)}


CATALOGS = {"columns": COLUMNS, "functions": FUNCTIONS, "indexes": INDEXES}


@pytest.fixture
def before_and_after(make_dsn, open_query):
    """What answers for the host's tables alone, and for the same with the extension."""
    host = make_dsn()
    apply(host, migrate.BASE_SCHEMA)
    query = open_query(host)
    before = {name: query(statement) for name, statement in CATALOGS.items()}
    apply(host, migrate.EXTENSION)
    return before, {name: query(statement) for name, statement in CATALOGS.items()}


def test_every_column_that_the_extension_brings_is_described_with_its_type_and_no_other_one(before_and_after):
    before, after = before_and_after
    there = {row["name"]: row["type"] for row in before["columns"]}

    brought = {row["name"]: row["type"] for row in after["columns"] if row["name"] not in there}
    assert len(brought) > 100
    assert described() == brought


def test_in_the_other_shape_the_extension_brings_the_same_columns(shape_c, make_dsn, open_query, shape_c_dsn):
    host = make_dsn()
    open_query(host)(shape_c)

    brought = columns_of(open_query(shape_c_dsn)).keys() - columns_of(open_query(host)).keys()
    # This host had no unified_results: there, the whole view is new.
    assert {name for name in brought if not name.startswith("unified_results.")} == {
        name for name in described() if not name.startswith("unified_results.")
    }


def test_every_function_and_index_of_the_extension_is_described(before_and_after):
    before, after = before_and_after
    functions = {row["signature"] for row in after["functions"]} - {
        row["signature"] for row in before["functions"]
    }
    indexes = {row["indexname"] for row in after["indexes"]} - {row["indexname"] for row in before["indexes"]}
    # These are made where the host has none of their columns; this one has.
    spared = {"ct_participants_of_event", "ct_results_of_event"}

    assert named("function") == functions
    assert named("index") == indexes | spared


def test_every_role_is_described(query):
    assert named("role") == {row["rolname"] for row in query(ROLES)}


def test_the_hosts_columns_of_the_history_are_its_own(query):
    [used] = [
        table for table in tables(TABLES) if table.under == "`sync_history`" and table.columns[1] == "meaning"
    ]
    names = {name for row in used.rows for name in re.findall(r"`(\w+)`", row[0])}

    assert len(names) > 10
    assert {f"sync_history.{name}" for name in names} <= columns_of(query).keys()


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_every_statement_of_the_documents_runs_in_either_shape(request, open_query, shape):
    query = open_query(request.getfixturevalue(shape))
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")

    assert len(SQL) > 8
    for block in SQL:
        query(block)


def test_the_leaders_that_an_analyst_asks_for_are_found(hub, open_query, dsn):
    [leaders] = [block for block in SQL if "The leaders of a live event" in block]
    query = open_query(dsn)
    query(
        "INSERT INTO ct_events (event_id, data_source, timing_partner_id) VALUES ('ctlive:7:91649', %s, 1)",
        "chronotrack_live",
    )
    for place, status in ((2, "finished"), (1, "finished"), (None, "dnf")):
        query(
            "INSERT INTO ct_results (event_id, data_source, overall_place, result_status)"
            " VALUES ('ctlive:7:91649', 'chronotrack_live', %s, %s)",
            place,
            status,
        )

    assert [row["overall_place"] for row in query(leaders)] == [1, 2]


def test_the_operators_functions_run_a_command_with_the_settings_of_the_service(dsn, tmp_path):
    # The guide's `live`, but for `sudo`: the same folders elsewhere, the same command of this environment.
    [function] = re.findall(r"^live\(\) \{\n.*?^\}$", read(OPERATIONS), re.MULTILINE | re.DOTALL)
    assert function.count("sudo -u chronotrack-live ") == 1
    settings = tmp_path / "environment"
    # As a person writes it who has followed the guide: what the shell would stumble over is in quotes.
    settings.write_text(f"# the hub\nDATABASE_URL='{dsn}'\n", encoding="utf-8")
    for here, there in (
        ("sudo -u chronotrack-live ", ""),
        ("/etc/chronotrack-live/environment", str(settings)),
        ("/var/lib/chronotrack-live", str(tmp_path)),
        ("/opt/chronotrack-live/.venv/bin/", f"{Path(sys.executable).parent}/"),
    ):
        function = function.replace(here, there)

    done = subprocess.run(
        ["bash", "-c", f"{function}\nlive migrate --check"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "nothing is pending\n"), done.stderr
