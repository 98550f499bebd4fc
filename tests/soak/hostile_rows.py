"""The API sends 50,000 rows that nobody would expect: any text, wrong types, no ids, huge numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.soak.hostile_api import HostileApi
from tests.soak.hostile_lists import Athlete, Row, Sent, athletes, entries, events, rows_of
from tests.soak.neighbours import move_in
from tests.soak.row_account import account
from tests.soak.row_truth import entry_is_wrong, event_is_wrong, result_is_wrong
from tests.soak.scene import Scene
from tests.soak.stage import Stage
from tests.soak.trial import Trial

_ROWS, _A_FEW = 50_000, 400
_A_LIST, _A_SHORT_LIST = 2_500, 200
_EVENTS, _A_FEW_EVENTS = 500, 40
# By whether it is short: the real seconds within which all that is to be collected, and the seconds of the
# fast clock between two polls.
_PATIENCE = {True: 150.0, False: 600.0}
_INTERVAL = {True: "30", False: "900"}
# One row in so many is listed twice.
_TWICE = 30
_TOLD = 20
_LENGTHS = """
    SELECT column_name, character_maximum_length AS length
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s
"""
# The history of the daemon's own operations that went well, if only in part.
_DONE = """
    SELECT event_id, sync_type, count(*) AS times FROM sync_history
    WHERE status IN ('completed', 'partial') AND sync_type IN ('participants', 'results')
    GROUP BY event_id, sync_type
"""
_ASIDE = """
    SELECT reason, payload FROM ct_live_rejected_rows
    WHERE timing_partner_id = 1 AND kind = %s AND (kind = 'event' OR provider_event_id = %s)
"""

Query = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True)
class _Drawn:
    """Whatever the API has: events to come, events with entries, and events with results, by their ids."""

    events: Sequence[Sent]
    entered: dict[str, list[Sent]]
    ran: dict[str, list[Athlete]]

    @property
    def hostile(self) -> int:
        """Return in how many rows something is hostile."""
        rows = [*self.events, *(sent for sents in self.entered.values() for sent in sents)]
        rows += [sent for who in self.ran.values() for sent in rows_of(who)]
        return sum(not row.is_clean for row in rows)


def trials(stage: Stage) -> Iterator[Trial]:
    """Let a partner's API send them, half of them entries and half of them results, and events beside."""
    fault = "the API sends a row with hostile values, or without an id"
    with stage.scene(fault) as scene:
        now = datetime.now(UTC)
        drawn = _draw(scene, now, is_short=stage.is_short)
        start = now - timedelta(minutes=45)
        lists = {f"event/{event}/entry": _listed(sents) for event, sents in drawn.entered.items()}
        lists |= {f"event/{event}/results": _listed(rows_of(who)) for event, who in drawn.ran.items()}
        clean = [_event(event, start) for event in (*drawn.entered, *drawn.ran)]
        with HostileApi(clean, [sent.text for sent in drawn.events], lists) as served:
            scene.add_partners(scene.lead_to(served.address, accounts=1))
            move_in(scene.query, _neighbour(next(iter(drawn.ran)), start))
            daemon = scene.start_daemon(CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS=_INTERVAL[stage.is_short])

            def is_done() -> bool:
                return daemon.poll() is not None or _are_collected(scene.query, drawn)

            if not scene.wait_until(is_done, _PATIENCE[stage.is_short]):
                scene.wrong.append("not all events were collected twice")
            scene.end(daemon)
        wrong = list(_wrong(scene.query, drawn))
        scene.wrong += wrong[:_TOLD]
        if len(wrong) > _TOLD:
            scene.wrong.append(f"and {len(wrong) - _TOLD:,} more rows")
        yield scene.trial(fault, drawn.hostile)


def _draw(scene: Scene, now: datetime, *, is_short: bool) -> _Drawn:
    total, size = (_A_FEW, _A_SHORT_LIST) if is_short else (_ROWS, _A_LIST)
    # The ids of one event's athletes are not another's.
    firsts = range(1, total, size)
    half = len(firsts) // 2
    return _Drawn(
        events(scene.dice, _A_FEW_EVENTS if is_short else _EVENTS, now + timedelta(days=5)),
        {f"1{first}": entries(scene.dice, first, size) for first in firsts[:half]},
        {f"2{first}": athletes(scene.dice, first, size) for first in firsts[half:]},
    )


def _listed(sents: Sequence[Sent]) -> list[str]:
    """Return the JSON of the rows, some of which come twice."""
    return [sent.text for sent in (*sents, *sents[::_TWICE])]


def _event(event_id: str, start: datetime) -> Row:
    return {
        "event_id": event_id,
        "event_name": f"Hostile Run {event_id}",
        "event_start_time": str(int(start.timestamp())),
        "event_end_time": str(int((start + timedelta(hours=9)).timestamp())),
        "event_is_published": "1",
    }


def _neighbour(event_id: str, start: datetime) -> Row:
    """Return an event whose ids, and those of its athletes, are the same as those of hostile ones."""
    first = int(event_id.removeprefix("2"))
    ids = [str(number) for number in range(first, first + 50)]
    athlete = {"race_id": "1", "first_name": "Ada", "last_name": "Runner", "chip_seconds": 1200.0}
    return {
        "event_id": event_id,
        "event_name": f"Hostile Run {event_id}",
        "start_time": start.isoformat(),
        "athletes": [athlete | {"entry_id": number, "bib": number} for number in ids],
    }


def _are_collected(query: Query, drawn: _Drawn) -> bool:
    """Return whether every list was stored, and those of results once more: that is to change nothing."""
    times = {(row["event_id"], row["sync_type"]): row["times"] for row in query(_DONE)}
    return all(times.get((f"ctlive:1:{event}", "participants")) for event in drawn.entered) and all(
        times.get((f"ctlive:1:{event}", "results"), 0) > 1 for event in drawn.ran
    )


def _wrong(query: Query, drawn: _Drawn) -> Iterator[str]:
    lengths = {
        table: {row["column_name"]: row["length"] for row in query(_LENGTHS, table)}
        for table in ("ct_events", "ct_participants", "ct_results")
    }
    clean = [f"ctlive:1:{event}" for event in (*drawn.entered, *drawn.ran)]
    yield from account(
        "the list of events",
        [(sent, partial(event_is_wrong, sent, lengths["ct_events"])) for sent in drawn.events],
        query(
            "SELECT * FROM ct_events WHERE timing_partner_id = 1 AND data_source = 'chronotrack_live'"
            " AND event_id <> ALL (%s)",
            clean,
        ),
        query(_ASIDE, "event", ""),
    )
    for event, sents in drawn.entered.items():
        yield from account(
            f"the entries of event {event}",
            [(sent, partial(entry_is_wrong, sent, lengths["ct_participants"])) for sent in sents],
            query("SELECT * FROM ct_participants WHERE event_id = %s", f"ctlive:1:{event}"),
            query(_ASIDE, "participant", event),
        )
    for event, who in drawn.ran.items():
        yield from account(
            f"the results of event {event}",
            [(one.full, partial(result_is_wrong, one, lengths["ct_results"])) for one in who],
            query("SELECT * FROM ct_results WHERE event_id = %s", f"ctlive:1:{event}"),
            query(_ASIDE, "result", event),
        )
