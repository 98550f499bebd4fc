"""A database that has an earlier version of the extension becomes like one that never had any."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from database import migrate
from tests.integration.catalogs import CATALOG, START, apply

EARLIER = sorted((Path(__file__).parent / "earlier_versions").glob("version_*.sql"))
# Of the ledger the earlier entry stays as well.
COMPARED = CATALOG.replace("FROM ct_live_migrations", "FROM ct_live_migrations WHERE version = 5")


@pytest.fixture(params=["shape M", "shape C"])
def bare(request, make_dsn, open_query, shape_c):
    """The host's tables alone."""
    dsn = make_dsn()
    if request.param == "shape M":
        apply(dsn, migrate.BASE_SCHEMA)
    else:
        open_query(dsn)(shape_c)
    return dsn


@pytest.fixture(params=EARLIER, ids=lambda script: script.stem)
def upgraded(request, bare, open_query):
    """A database with an earlier version and rows of its time, brought up to date."""
    apply(bare, request.param)
    query = open_query(bare)
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
    query(
        "INSERT INTO ct_live_rejected_rows (timing_partner_id, provider_event_id, kind, api_id, reason,"
        " payload, first_seen, last_seen, times_seen)"
        " VALUES (1, '5', 'result', '9', 'no time', '{}', %s, %s, 7)",
        *(START, START),
    )
    query(
        "INSERT INTO ct_results (event_id, timing_partner_id, data_source, provider_result_id)"
        " SELECT NULL, 1, 'chronotrack_live', n FROM generate_series(1, 5) AS n"
    )
    apply(bare)
    return query


@pytest.fixture
def fresh(request, make_dsn, open_query, shape_c, upgraded):
    """The same shape with the present version only."""
    dsn = make_dsn()
    if upgraded("SELECT to_regclass('ct_races') IS NULL AS is_c")[0]["is_c"]:
        open_query(dsn)(shape_c)
    else:
        apply(dsn, migrate.BASE_SCHEMA)
    apply(dsn)
    return open_query(dsn)


def lines(query):
    return [row["line"] for row in query(COMPARED)]


def test_an_earlier_version_becomes_what_a_fresh_one_is(upgraded, fresh):
    assert lines(upgraded) == lines(fresh)


def test_what_it_brought_is_known_for_the_rollback(upgraded, fresh):
    added = "SELECT table_name, column_name FROM ct_live_added_columns ORDER BY 1, 2"

    assert upgraded(added) == fresh(added)
    assert upgraded("SELECT name FROM ct_live_replaced_views") == fresh(
        "SELECT name FROM ct_live_replaced_views"
    )


def test_rows_of_its_time_stay(upgraded):
    assert upgraded("SELECT data_source, api_id, times_seen FROM ct_live_rejected_rows") == [
        {"data_source": "chronotrack_live", "api_id": "9", "times_seen": 7}
    ]
    assert upgraded("SELECT count(*) AS n FROM ct_results")[0]["n"] == 5


def test_the_ledger_has_both_versions_and_the_software_of_the_later(upgraded):
    ledger = upgraded("SELECT version, software_version FROM ct_live_migrations ORDER BY version")

    assert len(ledger) == 2
    # It is noted since version 4.
    assert (ledger[0]["software_version"] is None) == (ledger[0]["version"] < 4)
    assert ledger[1] == {"version": 5, "software_version": version_of_the_software()}


def version_of_the_software():
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    return re.search(r'^version = "(.+)"$', pyproject.read_text(encoding="utf-8"), re.MULTILINE)[1]
