"""How the simulator's variants are read, and how each spells a race time."""

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

from providers.chronotrack_live.simulator.variants import Variant, variants_help
from providers.chronotrack_live.simulator.wire import Spelling

KINDS = get_type_hints(Variant)


def test_without_a_switch_everything_is_as_usual():
    assert Variant.read([]) == Variant()


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind is not int])
def test_every_value_of_a_switch_is_read_and_the_first_is_the_default(name):
    values = get_args(KINDS[name])
    assert getattr(Variant(), name) == values[0]
    for value in values:
        assert getattr(Variant.read([f"{name}={value}"]), name) == value


def test_numbers_are_read_as_numbers():
    variant = Variant.read(["largest_size=200", "token_life=0"])
    assert (variant.largest_size, variant.token_life) == (200, 0)


def test_the_last_word_on_a_switch_counts():
    assert Variant.read(["empty=null", "empty=absent"]).empty == "absent"


@pytest.mark.parametrize("text", ["nothing=1", "nothing", "", "=", "time_step=10"])
def test_an_unknown_switch_is_refused_with_those_that_there_are(text):
    with pytest.raises(ValueError, match="There is no variant") as caught:
        Variant.read([text])
    assert all(switch.name in str(caught.value) for switch in fields(Variant))


@pytest.mark.parametrize("text", ["times=minutes", "times=", "times"])
def test_an_unknown_value_is_refused_with_those_that_there_are(text):
    with pytest.raises(ValueError, match="variant times") as caught:
        Variant.read([text])
    assert all(value in str(caught.value) for value in get_args(KINDS["times"]))


@pytest.mark.parametrize("text", ["largest_size=0", "largest_size=many", "token_life=-1", "token_life=²"])
def test_what_is_no_number_or_too_small_is_refused(text):
    with pytest.raises(ValueError, match=r"whole number from [01] on"):
        Variant.read([text])


def test_the_help_tells_of_every_switch_and_value():
    told = dict(variants_help())
    assert len(told) == len(KINDS)
    assert told["empty=blank|null|absent"]
    assert told["token_life=259199"]


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        ("milliseconds", ["00:00:00.000", "00:00:51.159", "00:09:05.099", "01:00:00.999", "12:19:51.100"]),
        ("hundredths", ["00:00:00.00", "00:00:51.15", "00:09:05.09", "01:00:00.99", "12:19:51.10"]),
        ("tenths", ["00:00:00.0", "00:00:51.1", "00:09:05.0", "01:00:00.9", "12:19:51.1"]),
        ("seconds", ["00:00:00", "00:00:51", "00:09:05", "01:00:00", "12:19:51"]),
        ("unpadded", ["0:00:00.0", "0:00:51.1", "0:09:05.0", "1:00:00.9", "12:19:51.1"]),
        ("short", ["0.0", "51.1", "9:05.0", "1:00:00.9", "12:19:51.1"]),
    ],
)
def test_a_race_time_is_cut_off_where_its_variant_ends(times, texts):
    spell = Spelling(Variant(times=times))
    assert [spell.time(ms) for ms in (0, 51_159, 545_099, 3_600_999, 44_391_100)] == texts
    assert spell.time(None) == ""
