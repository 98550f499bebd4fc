"""The schema extension on the host's database, in each of its shapes, by our runner and by psql."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta

import psycopg2
import pytest

from database import migrate
from database.connection import Database
from database.host_tables import EVENTS, PARTICIPANTS, RESULTS
from database.postgres_binaries import PostgresSource, find_binaries
from providers.errors import DatabaseRefused

START = datetime(2025, 6, 1, 7)  # noqa: DTZ001 - as the host keeps it

CATALOG = """
SELECT line FROM (
    SELECT format('column %s %s %s %s null=%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  coalesce(pg_get_expr(d.adbin, d.adrelid), '-'), NOT a.attnotnull, a.attgenerated) AS line
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
        AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('index %s valid=%s', pg_get_indexdef(indexrelid), indisvalid)
    FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('view %s %s', relname, pg_get_viewdef(oid))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
    UNION ALL
    SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('ledger %s %s', name, version) FROM ct_live_migrations
    UNION ALL
    SELECT format('provider %s %s', provider_id, name) FROM providers
) AS lines ORDER BY line
"""

OLD_VIEW = {
    "source_provider": "varchar(50)",
    "timing_partner_id": "integer",
    "event_id": "varchar(100)",
    "bib_number": "varchar(20)",
    "first_name": "varchar(100)",
    "last_name": "varchar(100)",
    "gender": "varchar(10)",
    "age": "integer",
    "results_time": "{times}",
    "results_gun_time": "{times}",
    "overall_place": "integer",
    "created_at": "timestamp",
}
OLD_VIEW_SOURCES = {
    "source_provider": "'ChronoTrack'",
    "bib_number": "results_bib",
    "first_name": "results_first_name",
    "last_name": "results_last_name",
    "gender": "results_sex",
    "age": "results_age",
    "overall_place": "results_rank",
    "fetched_date": "created_at",
}

OTHER_PROVIDERS = """
CREATE TABLE runsignup_results (
    event_id integer, bib_number varchar(20), first_name varchar(100), last_name varchar(100),
    chip_time interval, clock_time interval, overall_place integer, gender_place integer,
    division_place integer, created_at timestamp DEFAULT now(), timing_partner_id integer);
CREATE TABLE copernico_results (
    event_id varchar(100), participant_id varchar(100), bib_number varchar(20), first_name varchar(100),
    last_name varchar(100), total_time interval, {place} integer, gender_place integer,
    division_place integer, timing_partner_id integer, created_at timestamp DEFAULT now());
INSERT INTO runsignup_results (event_id, bib_number, chip_time, overall_place, gender_place)
VALUES (900, '1', '00:40:00', 4, 2);
INSERT INTO copernico_results (event_id, bib_number, total_time, {place}, division_place)
VALUES ('c1', '2', '00:50:00.25', 5, 3);
"""


def view_statement(columns=OLD_VIEW, times="interval"):
    listed = ", ".join(
        f"{OLD_VIEW_SOURCES.get(name, name)}::{type_.format(times=times)} AS {name}"
        for name, type_ in columns.items()
    )
    return f"CREATE VIEW unified_results AS SELECT {listed} FROM ct_results"


def apply(dsn, *scripts):
    database = Database(dsn)
    for script in scripts or (migrate.EXTENSION,):
        migrate.apply(database, script)
    database.close()


def catalog(query):
    return [row["line"] for row in query(CATALOG)]


def columns(query, table):
    return {
        row["attname"]: row["type"]
        for row in query(
            "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
            table,
        )
    }


@pytest.fixture
def psql(state):
    """psql itself: next to the server's programs, or on the PATH."""
    beside = find_binaries(PostgresSource.AUTO, state).folder / "psql"
    program = str(beside) if beside.exists() else shutil.which("psql")
    if program is None:
        pytest.skip("there is no psql on this machine")

    def run(dsn, script, *options, **environ):
        return subprocess.run(
            [program, "-X", "-q", *options, "-f", str(script), dsn],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], **environ},
        )

    return run


# Both ways, and twice ---------------------------------------------------------------------------------


def test_psql_and_our_runner_make_the_same_database(make_dsn, open_query, psql, query):
    other = make_dsn()

    for script in (migrate.BASE_SCHEMA, migrate.EXTENSION):
        answer = psql(other, script, "-v", "ON_ERROR_STOP=1")
        assert (answer.returncode, answer.stderr) == (0, "")

    assert catalog(open_query(other)) == catalog(query)


def test_applied_twice_it_changes_nothing(dsn, query):
    before = catalog(query)

    apply(dsn, migrate.BASE_SCHEMA, migrate.EXTENSION)

    assert catalog(query) == before


