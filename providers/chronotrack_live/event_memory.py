"""What the polls of an event have found out about the API, from one poll to the next."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping

from providers.chronotrack_live.brackets import BracketType
from providers.chronotrack_live.fingerprints import StoredReading
from providers.chronotrack_live.result_rows import AthleteKey
from providers.readings import Announced

# A bracket keyword that was in vain so often in a row is spared, and asked for again after so many polls.
_IN_VAIN = 2
_ASK_AGAIN = 10
# Of so many events, those that were polled last, something is remembered: more than are live at once.
_EVENTS = 200
# An entry list that was read whole so lately, in seconds, tells the statuses of a first collection, too.
_LATELY = 60.0


class ListedEntries:
    """The statuses of a whole entry list, in little memory: whether a poll comes at once is not known."""

    def __init__(self, by_status: Mapping[str, Iterable[str]]) -> None:
        """Keep the ids of the entries that have each status; none has a blank in it."""
        self._by_status = {status: " ".join(entries) for status, entries in by_status.items()}
        self._read = time.monotonic()

    @property
    def is_late(self) -> bool:
        """Whether the list was read too long ago."""
        return time.monotonic() - self._read > _LATELY

    def statuses(self) -> dict[str, str]:
        """Return the entries' statuses by their ids."""
        return {entry: status for status, entries in self._by_status.items() for entry in entries.split(" ")}


class EventMemory:
    """What polls of an event have found out about the API, so that later ones need not ask again.

    Attributes:
        in_vain: by bracket type and race, how many polls in a row its keyword gave no places for the race
            while the brackets' own lists did, or said that there are none.
        failed: by bracket type, how many polls in a row its keyword could not be read.
        spared: by bracket type, how many polls in a row its keyword was not asked for.
        is_test: athletes whom the plain entry list leaves out: whether each is a test entry's.
        stored: the reading that was stored last, where it left nothing open.
        size: athletes and rows of results that were read last.
        listed: the entry list as the event's participants were read, until a poll has asked for it.
    """

    def __init__(self) -> None:
        self.in_vain: Counter[tuple[BracketType, str]] = Counter()
        self.failed: Counter[BracketType] = Counter()
        self.spared: Counter[BracketType] = Counter()
        self.is_test: dict[AthleteKey, bool] = {}
        self.stored: StoredReading | None = None
        self.size: Announced | None = None
        self.listed: ListedEntries | None = None

    def take_statuses(self) -> dict[str, str]:
        """Return the statuses of an entry list that was read lately, once; none where none was."""
        listed, self.listed = self.listed, None
        return {} if listed is None or listed.is_late else listed.statuses()

    def is_in_vain(self, wanted: BracketType, races: Iterable[str]) -> bool:
        """Say whether a keyword need not be asked for: it gave nothing twice, for each of these races."""
        known = all(self.in_vain[wanted, race] >= _IN_VAIN for race in races)
        self.spared[wanted] = self.spared[wanted] + 1 if known else 0
        # What the API does may change, and what looked like it may have been a bad moment.
        return known and self.spared[wanted] % _ASK_AGAIN != 0


class EventMemories:
    """The memories of the events that were polled last. May be used from several threads at once."""

    def __init__(self, events: int = _EVENTS) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._memories: OrderedDict[str, EventMemory] = OrderedDict()

    def of(self, provider_event_id: str) -> EventMemory:
        """Return the memory of an event, a fresh one where there is none."""
        with self._lock:
            memory = self._memories.setdefault(provider_event_id, EventMemory())
            self._memories.move_to_end(provider_event_id)
            if len(self._memories) > self._events:
                self._memories.popitem(last=False)
            return memory
