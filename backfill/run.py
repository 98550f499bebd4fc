"""One run over all partners: which event is worked on when, and when enough is done."""

from __future__ import annotations

import queue
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from backfill.board import Board
from backfill.options import Options
from backfill.outcome import End, Outcome, Result, Trouble
from backfill.partner import PastPartner
from backfill.plan import Plan, Scope
from providers.clock import Interrupted
from providers.errors import IntegrationError
from providers.records import ProviderEvent

# How often the display moves, in seconds.
_TICK = 0.25
# After one of these a partner's other events would go no better.
_HOPELESS = ("refused", "settings", "schema")
# After so many of these in a row, too: what answers to nobody is not asked a thousand times.
_AWAY, _ENOUGH = ("unreachable", "database"), 20


@dataclass(frozen=True, slots=True)
class _Candidate:
    partner: PastPartner
    event: ProviderEvent
    tried_before: bool

    @property
    def rank(self) -> tuple[bool, float, int, str]:
        """The latest first, but last what was tried before: it must not stand in the way of the others."""
        start = self.event.start_time.timestamp() if self.event.start_time else 0.0
        return self.tried_before, -start, self.partner.timing_partner_id, self.event.provider_event_id


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a partner's list came to."""

    partner: PastPartner
    plan: Plan | None = None
    tried: frozenset[str] = frozenset()
    error: IntegrationError | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    candidate: _Candidate
    outcome: Outcome


