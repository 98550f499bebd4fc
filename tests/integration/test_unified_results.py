"""The unified view: what it had stays, and the results of every provider are in it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from database import migrate
from providers.errors import DatabaseRefused
from tests.integration.catalogs import apply, columns

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


def test_text_that_is_no_duration_is_shown_as_none_where_the_view_has_durations(
    make_dsn, open_query, shape_c
):
    dsn = make_dsn()
    query = open_query(dsn)
    query(shape_c)
    query(view_statement(times="interval"))

    apply(dsn)
    query("INSERT INTO ct_results (results_bib, results_time) VALUES ('1', 'DNF'), ('2', '00:45:00.5')")

    assert query("SELECT bib_number, results_time FROM unified_results ORDER BY 1") == [
        {"bib_number": "1", "results_time": None},
        {"bib_number": "2", "results_time": timedelta(minutes=45, milliseconds=500)},
    ]


def test_a_table_of_another_provider_that_lacks_columns_is_in_the_view_with_what_it_has(
    make_dsn, open_query, shape_c
):
    dsn = make_dsn()
    query = open_query(dsn)
    query(shape_c)
    query("CREATE TABLE runsignup_results (event_id integer, bib_number varchar(20), gender varchar(1))")
    query("INSERT INTO runsignup_results VALUES (900, '1', 'F')")

    apply(dsn)

    assert query("SELECT event_id, gender, overall_place, created_at FROM unified_results") == [
        {"event_id": "900", "gender": "F", "overall_place": None, "created_at": None}
    ]


@pytest.mark.parametrize("invoker", ["false", "true"])
def test_whoever_could_read_the_view_still_can(make_dsn, open_query, invoker):
    dsn = make_dsn()
    query = open_query(dsn)
    apply(dsn, migrate.BASE_SCHEMA)
    query(f"ALTER VIEW unified_results SET (security_invoker = {invoker})")
    query("ALTER VIEW unified_results OWNER TO pg_database_owner")
    query("GRANT SELECT ON ct_results TO pg_database_owner, pg_monitor")
    query("GRANT SELECT ON unified_results TO pg_monitor")

    apply(dsn)
    query("SET ROLE pg_monitor")

    assert query("SELECT count(*) AS n FROM unified_results") == [{"n": 0}]
