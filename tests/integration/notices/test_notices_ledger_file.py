"""The file of what people were told: it comes back as it was, and of two who tell each has one of his own."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.errors import SettingsInvalid
from schedulers.notices.ledger import Ledger, Told
from schedulers.notices.ledger_file import LedgerFile, own_ledger

instants = st.none() | st.datetimes(timezones=st.just(UTC))
words = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=20)  # each is written to the disk
@given(
    st.dictionaries(
        words,
        st.builds(
            Ledger,
            told=st.dictionaries(
                words, st.builds(Told, words, st.dictionaries(words, instants), instants, instants)
            ),
            tried=instants,
            untaken=st.integers(0, 50),
        ),
        max_size=3,
    )
)
def test_ledgers_come_back_from_their_file_as_they_were(tmp_path_factory, ledgers):
    file = LedgerFile(tmp_path_factory.getbasetemp() / "ledgers.json")
    file.write(ledgers)

    assert file.read() == ledgers


@pytest.fixture
def place(tmp_path):
    """Where the first ledger would be; there is no folder yet."""
    return tmp_path / "notices" / "a.json"


def test_those_who_tell_at_once_have_a_ledger_each(place):
    with own_ledger(place) as first, own_ledger(place) as second, own_ledger(place) as third:
        for name, file in (("first", first), ("second", second), ("third", third)):
            file.write({name: Ledger()})

        assert [list(file.read()) for file in (first, second, third)] == [["first"], ["second"], ["third"]]
    assert sorted(file.name for file in place.parent.glob("*.json")) == ["a-2.json", "a-3.json", "a.json"]


def test_whoever_comes_after_another_goes_on_with_what_that_one_had(place):
    with ExitStack() as stays:
        with own_ledger(place) as first:
            first.write({"first": Ledger()})
            second = stays.enter_context(own_ledger(place))

        with own_ledger(place) as next_one:
            assert list(next_one.read()) == ["first"]
            assert second.read() == {}


def test_where_no_folder_can_be_made_the_first_ledger_is_had_and_is_of_use_once_that_is_mended(place):
    place.parent.write_text("taken")

    with own_ledger(place) as file:
        with pytest.raises(SettingsInvalid, match="What people were told: "):
            file.write({})
        place.parent.unlink()
        place.parent.mkdir()
        file.write({"first": Ledger()})

    with own_ledger(place) as again:
        assert list(again.read()) == ["first"]
