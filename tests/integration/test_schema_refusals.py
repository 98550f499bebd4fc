"""Where the schema extension refuses, it says why and changes nothing."""

from __future__ import annotations

import hashlib
import re
import uuid

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import make_dsn

from database import migrate
from providers.errors import DatabaseRefused
from tests.integration.catalogs import apply, columns


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
        DatabaseRefused, match=r"provider_id 1 belongs to RunSignUp; nothing was changed.*=3'"
    ):
        apply(dsn)

    assert fingerprint(query) == before


def test_psql_ends_with_an_error_though_the_guide_calls_it_without_any_option(make_dsn, psql):
    answer = psql(make_dsn(), migrate.EXTENSION)

    assert answer.returncode == 3
    assert "nothing was changed" in answer.stderr


def test_the_columns_that_the_refusal_knows_are_those_that_the_view_is_made_of():
    text = migrate.EXTENSION.read_text(encoding="utf-8")
    checked = re.search(r"attname <> ALL \(ARRAY\[(.*?)\]\)", text, re.DOTALL)[1]
    made = re.search(r"columns text\[\] := ARRAY\[(.*?)\]\];", text, re.DOTALL)[1]

    assert re.findall(r"'(\w+)'", checked) == re.findall(r"^ +\['(\w+)'", made, re.MULTILINE)


# Whose names, which version ---------------------------------------------------------------------------


@pytest.fixture
def host(make_dsn, open_query):
    """The host's tables, before anything of ours: the address and a way to ask."""
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    return dsn, open_query(dsn)


def refused(host, words):
    """The refusal, after which all is as it was."""
    dsn, query = host
    before = fingerprint(query)
    with pytest.raises(DatabaseRefused, match=words):
        apply(dsn)
    assert fingerprint(query) == before


def test_a_view_of_somebody_else_with_one_of_our_names_is_left_alone(host):
    host[1]("CREATE VIEW ct_live_events AS SELECT 1 AS something")

    refused(host, r"There is a ct_live_events that is not of this integration; nothing was changed.*RENAME")


def test_a_materialized_unified_results_is_not_dropped_with_what_is_built_on_it(host):
    host[1]("ALTER VIEW unified_results RENAME TO before")
    host[1]("CREATE MATERIALIZED VIEW unified_results AS SELECT * FROM before")
    host[1]("CREATE VIEW board AS SELECT * FROM unified_results")

    refused(host, r"unified_results is a materialized view, and built on it: board; it cannot be replaced")


def test_a_column_of_unified_results_that_we_do_not_know_is_named(host):
    host[1]("DROP VIEW unified_results")
    host[1]("CREATE VIEW unified_results AS SELECT 1 AS bib_number, 2 AS weather")

    refused(host, r"column\(s\) that this integration does not know: weather; nothing was changed")


def test_a_later_version_is_not_replaced_by_this_one(dsn, query):
    query("INSERT INTO ct_live_migrations (name, version) VALUES ('chronotrack_live_schema_extension', 6)")

    refused((dsn, query), r"has version 6 of the extension, this script is version 5; nothing was changed")


def test_two_do_not_apply_it_at_once(host, open_query):
    other = open_query(host[0])
    other("SELECT pg_advisory_lock(hashtextextended('chronotrack_live_schema_extension', 88))")

    refused(host, r"Another session is applying this script right now; nothing was changed")


# The provider's id --------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["fourteen", "0", "-3", "99999999999"])
def test_a_provider_id_that_is_none_is_refused(host, monkeypatch, chosen):
    monkeypatch.setenv("PGOPTIONS", f"-c chronotrack_live.provider_id={chosen}")

    refused(host, rf"chronotrack_live.provider_id is {chosen}, not a positive whole number")


def test_another_provider_id_than_the_one_that_is_there_is_refused(dsn, query, monkeypatch):
    monkeypatch.setenv("PGOPTIONS", "-c chronotrack_live.provider_id=14")

    refused((dsn, query), r"ChronoTrack Live has provider_id 1 in this database, not 14; nothing was changed")


# Privileges ---------------------------------------------------------------------------------------------

_LACKING = {
    r"ownership of ct_results \(it is \w+'s\)": "ALTER TABLE ct_results OWNER TO CURRENT_USER",
    r"ownership of unified_results \(it is \w+'s\)": "ALTER VIEW unified_results OWNER TO CURRENT_USER",
    r"CREATE on schema public": "REVOKE CREATE ON SCHEMA public FROM {role}",
    r"REFERENCES on timing_partners": "REVOKE REFERENCES ON timing_partners FROM {role}",
    r"INSERT on providers": "REVOKE INSERT ON providers FROM {role}",
    r"UPDATE on public.providers_provider_id_seq": "REVOKE UPDATE ON providers_provider_id_seq FROM {role}",
    r"SELECT on runsignup_results for {role}": "REVOKE SELECT ON runsignup_results FROM {role}",
}


