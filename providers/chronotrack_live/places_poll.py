"""One poll of an event's places within the brackets of a type: all at once, or bracket by bracket."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from functools import partial

from providers.chronotrack_live.assembly import ResultAssembly
from providers.chronotrack_live.brackets import DIVISION, Bracket, BracketType, bracket_of
from providers.chronotrack_live.event_memory import EventMemory
from providers.chronotrack_live.further_lists import FurtherLists, first_time, path_of
from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.places import Places
from providers.chronotrack_live.result_rows import PLACE_COLUMNS, AthleteKey
from providers.errors import IntegrationError, NotFound, RetryLater

# After so many brackets in a row that cannot be read at present, the others are not tried.
_BAD_BRACKETS = 3


class PlacesPoll:
    """Reads the places of both bracket types, side by side."""

    def __init__(self, further: FurtherLists, memory: EventMemory, assembly: ResultAssembly) -> None:
        self._further = further
        self._memory = memory
        self._assembly = assembly
        self._brackets: tuple[list[Bracket], bool] | None = None
        self._reading_brackets = threading.Lock()

    def read(self, wanted: BracketType, places: Places, ranked: Mapping[str, Collection[AthleteKey]]) -> None:
        """Read the places of a bracket type: all at once, and bracket by bracket where that says nothing.

        Args:
            wanted: the bracket type.
            places: take them in.
            ranked: the races that have ranked athletes, and who they are.
        """
        failure, whole = None, True
        if not self._memory.is_in_vain(wanted, ranked):
            failure, whole = self._read_keyword(wanted, places)
            self._memory.failed[wanted] = self._memory.failed[wanted] + 1 if failure else 0
            if isinstance(failure, RetryLater) and self._memory.failed[wanted] == 1:
                # It may be a bad moment, in which the brackets' own lists would go no better.
                self._further.unsure.add(wanted.field)
                return
        lacking = {
            race: who for race, who in ranked.items() if not self._assembly.any_placed(race, who, places)
        }
        for athletes in lacking.values():
            places.forget(athletes)
        # An athlete's main division may be a custom bracket, which the keyword leaves out.
        customs = self._assembly.divisions - places.brackets if wanted is DIVISION else set()
        if lacking or customs:
            nothing_else = len(lacking) == len(ranked)
            whole = self._read_brackets(wanted, places, lacking, customs) and (whole or nothing_else)
        for race, athletes in ranked.items():
            in_vain = race in lacking and (places.knows_any(athletes) or self._has_none(wanted, race))
            self._memory.in_vain[wanted, race] = self._memory.in_vain[wanted, race] + 1 if in_vain else 0
            # That nobody has a place is known only when all was asked for, and nothing refused.
            whole &= in_vain or race not in lacking or failure is None
        if not whole or (len(places) and not places.knows_any(self._assembly.athletes)):
            self._further.unsure.add(wanted.field)

    def _read_keyword(self, wanted: BracketType, places: Places) -> tuple[IntegrationError | None, bool]:
        """Read all brackets of a type at once; return what went wrong, and whether the list was whole."""
        ranks = self._further.client.listing(
            path_of(self._further.event, "results"),
            "event_results",
            places.is_new,
            bracket=wanted.keyword,
            columns=",".join(PLACE_COLUMNS),
        )
        failure = self._further.failure_of(ranks, wanted.field)
        places.end_reading()
        return failure, failure is None and ranks.complete is not False

    def _read_brackets(
        self, wanted: BracketType, places: Places, races: Collection[str], customs: Collection[str]
    ) -> bool:
        """Read the own lists of some races' brackets and of custom divisions; whether all were whole."""
        brackets, whole = self._all_brackets()
        bad = 0
        for bracket in brackets:
            if bad == _BAD_BRACKETS or not (bracket.is_of(wanted, races) or bracket.is_custom(customs)):
                continue
            ranks = self._further.client.listing(
                bracket.path,
                "bracket_results",
                partial(_is_new_place, places, bracket.name),
                columns=",".join(PLACE_COLUMNS),
            )
            failure = self._further.failure_of(ranks, f"{wanted.field} in {bracket.name}")
            places.end_reading()
            bad = bad + 1 if isinstance(failure, RetryLater) else 0
            # A bracket that is gone by now has no places.
            whole &= isinstance(failure, NotFound) or (failure is None and ranks.complete is not False)
        return whole

    def _has_none(self, wanted: BracketType, race: str) -> bool:
        """Say whether the event's brackets are known, and none of a type is the race's."""
        brackets, whole = self._all_brackets()
        return whole and bool(brackets) and not any(b.is_of(wanted, [race]) for b in brackets)

    def _all_brackets(self) -> tuple[list[Bracket], bool]:
        """Return the event's brackets, read once a poll, and whether that list was whole."""
        with self._reading_brackets:
            if self._brackets is None:
                rows: list[Row] = []
                reading = self._further.client.listing(
                    path_of(self._further.event, "bracket"), "event_bracket", first_time("bracket_id")
                )
                failure = self._further.failure_of(reading, "brackets", rows.append)
                found = [bracket for row in rows if (bracket := bracket_of(row))]
                self._brackets = found, failure is None and reading.complete is not False
            return self._brackets


def _is_new_place(places: Places, bracket: str, row: Row) -> bool:
    """Take in a row of a bracket's own list, which need not name its bracket."""
    row["results_bracket_name"] = bracket
    return places.is_new(row)
