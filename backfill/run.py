"""One run over all partners: which event is worked on when, and when enough is done."""

from __future__ import annotations

import queue
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import structlog

from backfill.board import Board
from backfill.news import Asked, Candidate, Done, Listed, News
from backfill.options import Options
from backfill.outage import Outage
from backfill.outcome import End, Outcome, Result, Trouble, advice_for
from backfill.partner import PastPartner
from backfill.plan import Scope, Skip
from providers import statistics
from providers.clock import Interrupted
from providers.errors import DatabaseUnavailable, IntegrationError

# How often the display moves, in seconds.
_TICK = 0.25
# After one of these a partner's other events would go no better.
_HOPELESS = ("refused", "settings", "schema")
# After so many of these in a row, too: what answers to nobody is not asked a thousand times.
_AWAY = ("unreachable", "database")
_ENOUGH = 20
# So often something is tried for which the database was lost: it may be lost again, or because of this.
_TRIES = 3
# With a limit, so many seconds after the last list has come the others are waited for no more.
LISTS_PATIENCE = 60.0
# After this part of it, it is said who is waited for.
_QUIETLY = 0.1


class Run:
    """Lists the partners' events and works on them side by side; its state belongs to the thread of `go`."""

    def __init__(
        self,
        partners: Sequence[PastPartner],
        scope: Scope,
        options: Options,
        board: Board,
        outage: Outage,
        lists_patience: float = LISTS_PATIENCE,
    ) -> None:
        self._partners = partners
        self._scope = scope
        self._options = options
        self._board = board
        self._logger = structlog.get_logger()
        self._outage = outage
        self._outage_lasts = self._database_is_gone = False
        self._tries: Counter[tuple[int, str | None]] = Counter()
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._unlisted = deque(partners)
        self._listing: list[PastPartner] = []
        self._lists_patience = lists_patience
        self._listed_last = time.monotonic()
        self._lists_missed = ""
        self._pending: list[Candidate] = []
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
        workers = self._options.partners * self._options.events + 1  # which asks for a lost database
        with ThreadPoolExecutor(workers, thread_name_prefix="backfill") as self._workers:
            try:
                while self._start_what_may():
                    self._board.show(self._running)
                    with suppress(queue.Empty):
                        self._take(self._news.get(timeout=_TICK))
            except Exception as fault:
                # What was done until here is to be told all the same.
                self._logger.exception("backfill.broke")
                self._note_trouble("this run", _fault(fault))
            finally:
                self._stop()
        self._result.left += len(self._pending)
        return self._result

    # What is started --------------------------------------------------------------------------------

    def _start_what_may(self) -> bool:
        """Start what may be worked on now; return whether anything is under way."""
        if self._outage_lasts:
            return True
        while self._unlisted and len(self._listing) < self._options.partners:
            self._listing.append(self._unlisted[0])
            self._workers.submit(self._list, self._unlisted.popleft())
        for candidate in self._next():
            self._running[candidate.partner.timing_partner_id] += 1
            self._workers.submit(self._work, candidate)
        return bool(self._listing or self._running.total())

    def _next(self) -> list[Candidate]:
        """Take out of what is pending the events that may be begun, the first first."""
        entitled = len(self._pending)
        if self._options.limit is not None:
            # What is left out makes place for others.
            free = self._options.limit - self._counted - self._running.total()
            entitled = free if self._knows_the_first() else 0
        chosen: list[Candidate] = []
        kept: list[Candidate] = []
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

    def _knows_the_first(self) -> bool:
        """Return whether all partners' events are known, or the lists that are missing are late enough."""
        missing = [*self._listing, *self._unlisted]
        if not missing or not self._pending:
            return not missing
        waited = time.monotonic() - self._listed_last
        who = ", ".join(partner.label for partner in missing)
        if waited >= self._lists_patience:
            return True
        if waited >= _QUIETLY * self._lists_patience and self._lists_missed != who:
            self._lists_missed = who
            self._board.say(
                f"Which events are the latest is not known yet: waiting for the events of {who}, "
                f"{self._lists_patience:.0f} seconds at most."
            )
        return False

    # In the workers' threads ------------------------------------------------------------------------

    def _list(self, partner: PastPartner) -> None:
        with statistics.measured() as cost:
            try:
                plan, tried = partner.plan(self._scope)
                listed = Listed(partner, plan, frozenset(tried))
            except Interrupted:
                listed = Listed(partner)
            except IntegrationError as error:
                listed = Listed(partner, error=error)
            except Exception as fault:  # a fault of ours in one partner must not reach the others
                partner.adapter.log.exception("backfill.broke")
                listed = Listed(partner, error=_fault(fault))
        self._news.put(replace(listed, requests=cost.requests))

    def _work(self, candidate: Candidate) -> None:
        partner, event = candidate.partner, candidate.event
        try:
            outcome = partner.do(event, again=self._scope.again)
        except Exception as fault:  # nor one in one event
            partner.adapter.log.exception("backfill.broke")
            outcome = Outcome.of_error(partner.timing_partner_id, event, _fault(fault))
        self._news.put(Done(candidate, outcome))

    def _ask_for_database(self) -> None:
        self._news.put(Asked(self._outage.wait()))

    # What they have to say --------------------------------------------------------------------------

    def _take(self, news: News) -> None:
        match news:
            case None:
                self._end()
            case Asked():
                self._take_answer(news)
            case Listed():
                self._take_plan(news)
            case Done():
                self._take_outcome(news.candidate, news.outcome)

    def _end(self) -> None:
        self._result.interrupted = True
        self._board.fail("Ending; Ctrl-C again ends at once.")
        self._unlisted.clear()
        self._result.left += len(self._pending)
        self._pending.clear()
        self._stop()

    def _stop(self) -> None:
        self._outage.end()
        for partner in self._partners:
            partner.stop()

    # A database that is lost ------------------------------------------------------------------------

    def _may_try_again(self, partner: PastPartner, event_id: str | None, category: str | None) -> bool:
        """Return whether what has failed is tried again; see to it that the database is waited for then."""
        if category != DatabaseUnavailable.category or self._result.interrupted:
            return False
        tried = partner.timing_partner_id, event_id
        self._tries[tried] += 1
        if self._database_is_gone or self._tries[tried] >= _TRIES:
            return False
        if not self._outage_lasts:
            self._outage_lasts = True
            self._board.fail(
                "The database does not answer: nothing is begun until it does, for "
                f"{self._outage.patience / 60:.0f} minutes at most."
            )
            self._workers.submit(self._ask_for_database)
        return True

    def _take_answer(self, asked: Asked) -> None:
        self._outage_lasts = False
        if self._result.interrupted:
            return
        if asked.answers:
            self._board.fail("The database answers again: going on.")
            return
        self._database_is_gone = True
        self._note_trouble("database", DatabaseUnavailable("It did not answer any more."), len(self._pending))
        self._result.left += len(self._pending)
        self._board.fail(f"The database is still away: {len(self._pending):,} further events are not tried.")
        for candidate in self._pending:
            self._board.give_up(candidate.partner, 1)
        self._pending.clear()
        self._unlisted.clear()

    # What became of lists and events ----------------------------------------------------------------

    def _take_plan(self, listed: Listed) -> None:
        partner = listed.partner
        self._listing.remove(partner)
        self._listed_last = time.monotonic()
        self._result.listing[partner.timing_partner_id] += listed.requests
        if listed.error is not None:
            if self._may_try_again(partner, None, listed.error.category):
                self._unlisted.append(partner)
                return
            self._board.expect(partner, 0, self._options.limit)
            self._result.troubles.append(Trouble.of(partner.adapter.credentials, listed.error))
            self._board.fail(f"{partner.label}: cannot list events: {listed.error}")
        if listed.plan is None:
            return
        if self._result.interrupted:
            self._result.left += len(listed.plan.chosen)
            return
        partner.listed = True
        for left in listed.plan.left_out:
            outcome = Outcome.about(partner.timing_partner_id, left.event, End.SKIPPED, skip=left.skip)
            self._result.outcomes.append(outcome)
            if self._options.dry_run:
                self._board.say(f"{partner.label}: {outcome.line}")
        chosen = [
            Candidate(partner, event, event.provider_event_id in listed.tried) for event in listed.plan.chosen
        ]
        if not chosen:
            self._board.say(f"{partner.label}: nothing to import")
        self._pending = sorted([*self._pending, *chosen], key=lambda candidate: candidate.rank)
        self._board.expect(partner, len(chosen), self._options.limit)

    def _take_outcome(self, candidate: Candidate, outcome: Outcome) -> None:
        partner = candidate.partner
        self._running[partner.timing_partner_id] -= 1
        self._running = +self._running
        if outcome.end is End.FAILED and self._may_try_again(partner, outcome.event_id, outcome.category):
            self._pending = sorted([*self._pending, candidate], key=lambda candidate: candidate.rank)
            return
        tried = partner.timing_partner_id, outcome.event_id
        if outcome.skip is Skip.ELSEWHERE and self._tries[tried] < _TRIES and not self._result.interrupted:
            # It may have been ours, by a connection that broke: tried again when the others are done.
            self._tries[tried] += 1
            self._pending.append(replace(candidate, tried_before=True))
            return
        self._counted += outcome.end in (End.IMPORTED, End.IN_PART, End.EXPECTED, End.FAILED)
        self._result.left += outcome.end is End.INTERRUPTED
        self._result.outcomes.append(outcome)
        self._board.count(outcome)
        line = f"{partner.label}: {outcome.line}"
        if outcome.end is End.FAILED:
            self._board.fail(line)
        else:
            self._board.say(line)
        self._give_up_if_hopeless(partner, outcome)

    def _note_trouble(self, label: str, error: IntegrationError, untried: int = 0) -> None:
        """Note what concerns all partners."""
        trouble = Trouble(None, label, str(error), error.category, advice_for(error), untried)
        self._result.troubles.append(trouble)

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
            self._result.left += untried
            self._board.give_up(partner, untried)
            self._board.fail(f"{partner.label}: {untried} further events are not tried.")


def _fault(fault: Exception) -> IntegrationError:
    return IntegrationError(
        f"A fault of this software ({type(fault).__name__}): report it with the log of --verbose."
    )
