"""The report of what was tried, in Markdown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tests.soak.playing import Played
from tests.soak.trial import Trial

# So many sentences about what was wrong with a trial are written out.
_SHOWN = 10


def markdown(played: Sequence[Played], seed: int, seconds: float) -> str:
    """Return the report; `seconds` is how long it all took."""
    trials = [trial for each in played for trial in each.trials]
    tried = [trial for trial in trials if not trial.not_tried]
    faults = [trial for trial in tried if not trial.of_rows]
    rows = sum(trial.struck for trial in tried if trial.of_rows)
    struck = sum(trial.struck for trial in faults)
    parts = [
        "# Reliability",
        f"Written by `make soak` on {datetime.now(UTC):%Y-%m-%d}, with the seed {seed}: {len(faults)} faults "
        f"struck {struck:,} times, and {rows:,} hostile rows were sent, in {seconds / 60:.0f} minutes on "
        f"{os.cpu_count()} cores. {verdict(trials)}",
        _METHOD,
        *(part for each in played for part in _section(each, seed)),
    ]
    return "\n\n".join(parts) + "\n"


def verdict(trials: Sequence[Trial]) -> str:
    """Return the sentence about all that came of some trials, without markup but for what was wrong."""
    wrong = sum(len(trial.wrong) for trial in trials)
    left = sum(bool(trial.not_tried) for trial in trials)
    if wrong:
        said = f"**{wrong} things were not as promised.**"
    else:
        said = "All that was tried was as promised." if left else "All was as promised."
    return f"{said} {left} faults were not tried." if left else said


_METHOD = """\
Each fault has a database, an API and processes of its own. The simulated API publishes a morning of races
(200 athletes in the largest) within seconds; the real scheduler collects them for two timing partners, one of
whom has a race by TCP as well, while the fault strikes. Its clock runs 30 times as fast, so that an interval
takes a second; it waits 2 seconds for an answer of the API, and 5 for a statement of the database. Then
nothing strikes any more, and it has to hold:

- the database equals the simulator's ground truth: events, races, entries, results with statuses, times,
  splits and places; or, for rows that cannot be stored, they stand in `ct_live_rejected_rows` with a reason;
- nothing is there twice, under one event or under two;
- no row that was there before is touched, compared byte for byte with its version: TCP's, another provider's,
  another partner's with the same ids; and none is added in any table that is not of an event that is to be
  there, or of the history or the rejected rows of the two partners;
- no partner's budget was exceeded, counted at the API's door in any 60 seconds of the daemon's clock. Where
  the fault says how few requests there are to spend, some must have waited for it; elsewhere it is 1,500
  (150 on the full disk), which races this small seldom or never spend;
- the fault struck as often as it was to;
- no secret stands in a log, in the state folder or in a table: passwords and their digests, client secrets,
  tokens, whatever was sent to prove somebody, the database's password;
- no log has a traceback, and the daemon lives until it is told to end, and then ends with exit code 0.

*Struck* counts requests on their way, answers of the API by the simulator's own account, exchanges with the
database, kills, or hostile rows, which the sum above has apart; *waited* counts the requests that had to wait
for a partner's budget; *set aside* counts the rows in `ct_live_rejected_rows`. The seed decides what strikes
when it strikes at random; which request meets it is left to the threads of those who ask."""


def _section(each: Played, seed: int) -> Iterable[str]:
    yield f"## {each.says}"
    yield f"To repeat it: `python -m tests.soak --only {each.name} --seed {seed}`"
    heading = ("fault", "struck", "waited", "set aside", "wrong", "seconds")
    rows = [heading, ["---"] * len(heading), *map(_row, each.trials)]
    yield "\n".join(f"| {' | '.join(row)} |" for row in rows)
    for trial in each.trials:
        if trial.wrong:
            yield "\n".join(f"- {trial.fault}: {sentence}" for sentence in trial.wrong[:_SHOWN])


def _row(trial: Trial) -> tuple[str, ...]:
    if trial.not_tried:
        return trial.fault, f"not tried: {trial.not_tried}", "", "", "", ""
    wrong = f"**{len(trial.wrong)}**" if trial.wrong else "0"
    struck = f"{trial.struck:,} rows" if trial.of_rows else f"{trial.struck:,}"
    return trial.fault, struck, f"{trial.waits:,}", f"{trial.rejected:,}", wrong, f"{trial.seconds:.0f}"