class Run:
    """Lists the partners' events and works on them side by side; its state belongs to the thread of `go`."""

    def __init__(self, partners: Sequence[PastPartner], scope: Scope, options: Options, board: Board) -> None:
        self._partners = partners
        self._scope = scope
        self._options = options
        self._board = board
        self._news: queue.SimpleQueue[_Listed | _Done | None] = queue.SimpleQueue()
        self._unlisted = deque(partners)
        self._listing = 0
        self._pending: list[_Candidate] = []
        self._running: Counter[int] = Counter()
        self._counted = 0
        self._away: Counter[int] = Counter()
        self._result = Result()

    def interrupt(self) -> None:
        """End soon: what would have to wait is rolled back. May be called by a signal's handler."""
        self._news.put(None)

    def go(self) -> Result:
        """Work until nothing is left to be done, or the run is interrupted."""
        self._board.begin(self._partners)
        workers = self._options.partners * self._options.events
        with ThreadPoolExecutor(workers, thread_name_prefix="backfill") as self._workers:
            while self._start_what_may():
                self._take(self._awaited())
        self._result.left = len(self._pending)
        return self._result

    def _awaited(self) -> _Listed | _Done | None:
        """Return what happens next; the display moves meanwhile."""
        while True:
            self._board.show(self._running)
            with suppress(queue.Empty):
                return self._news.get(timeout=_TICK)

    # What is started --------------------------------------------------------------------------------

    def _start_what_may(self) -> bool:
        """Start what may be worked on now; return whether anything is under way."""
        while self._unlisted and self._listing < self._options.partners:
            self._listing += 1
            self._workers.submit(self._list, self._unlisted.popleft())
        for candidate in self._next():
            self._running[candidate.partner.timing_partner_id] += 1
            self._workers.submit(self._work, candidate)
        return bool(self._listing or self._running.total())

    def _next(self) -> list[_Candidate]:
        """Take out of what is pending the events that may be begun, the first first."""
        entitled = len(self._pending)
        if self._options.limit is not None:
            # Which events are the first ones is known when all are; what is left out makes place for others.
            listed = not self._unlisted and not self._listing
            entitled = self._options.limit - self._counted - self._running.total() if listed else 0
        chosen: list[_Candidate] = []
        kept: list[_Candidate] = []
        under_way = self._running.copy()
        for place, candidate in enumerate(self._pending):
            partner = candidate.partner.timing_partner_id
            full = under_way[partner] >= self._options.events or (
                not under_way[partner] and len(under_way) >= self._options.partners
            )
            if place >= entitled:
                kept += self._pending[place:]
                break
            if full:
                kept.append(candidate)
            else:
                under_way[partner] += 1
                chosen.append(candidate)
        self._pending = kept
        return chosen

    # In the workers' threads ------------------------------------------------------------------------

    def _list(self, partner: PastPartner) -> None:
        try:
            plan, tried = partner.plan(self._scope)
            self._news.put(_Listed(partner, plan, frozenset(tried)))
        except Interrupted:
            self._news.put(_Listed(partner))
        except IntegrationError as error:
            self._news.put(_Listed(partner, error=error))
        except Exception as fault:
            partner.adapter.log.exception("backfill.broke")
            self._news.put(_Listed(partner, error=_fault(fault)))

    def _work(self, candidate: _Candidate) -> None:
        partner, event = candidate.partner, candidate.event
        try:
            outcome = partner.do(event, again=self._scope.again)
        except Exception as fault:
            partner.adapter.log.exception("backfill.broke")
            outcome = Outcome.of_error(partner.timing_partner_id, event, _fault(fault))
        self._news.put(_Done(candidate, outcome))

    # What they have to say --------------------------------------------------------------------------

    def _take(self, news: _Listed | _Done | None) -> None:
        match news:
            case None:
                self._end()
            case _Listed():
                self._take_plan(news)
            case _Done():
                self._take_outcome(news.candidate, news.outcome)

    def _end(self) -> None:
        self._result.interrupted = True
        self._unlisted.clear()
        self._pending.clear()
        for partner in self._partners:
            partner.stop()

    def _take_plan(self, listed: _Listed) -> None:
        self._listing -= 1
        partner = listed.partner
        if listed.error is not None:
            self._result.troubles.append(Trouble.of(partner.adapter.credentials, listed.error))
            self._board.fail(f"{partner.label}: cannot list events: {listed.error}")
        if listed.plan is None or self._result.interrupted:
            return
        partner.listed = True
        for left in listed.plan.left_out:
            outcome = Outcome.about(partner.timing_partner_id, left.event, End.SKIPPED, skip=left.skip)
            self._result.outcomes.append(outcome)
            if self._options.dry_run:
                self._board.say(f"{partner.label}: {outcome.line}")
        chosen = [
            _Candidate(partner, event, event.provider_event_id in listed.tried)
            for event in listed.plan.chosen
        ]
        if not chosen:
            self._board.say(f"{partner.label}: nothing to import")
        self._pending = sorted([*self._pending, *chosen], key=lambda candidate: candidate.rank)
        self._board.expect(partner, len(chosen), self._options.limit)

    def _take_outcome(self, candidate: _Candidate, outcome: Outcome) -> None:
        partner = candidate.partner
        self._running[partner.timing_partner_id] -= 1
        self._running = +self._running
        self._counted += outcome.end in (End.IMPORTED, End.EXPECTED, End.FAILED)
        self._result.outcomes.append(outcome)
        self._board.count(outcome)
        line = f"{partner.label}: {outcome.line}"
        if outcome.end is End.FAILED:
            self._board.fail(line)
        else:
            self._board.say(line)
        self._give_up_if_hopeless(partner, outcome)

    def _give_up_if_hopeless(self, partner: PastPartner, outcome: Outcome) -> None:
        away = outcome.category in _AWAY and outcome.end is End.FAILED
        self._away[outcome.partner] = self._away[outcome.partner] + 1 if away else 0
        if outcome.category not in _HOPELESS and self._away[outcome.partner] < _ENOUGH:
            return
        untried = sum(candidate.partner is partner for candidate in self._pending)
        self._pending = [candidate for candidate in self._pending if candidate.partner is not partner]
        if untried:
            category, advice = outcome.category or "", outcome.advice or ""
            self._result.troubles.append(
                Trouble(outcome.partner, partner.label, outcome.said, category, advice, untried)
            )
            self._board.fail(f"{partner.label}: {untried} further events are not tried.")


def _fault(fault: Exception) -> IntegrationError:
    return IntegrationError(
        f"A fault of this software ({type(fault).__name__}): report it with the log of --verbose."
    )
