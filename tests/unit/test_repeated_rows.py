"""Rows that come again, or in another order, are no news."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live.assembly import ResultAssembly
from providers.chronotrack_live.places import Places
from tests.unit.result_rows import assembled, full, only, split


def test_repeated_rows_are_no_news():
    assembly = ResultAssembly("5")
    rows = [full(), split("901", "20:00"), split("902", "30:00"), full("2")]
    assert [assembly.is_new(row) for row in rows] == [True] * 4
    assert [assembly.is_new(row) for row in rows] == [False] * 4
    assert len(assembly) == 2


def test_intervals_without_an_id_go_by_their_name():
    rows = [split(None, "20:00", interval_name="10K"), split("", "30:00", interval_name="15K")]
    rows += [dict(row) for row in rows]
    assert [part.name for part in only([*rows, full()]).splits] == ["10K", "15K"]


def test_the_first_of_two_places_counts():
    assert only([full()], genders=[full(rank="2"), full(rank="9")]).gender_place == 2


def test_places_know_their_repeats():
    made = Places()
    rows = [full(), full("2"), split("901", "20:00")]
    assert [made.is_new(row) for row in rows + rows] == [True] * 3 + [False] * 3


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4)), max_size=40), st.randoms(use_true_random=False)
)
def test_any_order_and_any_repeats_give_the_same_results(marks, random):
    rows = [
        full(str(entry)) if interval == 0 else split(str(900 + interval), f"{interval * 5}:00", str(entry))
        for entry, interval in marks
    ]
    once = list({(row["results_entry_id"], row["results_interval_id"]): row for row in rows}.values())
    random.shuffle(once)
    assert assembled(rows)[0] == assembled(once)[0]
