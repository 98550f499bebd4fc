"""The report of what was tried, in Markdown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Self

from tests.soak.trial import Trial

# So many sentences about what was wrong with a trial are written out.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario that was played: its module's name, what it says it does, and what came of it."""

    name: str
    says: str
    trials: Sequence[Trial]

    @classmethod
    def of(cls, scenario: ModuleType, trials: Sequence[Trial]) -> Self:
        """Take name and words from the scenario's module."""
        says = (scenario.__doc__ or "").partition("\n")[0]
        return cls(scenario.__name__.rpartition(".")[2], says, trials)


def markdown(played: Sequence[Played], seed: int, seconds: float) -> str:
    """Return the report; `seconds` is how long it all took."""
    trials = [trial for each in played for trial in each.trials]
    struck = sum(trial.struck for trial in trials)
    wrong = sum(len(trial.wrong) for trial in trials)
    parts = [
        "# Reliability",
        f"Written by `make soak` on {datetime.now(UTC):%Y-%m-%d}, with the seed {seed}: {len(trials)} faults "
        f"struck {struck:,} times in {seconds / 60:.0f} minutes on {os.cpu_count()} cores. "
        + (f"**{wrong} things were not as promised.**" if wrong else "All was as promised."),
        _METHOD,
        *(part for each in played for part in _section(each, seed)),
    ]
    return "\n\n".join(parts) + "\n"


_METHOD = """\
Each fault has a database, an API and processes of its own. The simulated API publishes a morning of races
(200 athletes in the largest) within seconds; the real scheduler collects them for two timing partners, one of
whom has a race by TCP as well, while the fault strikes. Its clock runs 30 times as fast, so that an interval
takes a second; it waits 2 seconds for an answer of the API, and 5 for a statement of the database. Then
nothing strikes any more, and it has to hold:

- the database equals the simulator's ground truth: events, entries, results with statuses, times, splits and
  places; or, for rows that cannot be stored, they stand in `ct_live_rejected_rows` with a reason;
- nothing is there twice;
- no row that was there before is touched, compared byte for byte with its version: TCP's, another provider's,
  another partner's with the same ids;
- no partner's budget was exceeded, counted at the API's door in any 60 seconds of the daemon's clock;
- no secret stands in a log, in the state folder or in a table: passwords and their digests, client secrets,
  tokens, whatever was sent to prove somebody, the database's password;
- no log has a traceback, and the daemon lives until it is told to end, and then ends with exit code 0.

*Struck* counts requests, exchanges with the database, or kills; *set aside* counts the rows in
`ct_live_rejected_rows`. The seed decides what strikes when it strikes at random; which request meets it is
left to the threads of those who ask."""


def _section(each: Played, seed: int) -> Iterable[str]:
    yield f"## {each.says.rstrip('.')}"
    yield f"To repeat it: `python -m tests.soak --only {each.name} --seed {seed}`"
    heading = ("fault", "struck", "set aside", "wrong", "seconds")
    rows = [heading, ["---"] * len(heading), *map(_row, each.trials)]
    yield "\n".join(f"| {' | '.join(row)} |" for row in rows)
    for trial in each.trials:
        if trial.wrong:
            yield "\n".join(f"- {trial.fault}: {sentence}" for sentence in trial.wrong[:_SHOWN])


def _row(trial: Trial) -> tuple[str, ...]:
    wrong = f"**{len(trial.wrong)}**" if trial.wrong else "0"
    return trial.fault, f"{trial.struck:,}", f"{trial.rejected:,}", wrong, f"{trial.seconds:.0f}"
