"""Ids: digit strings that grow as ChronoTrack's do, with gaps, and the same for the same seed."""

from __future__ import annotations

from random import Random

# kind: the smallest number there is, and the span that each event has for its own
_SPANS = {
    "event": (88_000, 37),
    "race": (214_000, 90),
    "wave": (305_000, 150),
    "interval": (702_000, 800),
    "bracket": (2_310_000, 2_000),
    "team": (1_140_000, 300),
    "athlete": (31_400_000, 100_000),
    "entry": (52_700_000, 100_000),
}


def seeded(*parts: str | int) -> Random:
    """Return a source of chance that is the same for the same parts, and unlike that of any others."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - reproducible, not secret


class Numbers:
    """Hands out ids.

    Each event draws from a span of its own, so that the size of one event moves no other event's ids.
    """

    def __init__(self, seed: int, event_number: int) -> None:
        """Start the span of the seed's `event_number`-th event (0 the oldest)."""
        of_seed, of_event = seeded(seed, "numbers"), seeded(seed, "numbers", event_number)
        self._next = {
            kind: first + of_seed.randrange(first // 20) + event_number * span + of_event.randrange(span // 3)
            for kind, (first, span) in _SPANS.items()
        }
        # one for each kind, so that more entries do not change the next race's id
        self._gaps = {kind: seeded(seed, "numbers", event_number, kind) for kind in _SPANS}

    def next(self, kind: str) -> str:
        """Return a new id for an event, race, wave, interval, bracket, team, athlete or entry."""
        number = self._next[kind]
        self._next[kind] = number + self._gaps[kind].choice((1, 1, 1, 2, 5))
        return str(number)
