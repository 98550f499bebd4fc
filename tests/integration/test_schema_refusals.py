"""Where the schema extension refuses, it says why and changes nothing."""

from __future__ import annotations

import hashlib
import re

import pytest

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
        DatabaseRefused, match=r"provider_id 1 belongs to RunSignUp; nothing was changed.*=14'"
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