def test_a_view_that_readers_are_granted_stays_granted(make_dsn, open_query):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("GRANT SELECT ON unified_results TO pg_monitor")
    before = query("SELECT pg_get_viewdef('unified_results') AS text")[0]["text"]

    apply(dsn)

    assert query("SELECT has_table_privilege('pg_monitor', 'unified_results', 'SELECT') AS may")[0]["may"]
    assert query("SELECT name, definition FROM ct_live_replaced_views") == [
        {"name": "unified_results", "definition": before}
    ]


def test_an_index_that_was_interrupted_is_built_again(dsn, query):
    before = catalog(query)
    query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ct_results_live_event'::regclass")

    apply(dsn)

    assert catalog(query) == before


# Shapes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [EVENTS, PARTICIPANTS, RESULTS], ids=lambda table: table.name)
def test_every_column_that_we_fill_exists_in_shape_m(query, table):
    # In shape M end_date is generated.
    assert set(table.columns) - set(columns(query, table.name)) == set()


def test_shape_c_gains_the_same_columns_as_shape_m(query, shape_c_dsn, open_query, make_dsn, shape_c):
    bare_c, bare_m = open_query(make_dsn()), make_dsn()
    bare_c(shape_c)
    apply(bare_m, migrate.BASE_SCHEMA)
    bare_m = open_query(bare_m)
    shape_c_query = open_query(shape_c_dsn)

    for table in ("ct_events", "ct_participants", "ct_results", "sync_history"):
        gained_m = set(columns(query, table).items()) - set(columns(bare_m, table).items())
        gained_c = set(columns(shape_c_query, table).items()) - set(columns(bare_c, table).items())
        assert gained_c == gained_m
        # What the host has stays where it is, and as it is.
        host = list(columns(bare_c, table).items())
        assert list(columns(shape_c_query, table).items())[: len(host)] == host


def test_start_and_end_of_tcp_events_are_those_of_the_host(query):
    query(
        "INSERT INTO ct_events (event_id, event_start_time, event_end_time) VALUES ('1', %s, %s)",
        START,
        START,
    )

    assert query("SELECT start_date, end_date FROM ct_events") == [{"start_date": START, "end_date": START}]


def test_in_shape_c_an_event_has_no_end_but_one_of_its_own(shape_c_dsn, open_query):
    query = open_query(shape_c_dsn)
    query("INSERT INTO ct_events (event_id, event_start_time) VALUES ('1', %s)", START)

    query("UPDATE ct_events SET end_date = %s", START + timedelta(hours=5))

    assert query("SELECT start_date, end_date FROM ct_events") == [
        {"start_date": START, "end_date": START + timedelta(hours=5)}
    ]


# The unified view -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "created"),
    [("interval", "created_at"), ("varchar(50)", "fetched_date"), ("text", "created_at")],
)
def test_the_unified_view_keeps_its_columns_and_gains_four_at_its_end(
    make_dsn, open_query, shape_c, times, created
):
    dsn = make_dsn()
    query = open_query(dsn)
    query(shape_c)
    names = [created if name == "created_at" else name for name in OLD_VIEW]
    query(view_statement(dict(zip(names, OLD_VIEW.values(), strict=True)), times))
    before = list(columns(query, "unified_results").items())

    apply(dsn)

    after = list(columns(query, "unified_results").items())
    assert after[: len(before)] == before
    assert [name for name, _ in after[len(before) :]] == [
        "data_source",
        "gender_place",
        "division_place",
        "result_status",
    ]


@pytest.mark.parametrize("place", ["overall_position", "overall_place"])
def test_the_unified_view_has_the_other_providers_results_too(make_dsn, open_query, shape_c, place):
    dsn = make_dsn()
    query = open_query(dsn)
    query(shape_c + OTHER_PROVIDERS.format(place=place))
    query(view_statement())

    apply(dsn)

    rows = query(
        "SELECT source_provider, event_id, bib_number, results_time, overall_place, gender_place,"
        " division_place, data_source FROM unified_results ORDER BY bib_number"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("RunSignUp", "900", "1", timedelta(minutes=40), 4, 2, None, "runsignup"),
        ("Copernico", "c1", "2", timedelta(minutes=50, milliseconds=250), 5, None, 3, "copernico"),
    ]


def test_without_a_view_one_is_made_that_shows_whatever_times_the_host_keeps(shape_c_dsn, open_query):
    query = open_query(shape_c_dsn)

    query("INSERT INTO ct_results (results_time) VALUES ('DNF'), ('00:45:00')")

    assert {row["results_time"] for row in query("SELECT results_time FROM unified_results")} == {
        "DNF",
        "00:45:00",
    }


