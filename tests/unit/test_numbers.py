"""The API's numbers, places and ids: read exactly, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given

from providers.chronotrack_live.parse import RowReader
from providers.chronotrack_live.values import decimal, identity, integer, place
from tests.unit.json_values import scalars


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
