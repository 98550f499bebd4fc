"""Whatever shape the API is in, one poll of a race that is over is the ground truth."""

from __future__ import annotations

import pytest

from tests.contract.worlds import OAUTH2, other_values
from tests.integration.polled_race import HALF_MARATHON, MARATHON, PolledRace

# What a value needs beside it to be seen at all.
BESIDE = {("oversize", "refuse"): {"largest_size": "200"}}
KEYWORDS = ["ignored", "refused", "empty", "first_race"]


@pytest.fixture
def play(tmp_path, race_start):
    """A maker of races in a shape."""
    return lambda *how, **more: PolledRace(tmp_path, race_start, *how, **more)


def let_in(name, value):
    """Return what credentials need in additional_config where a switch has this value."""
    return {"digests": {"password_digest": value}, "token_life": OAUTH2}.get(name, {})


@pytest.mark.parametrize(("name", "value"), [(None, None), *other_values()])
def test_one_poll_is_the_truth_whatever_single_thing_is_different(play, name, value):
    variants = {name: value, **BESIDE.get((name, value), {})} if name else {}
    complete = None if variants.get("page_headers") == "none" else True
    with play(variants, config=let_in(name, value)) as race:
        poll = race.poll()
        entries = race.entries()

        assert [str(difference) for difference in poll.wrong] == []
        assert poll.is_right
        assert poll.complete is complete
        assert entries == (race.true_entries(), complete)


# Places -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [MARATHON, HALF_MARATHON])
@pytest.mark.parametrize("keywords", ["ignored", "refused", "empty"])
def test_a_keyword_that_was_in_vain_twice_is_spared_for_a_while(play, event, keywords):
    with play({"bracket_keywords": keywords}, event=event) as race:
        polls = [race.poll() for _ in range(13)]

        assert all(poll.is_right for poll in polls)
        assert [poll.keywords for poll in polls[:3]] == [{"SEX", "AGE"}, {"SEX", "AGE"}, set()]
        assert [poll.keywords for poll in polls[3:]].count({"SEX", "AGE"}) == 1
        assert polls[2].counted.errors == {}


def test_a_keyword_that_is_understood_is_asked_for_again_and_nothing_else_of_the_brackets(play):
    with play() as race:
        for _ in range(2):
            poll = race.poll()
            assert poll.is_right
            assert poll.keywords == {"SEX", "AGE"}
            assert poll.requests("bracket") == []


def test_a_keyword_that_means_the_first_race_only_leaves_the_others_to_their_brackets(play):
    with play({"bracket_keywords": "first_race"}, event=HALF_MARATHON) as race:
        first, second = race.poll(), race.poll()

        assert first.is_right
        assert second.is_right
        assert first.keywords == second.keywords == {"SEX", "AGE"}
        assert len(second.requests("bracket")) == 1


@pytest.mark.parametrize("event", [MARATHON, HALF_MARATHON])
@pytest.mark.parametrize("keywords", KEYWORDS)
@pytest.mark.parametrize(
    "others",
    [
        {"bracket_names": "absent"},
        {"bracket_owner": "absent"},
        {"bracket_types": "GENDER"},
        {"bracket_names": "absent", "bracket_owner": "absent", "entry_ids": "absent"},
    ],
    ids=str,
)
def test_places_come_from_the_brackets_own_lists_however_little_is_said_of_them(
    play, event, keywords, others
):
    with play({"bracket_keywords": keywords, **others}, event=event) as race:
        for _ in range(2):
            poll = race.poll()
            assert [str(difference) for difference in poll.wrong] == []
            assert (poll.complete, poll.unsure) == (True, frozenset())


# Who is who ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", ["present", "absent"])
def test_test_entries_have_no_result_and_are_looked_up_once(play, ids):
    with play({"test_results": "some", "entry_ids": ids}) as race:
        first, second = race.poll(), race.poll()

        assert first.is_right
        assert second.is_right
        assert [query["include_test_entries"] for query in first.requests("entry")] == ["false", "true"]
        assert [query["include_test_entries"] for query in second.requests("entry")] == ["false"]


@pytest.mark.parametrize("event", [MARATHON, HALF_MARATHON])
def test_results_without_entry_ids_go_by_race_bib_and_name(play, event):
    with play({"entry_ids": "absent", "scalars": "number", "empty": "absent"}, event=event) as race:
        poll = race.poll()

        assert poll.is_right
        assert poll.complete is True
        assert {result.provider_participant_id for result in poll.results} == {None}
        assert len({result.provider_result_id for result in poll.results}) == len(poll.results)


# Paging -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variants",
    [
        {"paging": "headers", "compression": "gzip"},
        {"paging": "query"},
        {"beyond_end": "repeat"},
        {"beyond_end": "repeat", "page_headers": "none"},
        {"page_headers": "none", "entry_ids": "absent", "bracket_names": "absent"},
    ],
    ids=str,
)
def test_pages_of_seven_rows_are_read_to_the_last_and_not_much_further(play, variants):
    with play({"largest_size": "7", **variants}, athletes=20) as race:
        poll = race.poll()

        assert poll.is_right
        assert poll.complete is (None if "page_headers" in variants else True)
        pages = [int(query["page"]) for query in poll.requests("results") if query.get("interval")]
        rows = sum(1 + len(result.splits) for result in poll.results)
        assert sorted(pages) == list(range(1, len(pages) + 1))
        assert 0 <= len(pages) - rows // 7 <= 2


def test_a_size_that_is_refused_is_asked_for_once(play):
    with play({"oversize": "refuse", "largest_size": "100"}, athletes=20) as race:
        first, second = race.poll(), race.poll()

        assert first.is_right
        assert second.is_right
        assert {query["size"] for query in second.requests("results")} == {"100"}
        assert second.counted.errors == {}