@pytest.fixture
def owner(host):
    """A role that has just what the extension needs, and the same host as it sees it."""
    dsn, query = host
    role = f"owner_{uuid.uuid4().hex[:12]}"
    query(f"CREATE ROLE {role} LOGIN")
    query("CREATE TABLE runsignup_results (event_id varchar(100), bib_number varchar(20))")
    for table in (
        "ct_events",
        "ct_participants",
        "ct_results",
        "ct_races",
        "sync_history",
        "unified_results",
    ):
        query(f"ALTER TABLE {table} OWNER TO {role}")
    query(f"GRANT CREATE ON SCHEMA public TO {role}")
    query(f"GRANT REFERENCES, SELECT ON timing_partners TO {role}")
    query(f"GRANT SELECT, INSERT ON providers TO {role}")
    query(f"GRANT SELECT ON partner_provider_credentials TO {role}")
    query(f"GRANT SELECT, UPDATE ON providers_provider_id_seq TO {role}")
    query(f"GRANT SELECT ON runsignup_results TO {role}")
    yield role, make_dsn(dsn, user=role), query
    query(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_the_owner_of_the_hosts_tables_needs_no_more_than_is_checked(owner):
    _, dsn, query = owner

    apply(dsn)
    apply(dsn)

    assert query("SELECT count(*) AS n FROM unified_results") == [{"n": 0}]


@pytest.mark.parametrize("lack", _LACKING)
def test_a_privilege_that_is_missing_is_named_and_nothing_is_changed(owner, lack):
    role, dsn, query = owner
    query(_LACKING[lack].format(role=role))
    before = fingerprint(query)

    with pytest.raises(
        DatabaseRefused, match=rf"The role {role} lacks: {lack.format(role=role)}.*; nothing was changed"
    ):
        apply(dsn)

    assert fingerprint(query) == before


# What the host has already ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "named"),
    [
        ("ct_events ADD data_source varchar(50)", "ct_events.data_source, which is to be varchar"),
        ("ct_results ADD data_source varchar(50) NOT NULL DEFAULT 'manual'", "ct_results.data_source, which"),
        ("ct_results ADD chip_time varchar(20)", "ct_results.chip_time, which is to be interval"),
        ("sync_history ADD results_synced text", "sync_history.results_synced, which is to be integer"),
    ],
)
def test_a_column_of_the_host_that_cannot_be_used_is_named(host, column, named):
    host[1](f"ALTER TABLE {column}")

    refused(host, rf"There is already a column {named}.*; nothing was changed")


def test_a_column_of_the_host_that_can_be_used_is_used(host):
    dsn, query = host
    query("ALTER TABLE ct_events ADD data_source varchar(30) NOT NULL DEFAULT 'tcp_hardware'")
    query("ALTER TABLE ct_results ADD updated_at timestamp, ADD division text")

    apply(dsn)

    added = {(row["table_name"], row["column_name"]) for row in query("SELECT * FROM ct_live_added_columns")}
    assert not added & {
        ("ct_events", "data_source"),
        ("ct_results", "updated_at"),
        ("ct_results", "division"),
    }
    assert ("ct_results", "data_source") in added


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (
            "CREATE FUNCTION check_duplicate_chronotrack_event(name varchar, at timestamp, partner integer)"
            " RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "check_duplicate_chronotrack_event",
        ),
        ("CREATE INDEX ct_results_provider_result ON ct_results (results_bib)", "ct_results_provider_result"),
        ("CREATE INDEX ct_results_of_event ON ct_results (results_bib)", "ct_results_of_event"),
    ],
)
def test_a_function_or_index_of_somebody_else_with_one_of_our_names_is_left_alone(host, statement, name):
    host[1](statement)

    refused(host, rf"There is a {name}.* that is not of this integration; nothing was changed")


def test_a_partitioned_table_is_refused(host):
    _, query = host
    query("ALTER TABLE ct_results RENAME TO before")
    query("CREATE TABLE ct_results (id integer, event_id varchar(100)) PARTITION BY RANGE (id)")

    refused(host, "ct_results is no ordinary table")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_keep_every_name_is_refused(make_dsn, open_query, encoding):
    dsn = make_dsn("template0", f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'")
    apply(dsn, migrate.BASE_SCHEMA)

    refused((dsn, open_query(dsn)), f"keeps its texts in {encoding}; nothing was changed")


def test_a_session_that_was_refused_holds_nobody_up(make_dsn, open_query):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO providers (name) VALUES ('RunSignUp')")
    session = psycopg2.connect(dsn)
    session.autocommit = True
    with session.cursor() as cursor, pytest.raises(psycopg2.errors.RaiseException):
        migrate.run(cursor, migrate.statements(migrate.EXTENSION.read_text(encoding="utf-8")))
    query("UPDATE providers SET provider_id = 2")

    apply(dsn)

    with session.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
    session.close()


def test_tables_that_are_published_to_subscribers_are_told(host, psql):
    host[1]("CREATE PUBLICATION display FOR TABLE ct_results")

    answer = psql(host[0], migrate.EXTENSION)

    assert answer.returncode == 0
    assert "WARNING:  Published by display: a subscriber stops until" in answer.stderr
