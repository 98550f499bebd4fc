"""What a reading tells as its changes since an earlier one that was stored, and what it leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live.assembly import ResultAssembly
from tests.unit.result_rows import full, places, split


class Reading:
    """A reading of an event: rows, the statuses of entries, and the rows of the gender brackets."""

    def __init__(self, rows, statuses=None, genders=()):
        self.assembly = ResultAssembly("5")
        for row in rows:
            self.assembly.is_new(row)
        for entry, status in (statuses or {}).items():
            self.assembly.set_status(entry, status)
        self.genders = places(*genders)
        self.codebook = self.assembly.codebook

    def results(self):
        """All results by their ids."""
        return {r.provider_result_id: r for r in self.assembly.results(self.genders, places())}

    def changes(self, known):
        """The results that changed, by their ids, and the ids of those that did not."""
        unchanged = []
        changed = self.assembly.changes(self.genders, places(), frozenset(known), unchanged)
        return {result.provider_result_id: result for result in changed}, unchanged


def female(entry="1", **fields):
    return full(entry, bracket_name="Female", **fields)


BEFORE = [full("1"), split("901", "20:00", entry="1"), full("2"), split("901", "21:00", entry="2")]


def changes(after, before=None):
    """Return who changed between two readings, each the arguments of `Reading`, and who did not."""
    stored, reading = Reading(*(before or (BEFORE,))), Reading(*after)
    stored.results()
    assert stored.codebook.agrees_with(reading.codebook)
    changed, unchanged = reading.changes(stored.assembly.fingerprints)
    return sorted(changed), sorted(unchanged)


def test_a_reading_that_is_as_the_last_one_tells_nobody():
    assert changes((BEFORE,)) == ([], ["1", "2"])
    assert changes((BEFORE[::-1],), before=(BEFORE[::-1],)) == ([], ["1", "2"])


@pytest.mark.parametrize(
    "name",
    ["bib", "first_name", "last_name", "sex", "age", "hometown", "state_code", "postal_code", "country_code",
     "race_id", "time", "gun_time", "end_chip_time", "pace", "gun_pace", "rank", "bracket_name",
     "primary_bracket_name", "something_new"],
)  # fmt: skip
def test_a_field_that_changes_is_a_change_of_its_athlete_alone(name):
    # The same fields before: what the API adds to a row is a change as well, and another test's.
    before = [full("1", **{name: "7"}), full("2", **{name: "7"})]

    assert changes(([full("1", **{name: "8"}), before[1]],), before=(before,)) == (["1"], ["2"])


@pytest.mark.parametrize(
    "of_the_second",
    [
        [*BEFORE[2:], split("902", "30:00", entry="2")],
        [BEFORE[2]],
        [BEFORE[2], split("901", "21:01", entry="2")],
        [BEFORE[2], split("901", "21:00", entry="2", rank="4")],
        [BEFORE[2], split("901", "21:00", entry="2", time="?")],
        [BEFORE[3]],
        [full("2", unheard_of="x"), BEFORE[3]],
    ],
    ids=["another split", "a split less", "a split's time", "a split's rank", "a split that cannot be read",
         "no full course any more", "a field that the API adds"],
)  # fmt: skip
def test_splits_and_whole_rows_are_looked_at_too(of_the_second):
    assert changes(([*BEFORE[:2], *of_the_second],)) == (["2"], ["1"])


def test_a_status_and_a_place_of_another_list_are_changes_too():
    places_before = [female("1", rank="1"), female("2", rank="2")]
    before = (BEFORE, {"1": "CONF", "2": "CONF"}, places_before)

    assert changes((BEFORE, {"1": "DQ", "2": "CONF"}, places_before), before) == (["1"], ["2"])
    overtaken = [female("1", rank="1"), female("2", rank="3")]
    assert changes((BEFORE, {"1": "CONF", "2": "CONF"}, overtaken), before) == (["2"], ["1"])
    assert changes((BEFORE, {"1": "CONF", "2": "CONF"}), before) == (["1", "2"], [])


def test_who_came_since_is_a_change():
    assert changes(([*BEFORE, full("3")],)) == (["3"], ["1", "2"])


def test_athletes_without_an_entry_id_are_told_each_time():
    nameless = [full("", bib="8"), full("2")]

    changed, unchanged = changes((nameless,), before=(nameless,))

    assert (len(changed), unchanged) == (1, ["2"])


@pytest.mark.parametrize(
    "renamed",
    [
        [full("1"), split("901", "20:00", interval_name="5 km")],
        [full("1"), split("903", "20:00", interval_name="Split 901")],
        # The same rows in another order, so that the intervals have each other's numbers.
        [split("902", "20:00"), full("1"), split("901", "20:00")],
    ],
    ids=["another name", "another id", "another order"],
)
def test_a_reading_whose_intervals_are_others_is_not_told_by_its_changes(renamed):
    before = Reading([full("1"), split("901", "20:00"), split("902", "20:00")])

    assert not before.codebook.agrees_with(Reading(renamed).codebook)
    assert not Reading(renamed).codebook.agrees_with(before.codebook)


def test_a_reading_whose_rows_have_other_fields_is_not_told_by_its_changes():
    row = full("1", age="30")
    renamed = {{"results_age": "results_hometown"}.get(name, name): value for name, value in row.items()}

    assert not Reading([row]).codebook.agrees_with(Reading([renamed]).codebook)


ROWS = st.lists(
    st.builds(
        lambda entry, interval, fields: (
            (split(interval, "20:00", entry=entry) if interval else full(entry))
            | {f"results_{name}": value for name, value in fields.items()}
        ),
        st.sampled_from(["1", "2", "3", ""]),
        st.sampled_from(["", "901", "902"]),
        st.dictionaries(
            st.sampled_from(
                ["bib", "time", "rank", "bracket_name", "primary_bracket_name", "race_id", "age"]
            ),
            st.sampled_from(["1", "2", "", None, 1, True, "00:20:01.000", [], "\x00", 1.0]),
            max_size=3,
        ),
    ),
    max_size=9,
)
STATUSES = st.dictionaries(st.sampled_from("123"), st.sampled_from(["CONF", "DQ", ""]))
GENDERS = st.lists(
    st.builds(lambda e, rank, name: full(e, rank=rank, bracket_name=name), *map(
        st.sampled_from, (["1", "2", "3"], ["1", "2"], ["Female", "Male"]))),
    max_size=4,
)  # fmt: skip
READINGS = st.tuples(ROWS, STATUSES, GENDERS)


@given(before=READINGS, after=READINGS, keep=st.integers(0, 9))
def test_who_is_left_out_has_the_very_result_that_was_stored(before, after, keep):
    # The readings of a race have much in common.
    after = (before[0][:keep] + after[0], *after[1:])
    stored, reading = Reading(*before), Reading(*after)
    stored_results = stored.results()
    all_results = Reading(*after).results()
    if not stored.codebook.agrees_with(reading.codebook):
        return

    changed, unchanged = reading.changes(stored.assembly.fingerprints)

    assert {name: stored_results[name] for name in unchanged} == {
        name: all_results[name] for name in unchanged
    }
    assert changed | {name: all_results[name] for name in unchanged} == all_results
    assert not changed.keys() & set(unchanged)
    assert len(reading.assembly.fingerprints) == len(all_results)
