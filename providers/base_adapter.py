"""BaseProviderAdapter: the one class that a new provider writes.

A provider says what the outside world says, in the records of `providers.records`; the pipeline
(`providers.sync`) brings them to the store. A provider's own words - URLs, headers, wire names - stay
in its folder.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar, TypeVar

import structlog
import tenacity

from providers import pacing, statistics
from providers.clock import Interrupted
from providers.errors import IntegrationError, NotFound, RetryLater, RowRejected, SettingsInvalid
from providers.rate_limit import Limit, RequestBudget
from providers.readings import Announced, Snapshot
from providers.recording import Recording
from providers.records import Credentials, ProviderEvent, ProviderParticipant, ProviderRace, ProviderResult
from providers.room import MEMORY, USUAL

AnswerT = TypeVar("AnswerT")
RowT = TypeVar("RowT")
RecordT = TypeVar("RecordT")

# A request is tried so often, for so long, and with waits of up to so much in between: one bad event
# must not hold a 90-second cycle. Seconds of real time.
_ATTEMPTS = 5
_TOTAL_SECONDS = 45.0
# Seconds that an event waits for room in memory before the log says so.
_LONG_WAIT = 1.0
_LONGEST_WAIT = 10.0


class BaseProviderAdapter(ABC):
    """Speaks to one provider with one partner's credentials. May be used from several threads at once.

    A provider is one module with a subclass of this, and a folder for what else it takes. It is found by
    the entry point of its package, `name = "module:Class"` in the group `project88.providers`.

    A subclass
    - names its provider, says what its limit is, and implements the four methods below `limit`;
    - makes every request through `attempt`, which keeps the partner's budget, repeats what may go well
      later, counts, and logs with the partner's name;
    - turns whatever goes wrong into an error of `providers.errors`, whose tree says what the caller does;
      messages name partner or event and what to do, and no credential, URL query or body;
    - reads its rows once, into the records of `providers.records`, whose ids are unique for the partner and
      whose whole numbers fit 32 bits; a row that cannot be understood is a RowRejected in the snapshot (see
      `parsed`), and never stops its neighbours; what PostgreSQL cannot keep of a text, the store leaves out
      (see `providers.storable`);
    - counts what it read: `statistics.current().count_bytes` and `count_rows`.
    """

    # As in the host's `providers` table. The rows' `data_source` follows from it: in lower case, with an
    # underscore for each space (see `Credentials`).
    provider_name: ClassVar[str]
    # The longest wait after a first try that went wrong, in seconds; it doubles with each further one.
    first_wait: float = 0.5

    def __init__(self, credentials: Credentials, budget: RequestBudget) -> None:
        """Keep what the adapter works with; nothing is asked yet.

        Args:
            credentials: the partner's.
            budget: the partner's, from which `attempt` takes each request.

        Raises:
            SettingsInvalid: the credentials row cannot work, with a sentence that names the field.
        """
        self.credentials = credentials
        self.budget = budget
        self._stopping = threading.Event()
        self.log = structlog.get_logger().bind(
            provider=self.provider_name, partner=credentials.timing_partner_id
        )

    @staticmethod
    @abstractmethod
    def limit(credentials: Credentials) -> Limit:
        """Return the request limit of these credentials.

        Raises:
            SettingsInvalid: the limit in the credentials row is impossible.
        """

    @abstractmethod
    def authenticate(self) -> None:
        """Ask the API whether the credentials work; return when they do.

        Raises:
            CredentialsRefused: they do not.
            ApiUnreachable, ServerFailed, TooManyRequests: nobody can tell now.
            AnswerUnusable: this is not the provider's API.
        """

    @abstractmethod
    def get_events(self, since: datetime | None, until: datetime | None) -> Snapshot[ProviderEvent]:
        """List the events that the credentials can see and that touch the span.

        See `ProviderEvent.touches`; the bounds are aware, either may be None. Events without any time are
        left out.
        """

    @abstractmethod
    def get_participants(self, provider_event_id: str) -> Snapshot[ProviderParticipant]:
        """List an event's entries, without test entries.

        Raises:
            EventArchived, NotFound: there is nothing to be had.
        """

    @abstractmethod
    def get_results(self, provider_event_id: str) -> Snapshot[ProviderResult]:
        """Read an event's results: one record an athlete and race, with places, splits and status.

        An athlete whom the API has not seen yet has none.

        Raises:
            EventArchived, NotFound: there is nothing to be had.
        """

    def list_events(self) -> Snapshot[ProviderEvent]:
        """List every event that the credentials can see, for somebody who is to choose among them.

        An adapter that needs further requests to tell an event's races overrides this and leaves them None;
        `get_races` then tells those of the chosen ones.
        """
        return self.get_events(None, None)

    def get_races(self, provider_event_id: str) -> Snapshot[ProviderRace]:
        """Read the races of an event that `list_events` left None.

        Raises:
            EventArchived, NotFound: there is nothing to be had.
        """
        raise NotFound(f"{self.provider_name} tells the races of event {provider_event_id} with its events.")

    def announced(self, provider_event_id: str) -> Announced | None:  # noqa: ARG002 - for whoever overrides it
        """Say how much an event has, where that is known for a few small requests; None when it is not.

        Raises:
            EventArchived, NotFound: there is nothing to be had.
        """
        return None

    def remembered(self, provider_event_id: str) -> Announced | None:  # noqa: ARG002 - for whoever overrides it
        """Say how much an event had when this adapter read its results last; None when it did not."""
        return None

    @contextmanager
    def held(self, provider_event_id: str) -> Iterator[None]:
        """Hold the room in memory that an event's lists take, for the length of the block.

        Raises:
            Interrupted: the adapter was stopped.
        """
        began = time.monotonic()
        size = self.remembered(provider_event_id) or USUAL
        with MEMORY.admit(size, self.credentials.timing_partner_id, self._stopping):
            waited = time.monotonic() - began
            if waited >= _LONG_WAIT:
                statistics.current().count_wait(waited)
                self.log.info("room.waited", seconds=round(waited, 3))
            yield

    def record_to(self, recording: Recording) -> None:  # noqa: ARG002 - for whoever overrides it
        """Keep from now on what the API answers; an adapter that can do so overrides this.

        Raises:
            SettingsInvalid: this adapter cannot.
        """
        raise SettingsInvalid(f"What {self.provider_name} answers cannot be recorded: leave --record out.")

    def stop(self) -> None:
        """Wait for nothing any more: neither for the budget nor before a request is repeated.

        A request that is under way is not cut off; one that would have to wait raises Interrupted.
        """
        self._stopping.set()
        MEMORY.wake()

    def close(self) -> None:
        """Close what the adapter opened; a subclass adds its connections."""
        self.budget.close()

    def attempt(self, request: Callable[[], AnswerT]) -> AnswerT:
        """Make one request within the budget; repeat it when it may go well later.

        Exponential backoff with full jitter: after try n the wait is uniform in
        [0, min(10, 0.5 * 2^(n-1))] seconds, or what the API asked for. At most 5 tries, none begun later
        than 45 seconds after the first; waiting for the budget does not count.

        Raises:
            RetryLater: the last try's error, when none went well.
            Interrupted: it would have to wait, and the adapter was stopped.
        """
        held_back = 0.0

        def within_budget() -> AnswerT:
            nonlocal held_back
            began = time.monotonic()
            with pacing.turn(self._stopping):
                waited = self.budget.take(self._stopping)
                held_back += time.monotonic() - began
                if waited:
                    statistics.current().count_wait(waited)
                    self.log.info("budget.waited", seconds=round(waited, 3))
                if self.log.is_enabled_for(logging.DEBUG):  # only then is it worth the reading
                    used, limit = self.budget.used(), self.budget.limit.per_minute
                    self.log.debug("budget.taken", used=used, limit=limit)
                return _counted(request)

        def tried_long_enough(state: tenacity.RetryCallState) -> bool:
            return (state.seconds_since_start or 0) - held_back + state.upcoming_sleep >= _TOTAL_SECONDS

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryLater),
            stop=lambda state: state.attempt_number >= _ATTEMPTS or tried_long_enough(state),
            wait=self._wait,
            before_sleep=self._before_repeat,
            sleep=self._pause,
            reraise=True,
        )
        return retrying(within_budget)

    def _before_repeat(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        category = getattr(error, "category", "unknown")
        statistics.current().count_retry(category)
        self.log.info("request.repeated", attempt=state.attempt_number, category=category, reason=str(error))

    def _pause(self, seconds: float) -> None:
        """Wait before a request is repeated, in real time: it is the API that needs it."""
        if self._stopping.wait(seconds):
            raise Interrupted("A request is not repeated: this process is to end.")

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked: float | None = getattr(error, "retry_after", None)
        if asked is not None:
            return asked
        return tenacity.wait_random_exponential(multiplier=self.first_wait, max=_LONGEST_WAIT)(state)


def _counted(request: Callable[[], AnswerT]) -> AnswerT:
    """Make a request; count it, how long it took, and what went wrong."""
    began = time.monotonic()
    try:
        return request()
    except IntegrationError as error:
        statistics.current().count_error(error.category)
        raise
    finally:
        statistics.current().count_request(time.monotonic() - began)


def parsed(
    rows: Iterable[RowT], parse: Callable[[RowT], RecordT], rejected: list[RowRejected]
) -> Iterator[RecordT]:
    """Yield the records of rows; one that cannot be understood goes to `rejected`, its neighbours stay.

    Args:
        rows: as the provider sent them.
        parse: makes a record of one, or raises RowRejected.
        rejected: the list that the snapshot carries.
    """
    for row in rows:
        try:
            yield parse(row)
        except RowRejected as error:
            rejected.append(error)
