"""The API's times and instants: read exactly in every form, or refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live.values import duration, instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    exact = None if exact == EPOCH else exact
    assert instant(f"{seconds}.{ms:03}") == exact
    assert instant(f"{seconds}.{ms:03}000000") == exact
    assert exact is None or exact.tzinfo is UTC


@pytest.mark.parametrize("text", ["0", "0.0", "0.000", "-0", "-0.00"])
def test_the_epoch_itself_stands_for_no_instant(text):
    assert instant(text) is None


@pytest.mark.parametrize(
    "text", ["", "soon", "1e9", "99999999999999", "-99999999999999", "1761469200.", "1 2"]
)
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(ValueError, match=r"is not an (epoch|instant)"):
        instant(text)


def test_minus_half_a_second_lies_before_the_epoch():
    assert instant("-0.5") == EPOCH - timedelta(seconds=0.5)
