"""A race that is over, served in some shape and with some faults, and an adapter that polls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from operations.comparison import Difference, compare
from providers import statistics
from providers.clock import Clock
from providers.records import ProviderResult
from providers.registry import open_adapter
from providers.statistics import Statistics
from tests.contract.simulated_api import SimulatedApi
from tests.contract.worlds import BY_NAME, TRUE_NAME

MARATHON = "Harbour City Marathon"
HALF_MARATHON = "Lakeside Half Marathon"  # two races, and the second account's


@dataclass(frozen=True)
class Poll:
    """What one poll brought: its results, how they differ from the truth, and what it says of itself."""

    results: list[ProviderResult]
    wrong: tuple[Difference, ...]
    complete: bool | None
    unsure: frozenset[str]
    rejected: int
    counted: Statistics
    asked: list[tuple[str, dict[str, str]]]

    @property
    def is_right(self) -> bool:
        """Whether every athlete is as in the truth, and nothing is unsure."""
        return not (self.wrong or self.unsure or self.rejected)

    @property
    def keywords(self) -> set[str]:
        """The bracket types that were asked for by their keyword, each once."""
        keywords = [query["bracket"] for _, query in self.asked if "bracket" in query]
        assert len(keywords) == len(set(keywords))
        return set(keywords)

    def requests(self, what: str) -> list[dict[str, str]]:
        """The queries of the requests for what the path ends with."""
        return [query for path, query in self.asked if path.endswith(f"/{what}")]


class PolledRace:
    """A context manager: inside, an event's API answers, and its adapter does not wait between tries.

    Args:
        folder: for the request budget.
        race_start: the start of the marathon (aware).
        variants, faults, athletes: of the API; see `SimulatedApi`.
        config: further settings of additional_config.
        event: the event's name.
    """

    def __init__(
        self,
        folder: Path,
        race_start: datetime,
        variants: Mapping[str, str] | None = None,
        faults: Sequence[str] = (),
        athletes: int = 60,
        config: Mapping[str, object] | None = None,
        event: str = MARATHON,
    ) -> None:
        self._folder = folder
        self._config = config or {}
        self.api = SimulatedApi(race_start, athletes, variants, faults)
        self._account = int(event == HALF_MARATHON)
        self.event_id = self.api.event_ids[event]
        self.truth = self.api.truth(event)

    def __enter__(self) -> PolledRace:
        self.api.__enter__()
        credentials = self.api.credentials(self._account, **self._config)
        self.adapter = open_adapter("chronotrack_live", credentials, self._folder, Clock())
        self.adapter.first_wait = 0.0
        return self

    def __exit__(self, *failure: object) -> None:
        self.adapter.close()
        self.api.__exit__(*failure)

    def poll(self) -> Poll:
        """Read the event's results once."""
        before = len(self.api.asked)
        with statistics.measured() as counted:
            snapshot = self.adapter.get_results(self.event_id)
            results = list(snapshot.records)
        compared = compare(self.truth, [self._kept(result) for result in results])
        return Poll(
            results,
            compared.differences,
            snapshot.complete,
            snapshot.unsure,
            len(snapshot.rejected),
            counted,
            self.api.asked[before:],
        )

    def entries(self) -> tuple[list[tuple[object, ...]], bool | None]:
        """Read the event's entries; return what the truth knows of each, and whether the list was whole."""
        snapshot = self.adapter.get_participants(self.event_id)
        found = [
            (p.provider_participant_id, *BY_NAME(p), p.sex, p.division, p.status) for p in snapshot.records
        ]
        assert snapshot.rejected == []
        return sorted(found, key=repr), snapshot.complete

    def true_entries(self) -> list[tuple[object, ...]]:
        """What `entries` should find."""
        codes = {"dnf": "DNF", "dq": "DQ"}
        return sorted(
            (
                (a["entry_id"], *TRUE_NAME(a), a["sex"], a["division"], codes.get(a["status"], "CONF"))
                for a in self.truth["athletes"]
            ),
            key=repr,
        )

    def _kept(self, result: ProviderResult) -> dict[str, object]:
        """Return the result as a row of ct_results, under the entry's id even where the API named none."""
        named = {TRUE_NAME(athlete): athlete["entry_id"] for athlete in self.truth["athletes"]}
        entry_id = result.provider_participant_id or named.get(BY_NAME(result), result.provider_result_id)
        return {
            "provider_result_id": entry_id,
            "results_bib": result.bib,
            "results_first_name": result.first_name,
            "results_last_name": result.last_name,
            "result_status": result.status,
            "overall_place": result.overall_place,
            "gender_place": result.gender_place,
            "division_place": result.division_place,
            "chip_time": result.chip_time,
            "gun_time": result.gun_time,
            "split_times": [
                {
                    "interval_id": split.interval_id,
                    "name": split.name,
                    "chip_seconds": _seconds(split.chip_time),
                    "gun_seconds": _seconds(split.gun_time),
                    "rank": split.rank,
                }
                for split in result.splits
            ],
        }


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()
