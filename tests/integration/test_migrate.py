"""Applying the SQL files, and knowing what is pending."""

from __future__ import annotations

from contextlib import closing

import pytest
from psycopg2.extensions import make_dsn

from database import migrate
from database.connection import Database
from database.migrate import statements
from database.session import Session
from providers.errors import DatabaseRefused, DatabaseUnavailable

_OURS = {
    "ALTER",
    "BEGIN",
    "CALL",
    "COMMIT",
    "CREATE",
    "DO",
    "DROP",
    "GRANT",
    "INSERT",
    "RESET",
    "SELECT",
    "SET",
}


@pytest.fixture
def empty(make_dsn):
    database = Database(make_dsn())
    yield database
    database.close()


def test_a_database_without_the_extension_has_it_pending(empty):
    assert [script.name for script in migrate.pending(empty)] == ["chronotrack_live_schema_extension"]


def test_the_hosts_tables_alone_leave_the_extension_pending(empty):
    migrate.apply(empty, migrate.BASE_SCHEMA)

    assert [script.applied for script in migrate.pending(empty)] == [None]


def test_nothing_is_pending_after_the_extension_was_applied(empty):
    migrate.apply(empty, migrate.BASE_SCHEMA)
    migrate.apply(empty, migrate.EXTENSION)

    assert migrate.pending(empty) == []


def test_an_older_version_in_the_ledger_leaves_the_extension_pending(database, query):
    query("UPDATE ct_live_migrations SET version = 4")

    [script] = migrate.pending(database)
    assert str(script) == "chronotrack_live_schema_extension version 5 (the database has version 4)"


def test_a_statement_that_fails_is_reported_in_postgresqls_words(empty, tmp_path):
    script = tmp_path / "some.sql"
    script.write_text("CREATE TABLE a (b integer);\nSELECT 1 / 0;\nDROP TABLE a;\n", encoding="utf-8")

    with pytest.raises(DatabaseRefused, match=r"^division by zero - "):
        migrate.apply(empty, script)

    # What ran before stays, what comes after did not run.
    with empty.transaction() as cursor:
        cursor.execute("SELECT to_regclass('a') IS NOT NULL AS there")
        assert cursor.fetchone()["there"]


def test_a_busy_table_is_not_waited_for_at_its_readers_expense(database, query, tmp_path):
    script = tmp_path / "some.sql"
    script.write_text("SET lock_timeout = '50ms';\nALTER TABLE ct_results ADD COLUMN x integer;\n")
    with database.transaction() as cursor:
        cursor.execute("SELECT 1 FROM ct_results")

        with pytest.raises(DatabaseUnavailable, match=r"lock timeout.*another session holds a lock"):
            migrate.apply(database, script)

    assert "SET lock_timeout" in migrate.EXTENSION.read_text(encoding="utf-8")


def test_a_statement_that_takes_longer_than_a_session_has_patience_is_not_cut_off(dsn, tmp_path, monkeypatch):
    monkeypatch.setattr(Session, "patience", 1.0)
    script = tmp_path / "some.sql"
    script.write_text("SET statement_timeout = 0;\nSELECT pg_sleep(4);\nCREATE TABLE a (b integer);\n")
    impatient = make_dsn(dsn, options="-c statement_timeout=1s")

    with closing(Database(impatient)) as database:
        migrate.apply(database, script)

        with database.transaction() as cursor:
            assert cursor.connection.patience == 2.0
            cursor.execute("SELECT to_regclass('a') IS NOT NULL AS there")
            assert cursor.fetchone()["there"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("-- nothing; at all\n/* here; either */\n", []),
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1;;\n;", ["SELECT 1"]),
        ("-- why; so\nSELECT 1;", ["-- why; so\nSELECT 1"]),
        ("SELECT /* a; b\n; */ 1; SELECT 2;", ["SELECT /* a; b\n; */ 1", "SELECT 2"]),
        ("SELECT 'it''s; --ok'; SELECT 2;", ["SELECT 'it''s; --ok'", "SELECT 2"]),
        ("SELECT E'it\\'s; ok'; SELECT 2;", ["SELECT E'it\\'s; ok'", "SELECT 2"]),
        ("SELECT '\\'; SELECT 2;", ["SELECT '\\'", "SELECT 2"]),
        ('SELECT "a;""b"; SELECT 2;', ['SELECT "a;""b"', "SELECT 2"]),
        ("DO $$ BEGIN a; b; END $$; SELECT 2;", ["DO $$ BEGIN a; b; END $$", "SELECT 2"]),
        ("DO $a$ x; $$ y; $$ 'z; $a$; SELECT 2;", ["DO $a$ x; $$ y; $$ 'z; $a$", "SELECT 2"]),
        ("SELECT $1; SELECT a$$ FROM b; SELECT 3;", ["SELECT $1", "SELECT a$$ FROM b", "SELECT 3"]),
        ("\\set ON_ERROR_STOP on\nSELECT 1;\n\\echo it's; done\nSELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("DO $$\n\\not a command;\n$$;", ["DO $$\n\\not a command;\n$$"]),
        ("SELECT 'x'\n\\gexec\nSELECT 2;", ["SELECT 'x'", "\\gexec", "SELECT 2"]),
    ],
)
def test_a_script_is_split_where_its_statements_end(text, expected):
    assert statements(text) == expected


def test_our_scripts_are_split_into_what_psql_would_run():
    for script in (migrate.BASE_SCHEMA, migrate.EXTENSION, migrate.ROLES):
        for statement in statements(script.read_text(encoding="utf-8")):
            code = "\n".join(line for line in statement.splitlines() if not line.startswith("--"))
            assert code.split()[0] in {*_OURS, r"\gexec"}, statement
