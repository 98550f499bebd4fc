"""An event's lists beside that of its results: one that fails costs only what it would have told.

What that is, is unsure then: the store keeps what it knew, and the next poll asks again.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import structlog

from providers.chronotrack_live.answers import Reply
from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.pages import Reading, Row
from providers.chronotrack_live.values import identity
from providers.errors import IntegrationError, StopPartner


def path_of(provider_event_id: str, what: str) -> str:
    """Return the path of what belongs to an event, whatever characters its id has."""
    return f"event/{quote(provider_event_id, safe='')}/{what}"


def first_time(name: str) -> Callable[[Row], bool]:
    """Return a judge of rows: whether its id was not met before. A row without one is always new."""
    seen: set[str] = set()

    def is_new(row: Row) -> bool:
        found = identity(row.get(name))
        new = found not in seen
        if found:
            seen.add(found)
        return new

    return is_new


class FurtherLists:
    """What went wrong with the further lists of one poll. May be used from several threads at once.

    Attributes:
        client: reads them.
        event: the API's id of the event.
        unsure: the fields of results that nothing sure is known of.
        problems: what went wrong, in sentences.
    """

    def __init__(
        self,
        client: ChronoTrackLiveClient,
        log: structlog.typing.FilteringBoundLogger,
        provider_event_id: str,
    ) -> None:
        self.client = client
        self.event = provider_event_id
        self.unsure: set[str] = set()
        self.problems: list[str] = []
        self._log = log

    def failure_of(
        self, reading: Reading[Reply], what: str, take: Callable[[Row], object] | None = None
    ) -> IntegrationError | None:
        """Read a further list of the event to its end; return what went wrong, None when nothing did.

        Args:
            reading: of the list.
            what: it is about, for the log.
            take: told each new row, where the reading's judge has not taken in all that there is.

        Raises:
            StopPartner: nothing more can be had with these credentials.
        """
        try:
            for row in reading:
                if take is not None:
                    take(row)
        except StopPartner:
            raise
        except IntegrationError as reason:
            self._log.warning("reading.failed", what=what, category=reason.category, reason=str(reason))
            self.problems.append(f"{what}: {reason}")
            return reason
        return None