def test_a_view_with_a_column_that_nobody_told_us_of_is_refused_before_anything_changes(
    make_dsn, open_query, shape_c
):
    dsn = make_dsn()
    query = open_query(dsn)
    query(shape_c)
    query("CREATE VIEW unified_results AS SELECT event_id, 1 AS mystery FROM ct_results")

    with pytest.raises(DatabaseRefused, match="does not know: mystery; nothing was changed"):
        apply(dsn)

    assert "data_source" not in columns(query, "ct_results")


# Refusals ---------------------------------------------------------------------------------------------


def fingerprint(query):
    """Everything in the public schema, tables and rows."""
    tables = query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1")
    described = [(row["relname"], columns(query, row["relname"])) for row in tables]
    return hashlib.sha256(repr((described, query("SELECT * FROM providers"))).encode()).hexdigest()


def test_a_missing_host_table_is_named_and_nothing_is_changed(make_dsn, open_query):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("DROP TABLE ct_results CASCADE; DROP TABLE sync_history")
    before = fingerprint(query)

    with pytest.raises(
        DatabaseRefused, match=r"lacks the host table\(s\) sync_history, ct_results; nothing was"
    ):
        apply(dsn)

    assert fingerprint(query) == before


def test_an_id_that_belongs_to_runsignup_is_left_to_it(make_dsn, open_query):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO providers (name) VALUES ('RunSignUp'), ('ChronoTrack')")
    before = fingerprint(query)

    with pytest.raises(
        DatabaseRefused, match=r"provider_id 1 belongs to RunSignUp; nothing was changed.*=14'"
    ):
        apply(dsn)

    assert fingerprint(query) == before


def test_psql_ends_with_an_error_though_the_guide_calls_it_without_any_option(make_dsn, psql):
    answer = psql(make_dsn(), migrate.EXTENSION)

    assert answer.returncode == 3
    assert "nothing was changed" in answer.stderr


def test_another_provider_id_can_be_chosen_in_psql(make_dsn, open_query, psql):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO providers (name) VALUES ('RunSignUp')")

    answer = psql(dsn, migrate.EXTENSION, PGOPTIONS="-c chronotrack_live.provider_id=14")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert query("SELECT provider_id FROM providers WHERE name = 'ChronoTrack Live'") == [{"provider_id": 14}]
    # The next provider of the host gets an id that is free.
    assert query("INSERT INTO providers (name) VALUES ('Haku') RETURNING provider_id")[0]["provider_id"] == 15


def test_another_provider_id_can_be_chosen_for_our_runner(make_dsn, open_query, monkeypatch):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO providers (name) VALUES ('RunSignUp')")

    monkeypatch.setenv("PGOPTIONS", "-c chronotrack_live.provider_id=14")
    apply(dsn)

    assert query("SELECT provider_id FROM providers WHERE name = 'ChronoTrack Live'") == [{"provider_id": 14}]


def test_the_provider_keeps_its_id_when_the_setting_is_forgotten_later(make_dsn, open_query, monkeypatch):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO providers (name) VALUES ('RunSignUp')")
    with monkeypatch.context() as context:
        context.setenv("PGOPTIONS", "-c chronotrack_live.provider_id=14")
        apply(dsn)

    apply(dsn)

    assert query("SELECT provider_id, name FROM providers ORDER BY 1") == [
        {"provider_id": 1, "name": "RunSignUp"},
        {"provider_id": 14, "name": "ChronoTrack Live"},
    ]


def test_a_host_provider_that_comes_later_gets_an_id_of_its_own(query):
    assert (
        query("INSERT INTO providers (name) VALUES ('RunSignUp') RETURNING provider_id")[0]["provider_id"] > 1
    )


# TCP writers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_tcp_writers_go_on_as_before_and_their_rows_say_so(request, open_query, shape):
    query = open_query(request.getfixturevalue(shape))

    query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time) VALUES ('61611', 'Relay', %s)", START
    )
    query("INSERT INTO ct_participants (entry_id, event_id, entry_bib) VALUES ('1', '61611', '7')")
    query("INSERT INTO ct_results (event_id, results_bib, results_time) VALUES ('61611', '7', '00:45:00')")

    for table in ("ct_events", "ct_participants", "ct_results"):
        assert query(f"SELECT data_source, provider_event_id FROM {table}") == [
            {"data_source": "tcp_hardware", "provider_event_id": None}
        ]
    assert query("SELECT source_provider, bib_number, data_source FROM unified_results") == [
        {"source_provider": "ChronoTrack", "bib_number": "7", "data_source": "tcp_hardware"}
    ]


def test_rows_from_before_the_extension_are_tcp_rows(make_dsn, open_query):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO ct_events (event_id, event_start_time) VALUES ('61611', %s)", START)

    apply(dsn)

    assert query("SELECT data_source, start_date FROM ct_events") == [
        {"data_source": "tcp_hardware", "start_date": START}
    ]


