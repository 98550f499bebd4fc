"""The API's words into records: exact where they can be read, kept where they cannot."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live import parse
from providers.chronotrack_live.parse import (
    RowReader,
    decimal,
    duration,
    identity,
    instant,
    integer,
    parse_event,
    parse_participant,
    parse_race,
    place,
)
from providers.chronotrack_live.storable import storable
from providers.errors import RowRejected

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIELDS = sorted(set(re.findall(r'read\.\w+\("(\w+)"', inspect.getsource(parse))) | {"location_city"})

# Whatever a JSON reader may hand over, with what no database takes: NUL, and halves of surrogate pairs.
texts = st.text(st.characters(exclude_categories=[])) | st.text(
    "\x00\ud83d\udc00:0123456789.-eé \n", max_size=12
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def rows(fields):
    return st.dictionaries(st.sampled_from(fields) | texts, values, max_size=12)


def assert_storable(value):
    """Assert that PostgreSQL can keep a record, or anything within it, as text, integer and jsonb."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_storable(getattr(value, field.name))
    elif isinstance(value, str):
        assert "\x00" not in value
        value.encode()
    elif isinstance(value, tuple):
        for part in value:
            assert_storable(part)
    elif isinstance(value, dict):
        assert_storable_json(value)
    elif isinstance(value, int):
        assert -(2**31) <= value < 2**31
    elif isinstance(value, float):
        assert abs(value) < float("inf")


def assert_storable_json(value):
    text = orjson.dumps(value).decode()
    assert "\\u0000" not in text.replace("\\\\", "")
    assert json.loads(text) == value


# Times --------------------------------------------------------------------------------------------


def split_up(milliseconds):
    seconds, ms = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return hours, minute, second, ms


@given(st.integers(0, 100 * 3_600_000 - 1))
def test_every_published_form_of_a_time_is_read_exactly(milliseconds):
    hours, minute, second, ms = split_up(milliseconds)
    forms = [
        (f"{hours:02}:{minute:02}:{second:02}.{ms:03}", 1),
        (f"{hours}:{minute:02}:{second:02}.{ms:03}", 1),
        (f"{hours}:{minute:02}:{second:02},{ms:03}", 1),
        (f"{hours:02}:{minute:02}:{second:02}.{ms // 10:02}", 10),
        (f"{hours}:{minute:02}:{second:02}.{ms // 100}", 100),
        (f"{hours:02}:{minute:02}:{second:02}", 1000),
        (f"{hours:02}:{minute:02}:{second:02}.{ms:03}000", 1),
    ]
    if hours == 0:
        forms += [
            (f"{minute:02}:{second:02}.{ms:03}", 1),
            (f"{minute}:{second:02}.{ms // 100}", 100),
            (f"{minute}:{second:02}", 1000),
            (f"{minute * 60 + second}.{ms:03}", 1),
            (f"{minute * 60 + second}", 1000),
        ]
    for text, unit in forms:
        assert duration(text) == timedelta(milliseconds=milliseconds // unit * unit), text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:45:00.000", 2700),
        ("0:19:51.1", 1191.1),
        ("1:47:23.45", 6443.45),
        ("17:18", 1038),
        ("58.2", 58.2),
        ("90:00", 5400),
        ("123:00:00", 442_800),
        ("00:00:00.000", 0),
        ("00:59:60", 3600),
        ("00:59:60.000", 3600),
        ("00:60:00.000", 3600),
    ],
)
def test_a_time_of_any_form_is_read(text, seconds):
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "DNF", "--:--:--", "1:2:3:4", ":30", "12:", "-00:00:05.000", "00:45:00.", "4 5:00", "1e3"),
        *(
            "99:99:99",
            "99:99:99.999",
            "00:61:00.000",
            "00:00:61.000",
            "10:61",
            "1:61:00",
            "NaN",
            "00:45:0x.000",
        ),
        *("00:45:00.000Z", "1234:00:00", "00:00:00.0000000001", "²²:²²:²².²²²"),
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="is not a time"):
        duration(text)


