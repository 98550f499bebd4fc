"""The API sends 50,000 rows that nobody would expect: any text, wrong types, no ids, huge numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.soak.hostile_api import HostileApi
from tests.soak.hostile_lists import Athlete, Row, Sent, athletes, entries, events, rows_of
from tests.soak.hostile_places import BRACKETS, Places, places
from tests.soak.neighbours import move_in
from tests.soak.row_account import account
from tests.soak.row_truth import entry_is_wrong, event_is_wrong, result_is_wrong
from tests.soak.scene import Scene
from tests.soak.stage import Stage
from tests.soak.status_truth import statuses
from tests.soak.trial import Trial
from tests.soak.truth import key_of

# How many rows of entries and results there are, each with some more beside it, and so many hostile ones.
_ROWS, _A_FEW = 50_000, 400
_ENOUGH, _SHORT_ENOUGH = 50_000, 300
_A_LIST, _A_SHORT_LIST = 2_500, 200
_EVENTS, _A_FEW_EVENTS = 500, 40
# By whether it is short: the real seconds within which all that is to be collected, and the seconds of the
# fast clock between two polls.
_PATIENCE = {True: 150.0, False: 600.0}
_INTERVAL = {True: "30", False: "900"}
# Where there are results, so many rows of them have one entry.
_ENTERED = 4
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
_COMING = """
    SELECT * FROM ct_events
    WHERE timing_partner_id = 1 AND data_source = 'chronotrack_live' AND event_id <> ALL (%s)
"""
# Of a coming event there is nothing yet.
_TOO_EARLY = """
    SELECT event_id FROM ct_participants
    WHERE event_id LIKE 'ctlive:1:%%' AND event_id <> ALL (%s)
    UNION ALL
    SELECT event_id FROM ct_results WHERE event_id LIKE 'ctlive:1:%%' AND event_id <> ALL (%s)
"""
_ASIDE = """
    SELECT reason, payload FROM ct_live_rejected_rows
    WHERE timing_partner_id = 1 AND kind = %s AND (kind = 'event' OR provider_event_id = %s)
"""

Query = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True)
class _Drawn:
    """Whatever the API has: events to come, and by id those with entries, some of which have results."""

    events: Sequence[Sent]
    entered: dict[str, list[Sent]]
    ran: dict[str, list[Athlete]]
    placed: dict[str, dict[str, Places]]

    @property
    def keys(self) -> list[str]:
        """Return the hub's keys of the events with entries."""
        return [key_of(1, event) for event in self.entered]

    @property
    def hostile(self) -> int:
        """Return in how many rows something is hostile."""
        rows = [*self.events, *(sent for sents in self.entered.values() for sent in sents)]
        rows += [sent for who in self.ran.values() for sent in rows_of(who)]
        rows += [sent for kinds in self.placed.values() for drawn in kinds.values() for sent in drawn.rows]
        return sum(not row.is_clean for row in rows)


def trials(stage: Stage) -> Iterator[Trial]:
    """Let a partner's API send them: entries, results, and beside these events, places and their entries."""
    fault = "the API sends a row with hostile values, or without an id"
    with stage.scene(fault) as scene:
        enough = _SHORT_ENOUGH if stage.is_short else _ENOUGH
        now = datetime.now(UTC)
        drawn = _draw(scene, now, is_short=stage.is_short)
        start = now - timedelta(minutes=45)
        lists = {f"event/{event}/entry": _listed(sents) for event, sents in drawn.entered.items()}
        lists |= {f"event/{event}/results": _listed(rows_of(who)) for event, who in drawn.ran.items()}
        lists |= {
            f"event/{event}/results?bracket={kind}": _listed(drawn_places.rows)
            for event, kinds in drawn.placed.items()
            for kind, drawn_places in kinds.items()
        }
        clean = [_event(event, start) for event in drawn.entered]
        with HostileApi(clean, [sent.text for sent in drawn.events], lists) as served:
            scene.add_partners(scene.lead_to(served.address, accounts=1))
            move_in(scene.query, _neighbour(next(iter(drawn.ran)), start))
            daemon = scene.start_daemon(CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS=_INTERVAL[stage.is_short])

            def is_done() -> bool:
                return daemon.poll() is not None or _are_collected(scene.query, drawn)

            if not scene.wait_until(is_done, _PATIENCE[stage.is_short]):
                scene.wrong.append("not all events were collected twice")
            scene.end(daemon)
        # Which of the coming events are to be there is compared row by row.
        scene.own = [*drawn.keys, *(row["event_id"] for row in scene.query(_COMING, drawn.keys))]
        wrong = list(_wrong(scene.query, drawn))
        scene.wrong += wrong[:_TOLD]
        if len(wrong) > _TOLD:
            scene.wrong.append(f"and {len(wrong) - _TOLD:,} more rows")
        yield scene.trial(fault, drawn.hostile, enough, of_rows=True)


def _draw(scene: Scene, now: datetime, *, is_short: bool) -> _Drawn:
    total, size = (_A_FEW, _A_SHORT_LIST) if is_short else (_ROWS, _A_LIST)
    # The ids of one event's athletes are not another's.
    firsts = range(1, total, size)
    half = len(firsts) // 2
    ran = {f"2{first}": athletes(scene.dice, first, size) for first in firsts[half:]}
    return _Drawn(
        events(scene.dice, _A_FEW_EVENTS if is_short else _EVENTS, now + timedelta(days=5)),
        {f"1{first}": entries(scene.dice, first, size) for first in firsts[:half]}
        | {event: entries(scene.dice, int(event[1:]), size // _ENTERED) for event in ran},
        ran,
        {event: {kind: places(scene.dice, kind, who) for kind in BRACKETS} for event, who in ran.items()},
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
    return all(times.get((key_of(1, event), "participants")) for event in drawn.entered) and all(
        times.get((key_of(1, event), "results"), 0) > 1 for event in drawn.ran
    )


def _wrong(query: Query, drawn: _Drawn) -> Iterator[str]:
    lengths = {
        table: {row["column_name"]: row["length"] for row in query(_LENGTHS, table)}
        for table in ("ct_events", "ct_participants", "ct_results")
    }
    yield from account(
        "the list of events",
        [(sent, partial(event_is_wrong, sent, lengths["ct_events"])) for sent in drawn.events],
        query(_COMING, drawn.keys),
        query(_ASIDE, "event", ""),
    )
    for row in query(_TOO_EARLY, drawn.keys, drawn.keys):
        yield f"{row['event_id']} has a row of an athlete, and none was sent"
    for event, sents in drawn.entered.items():
        yield from account(
            f"the entries of event {event}",
            [(sent, partial(entry_is_wrong, sent, lengths["ct_participants"])) for sent in sents],
            query("SELECT * FROM ct_participants WHERE event_id = %s", key_of(1, event)),
            query(_ASIDE, "participant", event),
        )
    for event, who in drawn.ran.items():
        said = statuses(drawn.entered[event])
        yield from account(
            f"the results of event {event}",
            [
                (
                    one.full,
                    partial(result_is_wrong, one, _placed(drawn, event, one), said, lengths["ct_results"]),
                )
                for one in who
            ],
            query("SELECT * FROM ct_results WHERE event_id = %s", key_of(1, event)),
            query(_ASIDE, "result", event),
        )


def _placed(drawn: _Drawn, event: str, athlete: Athlete) -> dict[str, Sent]:
    """Return the athlete's row in the list of places of each type that has one."""
    return {
        kind: sents.of_athletes[athlete.full.witness]
        for kind, sents in drawn.placed[event].items()
        if athlete.full.witness in sents.of_athletes
    }
