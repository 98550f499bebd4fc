"""Rows that are held packed come out as they went in."""

from __future__ import annotations

import errno
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers.chronotrack_live.packing import HeldRows, RowPacker
from providers.errors import RetryLater

texts = st.text(st.characters(exclude_categories=[]), max_size=8) | st.text("\x00\ud83d\udc00é1", max_size=4)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
# As JSON readers make them: two halves of a surrogate pair side by side are a character.
rows = st.lists(st.dictionaries(texts, values, max_size=6), max_size=6).map(
    lambda rows: json.loads(json.dumps(rows))
)


@given(rows)
@example([{"id": 2**64, "name": "\ud83d"}, {"id": 10**40}, {"id": -(2**63) - 1, "in": [{"a": [2**65]}]}])
def test_whatever_row_is_packed_is_the_row_that_is_unpacked(rows):
    packer = RowPacker()
    packed = [packer.pack(row) for row in rows]
    unpacked = [packer.unpack(each) for each in packed]
    assert unpacked == rows
    assert [[type(value) for value in row.values()] for row in unpacked] == [
        [type(value) for value in row.values()] for row in rows
    ]


def taken_out(held, count):
    """All rows that were held, in any order."""
    found = [columns.row(at) for columns in held for at in range(len(columns.fields({"any": "any"})["any"]))]
    assert len(found) == count
    return found


def in_any_order(rows):
    return sorted(json.dumps(row) for row in rows)


@given(rows)
def test_rows_that_are_held_come_out_as_they_went_in_and_once(rows):
    held = HeldRows()
    for row in rows:
        held.append(row)
    assert in_any_order(taken_out(held, len(rows))) == in_any_order(rows)
    assert list(held) == []


@pytest.mark.parametrize("depth", [100, 500, 100_000])
def test_a_row_that_is_nested_deeply_is_a_row(depth):
    value = "deep"
    for _ in range(depth):
        value = [value]
    held = HeldRows()
    held.append({"entry_id": "1", "odd": value})
    [row] = taken_out(held, 1)
    assert row["entry_id"] == "1"
    assert row["odd"]


def test_a_long_list_waits_in_a_file_and_comes_back_as_it_was():
    held = HeldRows()
    rows = [{"entry_id": str(number), "entry_name": "x" * 1000} for number in range(4000)]
    for row in rows:
        held.append(row)

    assert taken_out(held, 4000) == rows


def test_a_long_list_for_which_the_temporary_folder_has_no_room_is_said_in_a_sentence(monkeypatch):
    held = HeldRows()

    def full(_packed):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(held._file, "write", full)

    with pytest.raises(RetryLater, match=r"No space left on device.*TMPDIR"):
        held.append({"entry_id": "1"})