@given(st.integers(-(10**10), 10**10), st.integers(0, 999))
def test_every_published_form_of_an_instant_is_read_exactly(seconds, ms):
    sign = -1 if seconds < 0 else 1
    exact = EPOCH + timedelta(seconds=seconds, milliseconds=sign * ms)
    assert instant(f"{seconds}.{ms:03}") == exact
    assert instant(f"{seconds}.{ms:03}000000") == exact
    assert instant(str(seconds)) == EPOCH + timedelta(seconds=seconds)
    assert instant(str(seconds)).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "soon", "1e9", "99999999999999", "-99999999999999", "1761469200.", "1 2"]
)
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(ValueError, match=r"is not an (epoch|instant)"):
        instant(text)


def test_minus_half_a_second_lies_before_the_epoch():
    assert instant("-0.5") == EPOCH - timedelta(seconds=0.5)


# Numbers and ids ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("012", 12), ("12.0", 12), ("-3", -3), ("2147483647", 2**31 - 1)]
)
def test_a_whole_number_is_read(text, number):
    assert integer(text) == number


@pytest.mark.parametrize(
    "text", ["", "twelve", "12.5", "1e3", "2147483648", "9" * 400, "1_000", "NaN", "+5", "¹"]
)
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(ValueError, match="is not a whole number"):
        integer(text)


@pytest.mark.parametrize(("text", "read"), [("1", 1), ("0", None), ("0.0", None), ("17", 17)])
def test_no_place_is_read_as_none(text, read):
    assert place(text) == read


@pytest.mark.parametrize("read", [place, decimal])
@pytest.mark.parametrize("text", ["-1" + "0" * 400, "nan", "inf", "-Infinity", "1_0", "first"])
def test_what_is_no_place_or_number_is_refused(read, text):
    with pytest.raises(ValueError, match=r"is not a|could not convert"):
        read(text)


def test_a_negative_place_is_refused():
    with pytest.raises(ValueError, match="is not a place"):
        place("-1")


@given(scalars)
def test_an_id_is_the_same_text_wherever_it_is_read(value):
    assert identity(value) == (RowReader({"id": value}).text("id") or "")


# Fields -------------------------------------------------------------------------------------------


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
        ("entry_race_age", float("nan"), "race_age", None, "nan"),
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


@pytest.mark.parametrize("read", [parse_event, parse_race, parse_participant])
@given(data=st.data())
def test_whatever_comes_is_read_into_a_storable_record_or_set_aside(read, data):
    row = data.draw(rows(FIELDS))
    for name in data.draw(st.sampled_from([("event_id", "event_name"), ("race_id",), ("entry_id",), ()])):
        row[name] = data.draw(st.integers(1, 99).map(str) | texts)
    try:
        record = read(row)
    except RowRejected as rejection:
        assert_storable_json(rejection.payload)
    else:
        assert_storable(record)


@given(rows(FIELDS))
def test_no_field_that_says_something_is_lost(row):
    participant = parse_participant(row | {"entry_id": "1"})
    record = {
        value
        for field in dataclasses.fields(participant)
        if not isinstance(value := getattr(participant, field.name), dict)
    } | set(participant.location.values())
    for name, value in (row | {"entry_id": "1"}).items():
        kept = storable(name) in participant.additional_data
        said_nothing = value is None or (isinstance(value, str) and not value.strip())
        read = isinstance(value, (str, int, float)) and (
            str(value).strip() in record
            or (name == "entry_race_age" and participant.race_age is not None)
            or (name == "athlete_birthdate" and participant.birthdate is not None)
        )
        assert kept or said_nothing or read, name


# What can be stored -------------------------------------------------------------------------------


@given(values)
def test_whatever_json_holds_can_be_made_storable(value):
    assert_storable_json(storable(value))


plain_texts = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=9)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | plain_texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_texts, inner, max_size=3),
        max_leaves=6,
    )
)
def test_what_is_storable_stays_as_it_is(value):
    assert storable(value) == value


def test_data_nested_too_deeply_is_cut_off():
    nested: list = []
    for _ in range(900):
        nested = [nested]
    assert_storable_json(storable(nested))