# What the guide runs ----------------------------------------------------------------------------------

CREDENTIALS = """
INSERT INTO partner_provider_credentials (
    timing_partner_id, provider_id, principal, secret, additional_config, created_at
) VALUES (
    1, 1, 'actual_username', 'sha256_encoded_password_hash',
    '{"base_url": "https://chronotrack.com/api/v1", "timeout": 30, "rate_limit": 1500}', NOW()
) ON CONFLICT (timing_partner_id, provider_id)
DO UPDATE SET
    principal = EXCLUDED.principal,
    secret = EXCLUDED.secret,
    additional_config = EXCLUDED.additional_config;
"""
DUPLICATES = """
SELECT
    e1.event_name,
    e1.start_date,
    e1.data_source as ct_live_source,
    e2.data_source as tcp_source
FROM ct_events e1
JOIN ct_events e2 ON e1.timing_partner_id = e2.timing_partner_id
    AND LOWER(e1.event_name) = LOWER(e2.event_name)
    AND ABS(EXTRACT(EPOCH FROM (e1.start_date - e2.start_date))) < 86400
WHERE e1.data_source = 'chronotrack_live'
AND e2.data_source = 'tcp_hardware';
"""
HISTORY = """
SELECT
    timing_partner_id,
    sync_type,
    status,
    participants_synced,
    results_synced,
    sync_time
FROM sync_history
WHERE provider_id = 1
AND sync_time >= NOW() - INTERVAL '24 hours'
ORDER BY sync_time DESC;
"""
ROLLBACK = (
    "DELETE FROM ct_events WHERE data_source = 'chronotrack_live';",
    "DELETE FROM ct_participants WHERE data_source = 'chronotrack_live';",
    "DELETE FROM ct_results WHERE data_source = 'chronotrack_live';",
)


def test_the_guides_check_of_the_schema_finds_its_column(query):
    assert query(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = 'ct_events' AND column_name = 'data_source'"
    ) == [{"column_name": "data_source"}]


def test_the_guides_credentials_can_be_inserted_and_replaced(query):
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")

    query(CREDENTIALS)
    query(CREDENTIALS.replace("actual_username", "another"))

    assert query(
        "SELECT principal, additional_config ->> 'rate_limit' AS l FROM partner_provider_credentials"
    ) == [{"principal": "another", "l": "1500"}]


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_the_guides_queries_run(request, open_query, shape):
    query = open_query(request.getfixturevalue(shape))

    assert query(DUPLICATES) == []
    assert query(HISTORY) == []
    for table in ("ct_events", "ct_participants", "ct_results"):
        assert query(f"SELECT COUNT(*) FROM {table} WHERE data_source = 'chronotrack_live';") == [
            {"count": 0}
        ]
    assert query(
        "SELECT COUNT(*) FROM ct_events WHERE data_source = 'chronotrack_live'"
        " AND created_at >= NOW() - INTERVAL '24 hours';"
    ) == [{"count": 0}]


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_the_guides_rollback_removes_live_rows_and_no_other(request, open_query, shape):
    query = open_query(request.getfixturevalue(shape))
    for source in ("tcp_hardware", "chronotrack_live"):
        query("INSERT INTO ct_events (event_id, data_source) VALUES (%s, %s)", source, source)
        query(
            "INSERT INTO ct_participants (entry_id, event_id, data_source) VALUES (%s, %s, %s)", *[source] * 3
        )
        query("INSERT INTO ct_results (event_id, data_source) VALUES (%s, %s)", source, source)

    for statement in ROLLBACK:
        query(statement)

    for table in ("ct_events", "ct_participants", "ct_results"):
        assert query(f"SELECT data_source FROM {table}") == [{"data_source": "tcp_hardware"}]


# Places in the text -----------------------------------------------------------------------------------


def test_one_api_id_is_kept_once_a_partner_and_source(query):
    insert = (
        "INSERT INTO ct_events (event_id, data_source, provider_event_id, timing_partner_id)"
        " VALUES (%s, %s, '5', 1)"
    )
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
    query(insert, "a", "chronotrack_live")
    query(insert, "b", "another_api")

    with pytest.raises(psycopg2.errors.UniqueViolation):
        query(insert, "c", "chronotrack_live")


def test_the_columns_that_the_refusal_knows_are_those_that_the_view_is_made_of():
    text = migrate.EXTENSION.read_text(encoding="utf-8")
    checked = re.search(r"attname <> ALL \(ARRAY\[(.*?)\]\)", text, re.DOTALL)[1]
    made = re.search(r"columns text\[\] := ARRAY\[(.*?)\]\];", text, re.DOTALL)[1]

    assert re.findall(r"'(\w+)'", checked) == re.findall(r"^ +\['(\w+)'", made, re.MULTILINE)
