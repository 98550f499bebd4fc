"""Whatever goes wrong with the API, nothing that a poll says is wrong."""

from __future__ import annotations

import time

import pytest
import structlog

from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.errors import AnswerUnusable, ApiUnreachable
from tests.contract.worlds import OAUTH2
from tests.integration.polled_race import PolledRace

MALFORMED = ["html", "empty_body", "truncated", "array", "error_object", "huge=70"]
# What a poll reads: the results, two bracket types, the entries.
LISTS = 4
# Fields of an athlete that come from the further lists, as `unsure` names them.
FURTHER = {"gender_place", "division_place", "status"}
TIMEOUT = 0.3


@pytest.fixture
def play(tmp_path, race_start):
    """A maker of races with faults."""
    return lambda *faults, **more: PolledRace(tmp_path, race_start, faults=faults, **more)


# What passes by itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "category"),
    [
        ("server_error", "server_error"),
        ("unavailable", "server_error"),
        ("too_many", "rate_limited"),
        ("too_many_seconds", "rate_limited"),
        ("too_many_date", "rate_limited"),
        ("broken_off", "unreachable"),
        ("reset", "unreachable"),
    ],
)
def test_a_failure_that_passes_costs_one_more_try_of_each_list(play, fault, category):
    with play(fault) as race:
        for _ in range(2):
            poll = race.poll()

            assert poll.is_right
            assert poll.complete is True
            assert poll.counted.retries == poll.counted.errors == {category: LISTS}


def test_failures_of_all_kinds_in_turn_cost_nothing_but_tries(play):
    with play("reset", "server_error", "too_many_date", "broken_off") as race:
        polls = [race.poll() for _ in range(4)]
        assert all(poll.is_right and poll.complete for poll in polls)
        assert set(polls[1].counted.retries) == {"server_error"}


@pytest.mark.parametrize("fault", ["slow=0.05", "trickle=0"])
def test_an_answer_that_comes_slowly_but_in_time_is_an_answer(play, fault):
    with play(fault, athletes=20) as race:
        poll = race.poll()
        assert poll.is_right
        assert poll.complete is True
        assert poll.counted.retries == {}


def test_a_page_that_trickles_in_for_too_long_is_asked_for_again(play):
    with play("trickle=0.05", athletes=20, config={"timeout": TIMEOUT}) as race:
        poll = race.poll()
        assert poll.is_right
        assert poll.counted.retries["unreachable"] >= LISTS


def test_bytes_that_keep_coming_one_by_one_hold_up_nobody_beyond_the_timeout(play):
    with play("trickle=0.05") as race:
        settings = ChronoTrackLiveSettings.of(race.api.credentials(timeout=TIMEOUT))
        client = ChronoTrackLiveClient(settings, lambda request: request(), structlog.get_logger())
        began = time.monotonic()
        with pytest.raises(ApiUnreachable, match="no answer in time"):
            client.probe()
        assert time.monotonic() - began < 3 * TIMEOUT
        client.close()


def test_tokens_that_die_early_are_renewed_as_often_as_they_die(play):
    with play("expired_tokens", config=OAUTH2) as race:
        for _ in range(2):
            poll = race.poll()
            assert poll.is_right
            assert poll.complete is True
            tokens = len(poll.requests("token"))
            assert 1 <= tokens <= 2


# What is no data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", MALFORMED)
def test_an_answer_that_is_no_data_is_never_taken_for_some(play, fault):
    with play(fault) as race:
        with pytest.raises(AnswerUnusable):
            race.poll()
        second = race.poll()
        with pytest.raises(AnswerUnusable):
            race.poll()
        fourth = race.poll()

        # At the second poll the first list is right and all others are met by the fault.
        assert second.complete is True
        assert second.unsure == FURTHER
        assert {difference.field for difference in second.wrong} <= FURTHER
        assert {result.gender_place for result in second.results} == {None}
        assert {result.division_place for result in second.results} == {None}
        assert fourth.is_right
        assert fourth.complete is True


@pytest.mark.parametrize("fault", MALFORMED)
def test_an_answer_that_is_no_data_is_no_list_of_entries_or_events(play, fault):
    with play(fault, athletes=20) as race:
        with pytest.raises(AnswerUnusable):
            race.entries()
        assert race.entries() == (race.true_entries(), True)
        with pytest.raises(AnswerUnusable):
            race.adapter.get_events(None, None)

        # The list of events is right now, and each event's races are what is no data.
        events = race.adapter.get_events(None, None)
        assert events.complete is False
        assert race.event_id in {event.provider_event_id for event in events.records}


# Lists that are not as they were ------------------------------------------------------------------


def test_a_list_that_moves_while_it_is_read_is_not_whole_and_says_so(play):
    with play("moving", variants={"largest_size": "50"}) as race:
        for _ in range(2):
            moved = race.poll()
            entries, whole = race.entries()
            assert moved.complete is False
            assert {d.field for d in moved.wrong} <= {"splits", "result", *moved.unsure}
            assert moved.unsure >= {"gender_place", "division_place"}

            still = race.poll()
            assert still.is_right
            assert still.complete is True
            assert whole or set(entries) < set(race.true_entries())


@pytest.mark.parametrize("headers", ["all", "none"])
@pytest.mark.parametrize("fault", ["overlapping", "doubled"])
def test_rows_that_come_again_are_no_news(play, fault, headers):
    complete = True if headers == "all" else None
    with play(fault, variants={"largest_size": "50", "page_headers": headers}) as race:
        poll = race.poll()
        assert [str(difference) for difference in poll.wrong] == []
        assert poll.is_right
        assert poll.complete is complete
        assert race.entries() == (race.true_entries(), complete)
