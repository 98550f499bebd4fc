"""Whatever comes is made storable; nothing that says something is lost, nor changed without need."""

from __future__ import annotations

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live import entries, parse
from providers.chronotrack_live.parse import parse_event, parse_race
from providers.errors import RowRejected
from providers.storable import storable
from tests.unit.entry_rows import parse_participant
from tests.unit.json_values import assert_storable, assert_storable_json, rows, texts, values

SOURCES = inspect.getsource(parse) + inspect.getsource(entries)
FIELDS = sorted(set(re.findall(r'"((?:event|race|entry|athlete|location|team)_\w+)"', SOURCES)))


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
    record = {value for value in participant if not isinstance(value, dict)} | set(
        participant.location.values()
    )
    for name, value in (row | {"entry_id": "1"}).items():
        kept = storable(name) in participant.additional_data
        said_nothing = value is None or (isinstance(value, str) and not value.strip())
        read = isinstance(value, (str, int, float)) and (
            str(value).strip() in record
            or (name == "entry_race_age" and participant.race_age is not None)
            or (name == "athlete_birthdate" and participant.birthdate is not None)
        )
        assert kept or said_nothing or read, name


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
