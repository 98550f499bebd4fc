"""What is told when: once for each change, and never a storm."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulers.notices.concern import Concern, Look
from schedulers.notices.ledger import FORGOTTEN, PACE, STEADY, Ledger

BEGIN = datetime(2026, 4, 18, 7, 30, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SUBJECTS = ("partner 7", "ctlive:7:5", "database")
KINDS = ("late", "failing")


def concern(subject, kind="late"):
    return Concern(subject, kind, f"{subject} (Harbour)", "something is the matter", "Do something.")


def seen(after, *concerns, judged=SUBJECTS):
    """A look, so long after the beginning."""
    return Look(BEGIN + after, [concern(*each) for each in concerns], set(judged))


class Recipient:
    """Sees looks, and notes what he is told: (when, what appeared, who is well again)."""

    def __init__(self):
        self.ledger = Ledger()
        self.messages = []

    def sees(self, look, *, takes=True):
        self.ledger = self.ledger.having_seen(look)
        news = self.ledger.news(look)
        if news is None:
            return None
        self.ledger = self.ledger.trying(look.at)
        self.messages.append(
            (look.at - BEGIN, [(each.subject, each.kind) for each in news.appeared], [*news.recovered])
        )
        if takes:
            self.ledger = self.ledger.having_told(news)
        return news


@pytest.fixture
def recipient():
    return Recipient()


def every(step, until, *concerns, since=timedelta(0), judged=SUBJECTS):
    """Looks, one after the other, that all find the same."""
    after = since
    while after <= until:
        yield seen(after, *concerns, judged=judged)
        after += step


def test_what_stands_is_told_once_however_often_it_is_looked_at(recipient):
    for look in every(MINUTE, 60 * MINUTE, ("partner 7",)):
        recipient.sees(look)

    assert recipient.messages == [(0 * MINUTE, [("partner 7", "late")], [])]


def test_all_changes_of_a_look_are_one_message(recipient):
    recipient.sees(seen(0 * MINUTE, ("partner 7",), ("database",), ("ctlive:7:5", "failing")))

    [(_, appeared, _)] = recipient.messages
    assert appeared == [("partner 7", "late"), ("database", "late"), ("ctlive:7:5", "failing")]


def test_what_comes_within_five_minutes_of_a_message_is_gathered_for_the_next(recipient):
    recipient.sees(seen(0 * MINUTE, ("partner 7",)))
    recipient.sees(seen(1 * MINUTE, ("partner 7",), ("database",)))
    recipient.sees(seen(4 * MINUTE, ("partner 7",), ("database",), ("ctlive:7:5",)))
    recipient.sees(seen(5 * MINUTE, ("partner 7",), ("database",), ("ctlive:7:5",)))

    assert recipient.messages[1:] == [(5 * MINUTE, [("database", "late"), ("ctlive:7:5", "late")], [])]


def test_what_comes_and_goes_between_two_messages_is_not_told(recipient):
    recipient.sees(seen(0 * MINUTE, ("partner 7",)))
    recipient.sees(seen(1 * MINUTE, ("partner 7",), ("database",)))
    for look in every(MINUTE, 30 * MINUTE, ("partner 7",), since=2 * MINUTE):
        recipient.sees(look)

    assert len(recipient.messages) == 1


def test_what_has_been_well_for_five_minutes_is_said_to_be_well_again_once(recipient):
    recipient.sees(seen(0 * MINUTE, ("partner 7",)))
    for look in every(MINUTE, 60 * MINUTE, since=10 * MINUTE):
        recipient.sees(look)

    assert recipient.messages[1:] == [(15 * MINUTE, [], ["partner 7"])]


def test_what_flaps_is_told_once_and_recovers_once(recipient):
    for number in range(1000):
        recipient.sees(seen(number * 10 * SECOND, *([("partner 7",)] if number % 3 else [])))
    for look in every(MINUTE, 200 * MINUTE, since=10_000 * SECOND):
        recipient.sees(look)

    assert [message[1:] for message in recipient.messages] == [
        ([("partner 7", "late")], []),
        ([], ["partner 7"]),
    ]


def test_what_comes_back_after_it_was_said_to_be_well_is_told_again(recipient):
    for look in (
        *every(MINUTE, 1 * MINUTE, ("database",)),
        *every(MINUTE, 9 * MINUTE, since=2 * MINUTE),
        *every(MINUTE, 20 * MINUTE, ("database",), since=10 * MINUTE),
    ):
        recipient.sees(look)

    assert [bool(appeared) for _, appeared, _ in recipient.messages] == [True, False, True]


def test_what_becomes_worse_is_told_and_is_well_again_only_when_nothing_is_the_matter(recipient):
    event = "ctlive:7:5"
    for look in (
        *every(MINUTE, 9 * MINUTE, (event, "late")),
        *every(MINUTE, 19 * MINUTE, (event, "failing"), since=10 * MINUTE),
        *every(MINUTE, 29 * MINUTE, (event, "late"), since=20 * MINUTE),
        *every(MINUTE, 60 * MINUTE, since=30 * MINUTE),
    ):
        recipient.sees(look)

    assert recipient.messages == [
        (0 * MINUTE, [(event, "late")], []),
        (10 * MINUTE, [(event, "failing")], []),
        (20 * MINUTE, [(event, "late")], []),
        (35 * MINUTE, [], [event]),
    ]


def test_what_was_not_taken_is_tried_again_ever_more_rarely_until_it_is(recipient):
    for look in every(MINUTE, 215 * MINUTE, ("partner 7",)):
        recipient.sees(look, takes=look.at >= BEGIN + 215 * MINUTE)

    tries = (0, 5, 15, 35, 75, 135, 195)
    assert recipient.messages == [(after * MINUTE, [("partner 7", "late")], []) for after in tries]
    assert recipient.sees(seen(255 * MINUTE, ("partner 7",))) is not None
    assert recipient.ledger.pace == PACE
    assert recipient.sees(seen(300 * MINUTE, ("partner 7",))) is None


def test_an_event_that_is_not_followed_any_more_is_not_said_to_be_well_again_and_forgotten_in_the_end(
    recipient,
):
    recipient.sees(seen(0 * MINUTE, ("ctlive:7:5",)))
    for look in every(60 * MINUTE, FORGOTTEN + 120 * MINUTE, judged=["partner 7"], since=60 * MINUTE):
        recipient.sees(look)

    assert len(recipient.messages) == 1
    assert recipient.ledger.told == {}


def test_what_could_not_be_judged_for_a_while_stays_told(recipient):
    recipient.sees(seen(0 * MINUTE, ("partner 7",)))
    for look in every(MINUTE, 60 * MINUTE, ("database",), judged=["database"], since=1 * MINUTE):
        recipient.sees(look)
    for look in every(MINUTE, 90 * MINUTE, ("partner 7",), since=61 * MINUTE):
        recipient.sees(look)

    assert [message[1:] for message in recipient.messages] == [
        ([("partner 7", "late")], []),
        ([("database", "late")], []),
        ([], ["database"]),
    ]


def test_a_clock_that_was_set_back_holds_nothing_up(recipient):
    recipient.sees(seen(timedelta(days=30), ("partner 7",)))
    recipient.sees(seen(timedelta(days=30) + 6 * MINUTE))
    for look in every(MINUTE, 10 * MINUTE, ("database",)):
        recipient.sees(look)

    assert recipient.messages[1:] == [
        (0 * MINUTE, [("database", "late")], []),
        (5 * MINUTE, [], ["partner 7"]),
    ]


def test_what_was_gone_for_five_minutes_is_told_again_though_something_else_of_it_stood_all_the_while(
    recipient,
):
    clock, silent = ("service", "clock"), ("service", "silent")
    for look in (
        *every(MINUTE, 9 * MINUTE, clock, silent),
        *every(MINUTE, 60 * MINUTE, clock, since=10 * MINUTE),
        *every(MINUTE, 70 * MINUTE, clock, silent, since=61 * MINUTE),
    ):
        recipient.sees(look)

    assert recipient.messages == [(0 * MINUTE, [clock, silent], []), (61 * MINUTE, [silent], [])]


# Whatever happens -------------------------------------------------------------------------------------------


@st.composite
def lives(draw):
    """Looks at intervals of seconds to minutes, and whether a message after each would be taken."""
    after, days = timedelta(0), []
    pairs = st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(KINDS))
    for _ in range(draw(st.integers(1, 40))):
        after += draw(st.sampled_from([SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 7 * MINUTE]))
        standing = draw(st.sets(pairs, max_size=3))
        judged = draw(st.sets(st.sampled_from(SUBJECTS))) | {subject for subject, _ in standing}
        days.append((seen(after, *sorted(standing), judged=judged), draw(st.booleans())))
    return days


@settings(max_examples=50)  # each is a life of up to forty looks
@given(lives())
def test_messages_keep_their_distance_and_say_nothing_twice(life):
    recipient, told = Recipient(), defaultdict(set)
    absent_since, long_gone = {}, set()
    for look, takes in life:
        standing = {(each.subject, each.kind) for each in look.concerns}
        for known in {(subject, kind) for subject, kinds in told.items() for kind in kinds}:
            if known in standing:
                absent_since.pop(known, None)
            elif look.at - absent_since.setdefault(known, look.at) >= STEADY:
                long_gone.add(known)
        news = recipient.sees(look, takes=takes)
        if news is None:
            continue
        appeared = {(each.subject, each.kind) for each in news.appeared}
        assert appeared | news.recovered.keys()
        assert appeared <= standing
        assert not any(
            kind in told[subject] and (subject, kind) not in long_gone for subject, kind in appeared
        )
        assert all(told[subject] for subject in news.recovered)
        if takes:
            long_gone -= appeared
            for subject in news.recovered:
                told.pop(subject)
            for subject, kind in appeared:
                told[subject].add(kind)

    assert all(later - sooner >= PACE for (sooner, *_), (later, *_) in pairwise(recipient.messages))


@settings(max_examples=50)  # each is a life of up to forty looks
@given(lives())
def test_whoever_is_said_to_be_well_again_was_well_in_every_look_for_five_minutes(life):
    recipient = Recipient()
    for number, (look, takes) in enumerate(life):
        news = recipient.sees(look, takes=takes)
        for subject in news.recovered if news else ():
            well_since = look.at
            for before, _ in reversed(life[: number + 1]):
                if subject in {each.subject for each in before.concerns} or subject not in before.judged:
                    break
                well_since = before.at
            assert look.at - well_since >= STEADY


@settings(max_examples=50)  # each is a life of up to forty looks
@given(lives())
def test_what_stands_and_was_not_told_is_told_as_soon_as_a_message_may_be_sent(life):
    recipient, tried = Recipient(), None
    for look, takes in life:
        told, pace = recipient.ledger.told, recipient.ledger.pace
        news = recipient.sees(look, takes=takes)
        untold = {
            (each.subject, each.kind)
            for each in look.concerns
            if each.subject not in told or each.kind not in told[each.subject].kinds
        }
        if tried is None or look.at - tried >= pace:
            assert untold == {(each.subject, each.kind) for each in (news.appeared if news else ())}
        if news is not None:
            tried = look.at
