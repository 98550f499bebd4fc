"""The API's rows into records: exact where they can be read, kept where they cannot."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from providers.chronotrack_live.parse import parse_event, parse_race
from providers.errors import RowRejected
from providers.storable import storable
from tests.unit.entry_rows import parse_participant
from tests.unit.json_values import assert_storable_json


@pytest.mark.parametrize("empty", ["", "   ", None])
def test_an_empty_field_is_absent_and_not_kept(empty):
    for row in ({"entry_id": "1", "entry_bib": empty, "wave_name": empty}, {"entry_id": "1"}):
        participant = parse_participant(row)
        assert participant.bib is None
        assert set(participant.additional_data) <= {"wave_name"}


@pytest.mark.parametrize(
    ("sent", "bib"), [(" 12 ", "12"), (12, "12"), ("12", "12"), ("A-12", "A-12"), (1.5, "1.5"), (0, "0")]
)
def test_text_is_text_whatever_it_was_sent_as(sent, bib):
    assert parse_participant({"entry_id": 7, "entry_bib": sent}).bib == bib


@pytest.mark.parametrize(
    ("field", "sent", "name", "read", "kept"),
    [
        ("entry_race_age", "forty", "race_age", None, "forty"),
        ("entry_race_age", "", "race_age", None, None),
        ("entry_race_age", "40", "race_age", 40, None),
        ("entry_race_age", 40, "race_age", 40, None),
        ("entry_race_age", 10**30, "race_age", None, str(10**30)),
        ("entry_race_age", "NaN", "race_age", None, "NaN"),
        ("entry_race_age", ["40"], "race_age", None, ["40"]),
        ("athlete_birthdate", "1985-02-30", "birthdate", None, "1985-02-30"),
        ("athlete_birthdate", "0000-00-00", "birthdate", None, "0000-00-00"),
        ("athlete_birthdate", "02/03/1985", "birthdate", None, "02/03/1985"),
        ("athlete_birthdate", "1985-03-02", "birthdate", date(1985, 3, 2), None),
        ("athlete_first_name", "Jo\x00hn", "first_name", "John", "Jo\\u0000hn"),
        ("athlete_first_name", "Jo\ud83d", "first_name", "Jo\ufffd", "Jo\\ud83d"),
        ("athlete_first_name", "\x00", "first_name", None, "\\u0000"),
        ("athlete_first_name", "Zoë\n😀", "first_name", "Zoë\n😀", None),
        ("athlete_first_name", {"en": "John"}, "first_name", None, {"en": "John"}),
        ("entry_race_age", "4\x000", "race_age", 40, "4\\u00000"),
        ("entry_race_age", "x\x00", "race_age", None, "x\\u0000"),
    ],
)
def test_what_cannot_be_read_or_stored_as_it_came_is_kept(field, sent, name, read, kept):
    participant = parse_participant({"entry_id": "1", field: sent})
    assert getattr(participant, name) == read
    assert participant.additional_data.get(field) == kept


def test_fields_without_a_place_of_their_own_travel_along():
    row = {"entry_id": "1", "wave_name": "A", "custom_element12": "vegan", "answers": {"\x00": ["\ud800"]}}
    assert parse_participant(row).additional_data == {
        "wave_name": "A",
        "custom_element12": "vegan",
        "answers": {"\\u0000": ["\\ud800"]},
    }


def test_a_participant_is_read():
    participant = parse_participant(
        {
            "entry_id": "7001",
            "race_id": "51",
            "entry_name": "Ada Lovelace",
            "entry_status": "CONF",
            "athlete_sex": "F",
            "location_city": "Boston",
            "location_region": "MA",
            "bracket_name": "F30-39",
        }
    )
    assert (participant.provider_participant_id, participant.provider_race_id) == ("7001", "51")
    assert (participant.name, participant.status, participant.sex) == ("Ada Lovelace", "CONF", "F")
    assert (participant.location, participant.division) == ({"city": "Boston", "region": "MA"}, "F30-39")
    assert participant.additional_data == {}


def test_an_event_is_read():
    event = parse_event(
        {
            "event_id": "89332",
            "event_name": "Harbour City Marathon",
            "event_start_time": "1761469200",
            "event_end_time": "0",
            "event_is_published": "0",
            "location_time_zone": "Europe/Warsaw",
        }
    )
    assert (event.provider_event_id, event.name) == ("89332", "Harbour City Marathon")
    assert event.start_time == datetime(2025, 10, 26, 9, tzinfo=UTC)
    assert event.end_time is None
    assert not event.is_published
    assert event.timezone == "Europe/Warsaw"


@pytest.mark.parametrize(
    ("sent", "published"),
    [
        ("1", True),
        (1, True),
        (True, True),
        ("true", True),
        ("", True),
        (None, True),
        ("0", False),
        (0, False),
    ],
)
def test_an_event_counts_as_published_unless_it_says_no(sent, published):
    row = {"event_id": "1", "event_name": "Mile", "event_is_published": sent}
    assert parse_event(row).is_published == published


def test_a_race_is_read():
    race = parse_race(
        {
            "race_id": "51",
            "race_name": "10K",
            "race_course_distance": "10000",
            "race_planned_start_time": "1761469200",
            "race_actual_start_time": "1761469203.250",
        }
    )
    assert (race.provider_race_id, race.name, race.distance) == ("51", "10K", 10_000.0)
    assert race.start == datetime(2025, 10, 26, 9, 0, 3, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("read", "row", "kind", "api_id"),
    [
        (parse_event, {"event_id": "1", "event_name": ""}, "event", "1"),
        (parse_event, {"event_name": "Mile"}, "event", None),
        (parse_event, {"row": "not an object"}, "event", None),
        (parse_race, {"race_name": "Mile"}, "race", None),
        (parse_participant, {"entry_name": "Ada\x00"}, "participant", None),
        (parse_participant, {"entry_id": {"id": 1}}, "participant", None),
        (parse_participant, {}, "participant", None),
    ],
)
def test_a_row_without_what_names_it_is_set_aside_whole(read, row, kind, api_id):
    with pytest.raises(RowRejected) as rejection:
        read(row)
    assert (rejection.value.kind, rejection.value.api_id) == (kind, api_id)
    assert rejection.value.payload == storable(row)
    assert_storable_json(rejection.value.payload)
