"""A run over partners whose provider says what a test tells it to say."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backfill.board import Board
from backfill.options import Options, scope_of
from backfill.outage import Outage
from backfill.outcome import End
from backfill.partner import PastPartner
from backfill.plan import Skip
from backfill.run import Run
from providers.errors import ApiUnreachable, CredentialsRefused, DatabaseUnavailable, EventArchived
from providers.readings import Snapshot
from providers.room import Room
from tests.integration.builders import RUN, athlete
from tests.integration.scripted_provider import ScriptedProvider

NOW = datetime.now(UTC)


class PastProvider(ScriptedProvider):
    """Has past events, some of which go wrong; notes how many are read at once."""

    def __init__(self, credentials, folder, clock, events):
        super().__init__(credentials, folder, clock)
        self.events = [
            replace(
                RUN,
                provider_event_id=str(1000 + number),
                name=f"Run {number}",
                start_time=NOW - timedelta(days=10 + number),
                end_time=None,
                races=(),
            )
            for number in range(events)
        ]
        self.wrong, self.moving, self.fields = {}, set(), []
        self.listing_fails = None
        self.listing_waits, self.on_read = None, lambda: None
        self.read, self.most = 0, 0
        self._under_way, self._counting = 0, threading.Lock()

    def get_events(self, since, until):
        if self.listing_fails:
            raise self.listing_fails
        if self.listing_waits:
            assert self.listing_waits.wait(60)
        return Snapshot(iter(self.events), complete=True)

    def get_participants(self, provider_event_id):
        with self._counting:
            self.read += 1
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        try:
            self.on_read()
            if error := self.wrong.get(provider_event_id):
                raise error
            return Snapshot(iter(()), complete=True)
        finally:
            with self._counting:
                self._under_way -= 1

    def get_results(self, provider_event_id):
        if self.fields:
            return Snapshot(iter(self.fields.pop(0)), complete=True)
        found = athlete(int(provider_event_id))
        unsure = frozenset({"gender_place"}) if provider_event_id in self.moving else frozenset()
        return Snapshot(iter([found]), complete=True, unsure=unsure)


@pytest.fixture
def provide(add_partner, tmp_path, clock):
    """A maker of partners with past events."""
    with ExitStack() as stack:

        def make(events):
            credentials = add_partner()
            folder = tmp_path / f"partner-{credentials.timing_partner_id}"
            provider = PastProvider(credentials, folder, clock, events)
            stack.callback(provider.close)
            return provider

        yield make


@pytest.fixture
def prepared(store, clock):
    """A maker of runs over some providers."""

    def prepare(
        *providers, answers=store.answers, patience=300.0, lists_patience=60.0, again=False, **options
    ):
        chosen = Options(api_delay=0, **options)
        room, board = Room(), Board(moving=False)
        partners = [PastPartner(p, store, clock, chosen, room, board.say) for p in providers]
        scope = scope_of(clock.now(), days=None, since=None, until=None, event_ids=(), again=again)
        return Run(partners, scope, chosen, board, Outage(answers, patience), lists_patience)

    return prepare


@pytest.fixture
def go(prepared):
    """Runs a backfill of some providers to its end."""
    return lambda *providers, **options: prepared(*providers, **options).go()


def ends(result):
    return [outcome.end for outcome in result.outcomes]


def test_an_api_that_answers_to_nobody_is_not_asked_for_every_event(provide, go):
    away, well = provide(200), provide(30)
    away.wrong = {event.provider_event_id: ApiUnreachable("no answer") for event in away.events}

    result = go(away, well)

    [trouble] = result.troubles
    assert (trouble.partner, trouble.category) == (1, "unreachable")
    assert away.read < 60
    assert trouble.untried == 200 - away.read
    assert ends(result).count(End.IMPORTED) == 30
    assert "Run the backfill again when the API can be reached" in trouble.advice


def test_a_partner_who_is_refused_on_the_way_is_left_alone_from_then_on(provide, go):
    refused, well = provide(100), provide(30)
    refused.wrong = {event.provider_event_id: CredentialsRefused("no") for event in refused.events[20:]}

    result = go(refused, well)

    assert refused.read < 60
    assert [trouble.partner for trouble in result.troubles] == [1]
    assert sum(o.end is End.IMPORTED for o in result.outcomes if o.partner == 2) == 30


def test_a_list_that_cannot_be_read_stops_nobody_else(provide, go):
    broken, well = provide(5), provide(5)
    broken.listing_fails = ApiUnreachable("no answer")

    result = go(broken, well)

    assert [trouble.partner for trouble in result.troubles] == [1]
    assert ends(result) == [End.IMPORTED] * 5


def test_what_is_left_out_on_the_way_does_not_count_for_the_limit(provide, go):
    provider = provide(12)
    provider.wrong = {event.provider_event_id: EventArchived("locked") for event in provider.events[:5]}

    result = go(provider, limit=4)

    taken = [o.event_id for o in result.outcomes if o.end is End.IMPORTED]
    assert sorted(taken) == ["1005", "1006", "1007", "1008"]
    assert [o.skip for o in result.outcomes if o.end is End.SKIPPED] == [Skip.ARCHIVED] * 5
    assert result.left == 3


def test_the_limit_takes_the_latest_events_of_all_partners_together(provide, go):
    one, other = provide(10), provide(10)
    other.events = [replace(e, start_time=e.start_time - timedelta(hours=12)) for e in other.events]

    result = go(one, other, limit=6)

    assert sorted((o.partner, o.event_id) for o in result.outcomes) == [
        (partner, str(1000 + number)) for partner in (1, 2) for number in range(3)
    ]


def test_no_more_events_of_a_partner_are_worked_on_than_asked_for(provide, go):
    provider = provide(30)

    go(provider, events=3)

    assert provider.read == 30
    assert 1 <= provider.most <= 3


def test_a_fault_of_this_software_in_one_event_stops_no_other(provide, go):
    provider = provide(5)
    provider.wrong = {"1002": ZeroDivisionError()}

    result = go(provider)

    [failed] = [o for o in result.outcomes if o.end is End.FAILED]
    assert (failed.event_id, ends(result).count(End.IMPORTED)) == ("1002", 4)
    assert "A fault of this software (ZeroDivisionError)" in failed.said


def test_what_could_not_be_read_whole_is_asked_for_again_but_after_the_others(provide, go):
    provider = provide(6)
    latest = provider.events[0].provider_event_id
    provider.moving = {latest}

    first = go(provider, limit=2)
    second = go(provider, limit=3)
    provider.moving = set()
    last = go(provider)

    assert [o.event_id for o in first.outcomes if o.end is End.IN_PART] == [latest]
    assert sorted(o.event_id for o in second.outcomes if o.end is End.IMPORTED) == ["1002", "1003", "1004"]
    assert sorted(o.event_id for o in last.outcomes if o.end is End.IMPORTED) == ["1000", "1005"]
    assert End.IN_PART not in ends(last)


def test_results_that_are_gone_are_settled_by_a_second_reading_at_once(provide, go, query):
    provider = provide(1)
    field = [athlete(number) for number in range(1, 41)]
    provider.fields = [field, field[1:], field[1:]]
    go(provider)
    query("DELETE FROM sync_history")

    [again] = go(provider).outcomes

    assert (again.end, provider.fields) == (End.IMPORTED, [])
    assert query("SELECT count(*) AS n FROM ct_results WHERE result_status = 'removed'") == [{"n": 1}]


class Database:
    """Does not answer a number of times; then all that a provider has to say goes well again."""

    def __init__(self, provider, away):
        self._provider, self._away = provider, away
        provider.wrong = {e.provider_event_id: DatabaseUnavailable("gone") for e in provider.events}
        self.asked = 0

    def __call__(self):
        self.asked += 1
        if self.asked <= self._away:
            raise DatabaseUnavailable("gone")
        self._provider.wrong = {}


def test_a_database_that_is_lost_for_a_while_ends_nothing_and_what_failed_for_it_is_tried_again(
    provide, go, capsys
):
    provider = provide(100)
    database = Database(provider, away=2)

    result = go(provider, answers=database)

    assert (ends(result), result.troubles, result.left) == ([End.IMPORTED] * 100, [], 0)
    assert provider.read <= 100 + 10  # no more are begun while it is away
    said = capsys.readouterr().err
    assert said.count("The database does not answer: nothing is begun until it does, for 5 minutes") == 1
    assert said.count("The database answers again") == 1


def test_a_list_for_which_the_database_was_lost_is_asked_for_again(provide, go):
    provider = provide(3)
    provider.listing_fails = DatabaseUnavailable("gone")

    def answers():
        provider.listing_fails = None

    result = go(provider, answers=answers)

    assert (ends(result), result.troubles) == ([End.IMPORTED] * 3, [])


def test_a_database_that_stays_away_ends_the_run_with_what_to_do(provide, go):
    provider = provide(100)

    result = go(provider, answers=Database(provider, away=1_000), patience=0)

    [trouble] = result.troubles
    assert (trouble.category, trouble.partner) == ("database", None)
    assert "when the database answers" in trouble.advice
    assert trouble.untried == result.left == 100 - len(result.outcomes)
    assert End.IMPORTED not in ends(result)


def test_a_run_that_waits_for_the_database_can_be_interrupted(provide, prepared):
    provider = provide(30)
    database = Database(provider, away=1_000)

    def answers():
        run.interrupt()
        database()

    run = prepared(provider, answers=answers)
    result = run.go()

    assert (result.interrupted, result.troubles) == (True, [])
    assert result.left + ends(result).count(End.FAILED) == 30


def test_an_event_for_which_the_database_is_lost_each_time_fails_at_last_and_alone(provide, go):
    provider = provide(5)
    provider.wrong = {"1002": DatabaseUnavailable("gone")}

    result = go(provider)

    [failed] = [o for o in result.outcomes if o.end is End.FAILED]
    assert (failed.event_id, failed.category) == ("1002", "database")
    assert provider.read == 4 + 3
    assert ends(result).count(End.IMPORTED) == 4


def test_what_an_interruption_leaves_is_counted(provide, prepared):
    provider = provide(40)
    run = prepared(provider, events=2)
    provider.on_read = lambda: provider.read >= 5 and run.interrupt()

    result = run.go()

    done = [end for end in ends(result) if end is not End.INTERRUPTED]
    assert result.interrupted
    assert result.left > 0
    assert result.left + len(done) == 40


def test_what_a_refusal_leaves_is_counted(provide, go):
    refused = provide(100)
    refused.wrong = {event.provider_event_id: CredentialsRefused("no") for event in refused.events[20:]}

    result = go(refused)

    assert result.left > 0
    assert result.left == 100 - len(result.outcomes)


def test_with_a_limit_a_list_that_hangs_holds_up_the_others_for_a_while_only(provide, go, capsys):
    hanging, well = provide(5), provide(5)
    hanging.listing_waits = threading.Event()
    well.on_read = lambda: well.read >= 3 and hanging.listing_waits.set()

    result = go(hanging, well, limit=3, lists_patience=1.0)

    assert [o.partner for o in result.outcomes] == [2, 2, 2]
    said = capsys.readouterr().out
    assert said.count("waiting for the events of") == 1
    assert hanging.credentials.label in said


def test_an_event_that_an_operator_holds_back_is_left_as_it_is_unless_all_is_forced(provide, go, query):
    provider = provide(2)
    go(provider)
    query("DELETE FROM sync_history")
    query("INSERT INTO ct_live_paused_events (event_id) VALUES ('ctlive:1:1001')")

    plain = go(provider)
    query("DELETE FROM sync_history")
    forced = go(provider, again=True)

    assert {o.event_id: o.skip for o in plain.outcomes} == {"1000": None, "1001": Skip.PAUSED}
    assert ends(forced) == [End.IMPORTED] * 2
