"""What goes by COPY into a temporary table and from there into a host table is what was given."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from database.host_tables import PARTICIPANTS, RESULTS, Owner
from database.staging import Staging
from providers.errors import SchemaNotReady
from providers.records import ProviderEvent, ProviderParticipant, ProviderResult, Split
from tests.integration.builders import athlete
from tests.integration.embedded.processes import wait_until

AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
TEXT_OF_RESULT = (
    "bib", "first_name", "last_name", "sex", "hometown", "state_code", "postal_code", "country_code",
    "bracket_name", "division", "provider_race_id", "status",
)  # fmt: skip
AWKWARD = (
    'a "quoted" name', "comma, semicolon; colon:", "two\nlines", "carriage\rreturn\r\n", "back\\slash \\n",
    "\\.", "first\n\\.\nlast", "\\N", "NULL", "tab\there", " blanks around ", "Zoë Müller-Šťastný",
    "李小龍", "🏃‍♀️ finishes", "'; DROP TABLE ct_results; --", "%s %(a)s", "{}", "\u2028",
)  # fmt: skip
# Any text that PostgreSQL can keep: no NUL, no half of a surrogate pair. An empty text means absent.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])) | st.sampled_from(
    AWKWARD
)

KEPT = "SELECT provider_result_id AS api_id, provider_event_id AS event FROM ct_results ORDER BY 1"
SERIAL = "SELECT last_value FROM ct_results_id_seq"
WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def staged(hub):
    """A way to store results of one event in a transaction that is rolled back, as they are kept then."""
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))
    owner = Owner(hub.partner, "5")

    class Enough(Exception):
        pass

    def store(*results):
        kept = []
        with pytest.raises(Enough), hub.database.transaction() as cursor:  # noqa: PT012
            staging = Staging.of(cursor, RESULTS)
            with staging.render(results, owner) as rendered:
                staging.load(cursor, rendered)
            staging.merge(cursor, AT, hub.partner)
            cursor.execute("SELECT * FROM ct_results ORDER BY provider_result_id")
            kept.extend(cursor.fetchall())
            raise Enough
        return kept

    return store


def kept_text(row, field):
    column = {"provider_race_id": "race_id", "status": "result_status", "division": "division"}.get(
        field, f"results_{field}"
    )
    too_long = (row["additional_data"] or {}).get("too_long", {})
    return too_long.get(column, row[column])


def test_awkward_texts_are_stored_as_they_were_given(staged):
    rows = staged(
        *(
            ProviderResult(
                provider_result_id=f"{number:02}", **({"status": "x"} | dict.fromkeys(TEXT_OF_RESULT, text))
            )
            for number, text in enumerate(AWKWARD)
        )
    )

    for row, text in zip(rows, AWKWARD, strict=True):
        found = {field: kept_text(row, field) for field in TEXT_OF_RESULT}
        assert found == dict.fromkeys(TEXT_OF_RESULT, text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    given_texts=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=8),
    additional=st.dictionaries(TEXTS, TEXTS, max_size=3),
)
def test_any_text_is_stored_as_it_was_given(staged, given_texts, additional):
    additional.pop("too_long", None)
    records = [
        ProviderResult(
            provider_result_id=f"{number}",
            status="finished",
            first_name=first,
            last_name=last,
            hometown=town,
            additional_data=additional,
        )
        for number, (first, last, town) in enumerate(given_texts)
    ]

    rows = staged(*records)

    fields = ("first_name", "last_name", "hometown")
    assert [tuple(kept_text(row, field) for field in fields) for row in rows] == [
        tuple(text or None for text in texts) for texts in given_texts
    ]
    for row in rows:
        found = dict(row["additional_data"] or {})
        found.pop("too_long", None)
        assert found == additional


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.integers(0, 999 * 3_600_000), min_size=1, max_size=20))
def test_any_duration_is_stored_to_the_millisecond(staged, times):
    durations = [timedelta(milliseconds=time) for time in times]
    records = [
        ProviderResult(
            provider_result_id=f"{number:03}",
            status="finished",
            chip_time=time,
            gun_time=time,
            pace=time,
            splits=(Split(interval_id="1", name="Half", chip_time=time, gun_time=None, rank=1),),
        )
        for number, time in enumerate(durations)
    ]

    rows = staged(*records)

    for name in ("results_time", "results_gun_time", "results_pace", "chip_time", "gun_time"):
        assert [row[name] for row in rows] == durations
    assert [round(row["split_times"][0]["chip_seconds"] * 1000) for row in rows] == times
    assert all(row["split_times"][0]["gun_seconds"] is None for row in rows)


def test_a_duration_beyond_a_day_keeps_its_hours(hub):
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))
    hub.save_results(
        "5", ProviderResult(provider_result_id="1", status="finished", chip_time=timedelta(hours=26.5))
    )

    assert hub.query("SELECT results_time::text AS time FROM ct_results") == [{"time": "26:30:00"}]


def test_every_kind_of_value_of_an_entry_arrives(hub):
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))
    entry = ProviderParticipant(
        provider_participant_id="1",
        provider_race_id="77",
        status="CONF",
        bib="12",
        race_age=33,
        birthdate=date(1992, 2, 29),
        email="a@b.example",
        location={"city": "Zürich", "country": "CH"},
        division="F30-34",
        additional_data={"wave": "A", "nested": {"list": [1, 2.5, None]}},
    )

    hub.save_participants("5", entry)

    [row] = hub.query("SELECT * FROM ct_participants")
    assert row["entry_id"] == hub.key("1")
    assert row["event_id"] == hub.key("5")
    assert (row["race_id"], row["entry_status"], row["registration_status"]) == ("77", "CONF", "CONF")
    assert (row["entry_bib"], row["entry_race_age"], row["division"]) == ("12", 33, "F30-34")
    assert (row["athlete_birthdate"], row["athlete_email"]) == (date(1992, 2, 29), "a@b.example")
    assert row["location"] == {"city": "Zürich", "country": "CH"}
    assert row["additional_data"] == {"wave": "A", "nested": {"list": [1, 2.5, None]}}
    assert (row["data_source"], row["provider_event_id"]) == ("chronotrack_live", "5")
    assert row["provider_participant_id"] == "1"
    assert row["api_credentials_used"] == f"partner_provider_credentials:{hub.partner.credentials_id}"


def test_more_rows_than_a_chunk_arrive_whole(staged):
    rows = staged(*(ProviderResult(provider_result_id=f"{n:05}", status="finished") for n in range(2_500)))

    assert [row["provider_result_id"] for row in rows] == [f"{n:05}" for n in range(2_500)]


def test_no_records_are_no_rows(staged):
    assert staged() == []


def test_of_records_with_the_same_key_the_first_one_is_stored(staged):
    records = [
        ProviderResult(provider_result_id=str(number % 3), status="finished", bib=str(number))
        for number in range(2_500)
    ]

    assert [row["results_bib"] for row in staged(*records)] == ["0", "1", "2"]


def test_records_that_are_kept_as_another_events_are_taken_over_without_a_value_of_the_serial(hub):
    hub.save_events(*(ProviderEvent(provider_event_id=event, name=f"Run {event}") for event in "56"))
    hub.save_results("6", athlete(1), athlete(2))
    before = hub.query(SERIAL)

    report = hub.save_results("5", athlete(1))

    assert report.written == 1
    assert hub.query(KEPT) == [{"api_id": "1", "event": "5"}, {"api_id": "2", "event": "6"}]
    assert hub.query(SERIAL) == before


def test_a_record_that_another_event_brings_in_at_the_same_moment_is_taken_over_from_it(hub):
    hub.save_events(*(ProviderEvent(provider_event_id=event, name=f"Run {event}") for event in "56"))

    with ThreadPoolExecutor(1) as thread:
        with hub.database.transaction() as cursor:
            staging = Staging.of(cursor, RESULTS)
            with staging.render([athlete(2)], Owner(hub.partner, "6")) as rendered:
                staging.load(cursor, rendered)
            staging.merge(cursor, AT, hub.partner)
            meanwhile = thread.submit(hub.save_results, "5", athlete(1), athlete(2), athlete(3))
            wait_until(lambda: hub.query(WAITING))
        report = meanwhile.result(30)

    assert report.written == 3
    assert hub.query(KEPT) == [{"api_id": api_id, "event": "5"} for api_id in "123"]


@pytest.mark.parametrize("kept", [[], ["2"]], ids=["an event of none", "an event with one"])
def test_new_records_come_in_the_order_of_their_keys_so_that_two_events_never_wait_for_each_other(hub, kept):
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))
    hub.save_results("5", *(athlete(int(number)) for number in kept))

    hub.save_results("5", *(athlete(int(number)) for number in "41325"))

    written = hub.query("SELECT provider_result_id AS api_id FROM ct_results ORDER BY ctid")
    assert [row["api_id"] for row in written] == [*kept, *sorted(set("12345") - set(kept))]


def test_a_record_that_a_unique_index_of_the_host_refuses_keeps_no_other_out(hub):
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))
    hub.query("CREATE UNIQUE INDEX one_bib ON ct_results (event_id, results_bib)")

    report = hub.save_results("5", athlete(1), athlete(2, bib="101"), athlete(3))

    assert report.written == 2
    assert hub.query(KEPT) == [{"api_id": "1", "event": "5"}, {"api_id": "3", "event": "5"}]


def test_temporary_tables_are_made_once_a_connection(hub):
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))
    tables = "SELECT oid FROM pg_class WHERE relname = 'staged_ct_results'"
    hub.save_results("5", ProviderResult(provider_result_id="1", status="finished"))
    before = hub.query(tables)

    hub.save_results("5", ProviderResult(provider_result_id="2", status="finished"))

    assert hub.query(tables) == before
    assert len(before) == 1


def test_a_database_without_the_extension_is_not_written(make_dsn, open_query, shape_c, hub):
    from database.connection import Database

    dsn = make_dsn()
    open_query(dsn)(shape_c)
    database = Database(dsn)

    with (
        pytest.raises(SchemaNotReady, match="run `chronotrack-live migrate`"),
        database.transaction() as cursor,
    ):
        Staging.of(cursor, PARTICIPANTS)
    database.close()
