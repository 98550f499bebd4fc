"""The API itself fails, in each of the simulator's ways, and clocks differ."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from providers.clock import Clock
from tests.soak.api import Race
from tests.soak.scene import IN_REAL_TIME, SPEED, Scene
from tests.soak.stage import Stage
from tests.soak.trial import Trial

_ENOUGH = 15
# So few requests in 60 seconds that whoever does not count what is repeated exceeds them.
_LIMIT = 40
# What the simulator calls each, in the words of the report. They strike every other asking of each request.
_IN_TURN = {
    "server_error": "the API answers 500",
    "unavailable": "the API answers 503 with Retry-After",
    "too_many": "the API answers 429 without Retry-After",
    "too_many_seconds": "the API answers 429 with Retry-After in seconds",
    "too_many_date": "the API answers 429 with a date as Retry-After",
    "html": "the API answers with a page of HTML",
    "empty_body": "the API answers nothing",
    "truncated": "the API answers half of the JSON",
    "broken_off": "the API hangs up in the midst of its answer",
    "reset": "the API hangs up without an answer",
    "array": "the API answers with a JSON array",
    "error_object": "the API answers with an error and status 200",
    "slow=1": "the API takes a second to answer",
    "trickle=0.01": "the API answers 16 bytes at a time",
    "huge=5": "the API puts 5 MB before its answer",
}
# On pages of 50 rows.
_PAGES = {
    "moving": "rows move between the pages while they are read",
    "overlapping": "pages overlap",
    "doubled": "rows are repeated on the last page",
}
_SMALL_PAGES = {"largest_size": "50"}
# Who met HTML waits for long, so that it comes last: each is to strike.
_SHORT = ("too_many", "broken_off", "moving", "html")


def trials(stage: Stage) -> Iterator[Trial]:
    """Play each fault alone; in short, some in turn."""
    if stage.is_short:
        says = "the API answers 429 or HTML, hangs up, or moves rows between pages"
        yield _trial(stage, says, _SHORT, variants=_SMALL_PAGES)
        return
    for fault, says in _IN_TURN.items():
        yield _trial(stage, says, [fault])
    for fault, says in _PAGES.items():
        yield _trial(stage, says, [fault], variants=_SMALL_PAGES)
    says = "access tokens expire after five requests (oauth2)"
    yield _trial(stage, says, ["expired_tokens"], auth="oauth2")
    for says, clock in _clocks():
        yield _trial(stage, says, ["too_many_date"], clock, auth="simple")
    yield _with_a_small_budget(stage)


def _trial(
    stage: Stage,
    says: str,
    faults: Sequence[str],
    clock: Callable[[], Clock] | None = None,
    auth: str = "basic",
    **how: object,
) -> Trial:
    with stage.scene(says) as scene:
        api = scene.simulate(faults=faults, **how)
        scene.add_partners(api, auth)
        daemon = scene.start_daemon(clock() if clock else None)
        scene.go_on(api, lambda: _strikes(api), _ENOUGH)
        return _healed(scene, api, daemon, says)


def _with_a_small_budget(stage: Stage) -> Trial:
    """Let requests be refused and cut off, each of which is repeated and counts again."""
    says = f"the API answers 429 or hangs up, with {_LIMIT} requests in 60 seconds to spend"
    with stage.scene(says) as scene:
        api = scene.simulate(faults=["too_many_seconds", "reset"])
        scene.add_partners(api, rate_limit=_LIMIT)
        daemon = scene.start_daemon(Clock(), **IN_REAL_TIME)
        scene.go_on(api, lambda: _strikes(api), _ENOUGH)
        scene.demand_waits()
        return _healed(scene, api, daemon, says)


def _healed(scene: Scene, api: Race, daemon: subprocess.Popen[bytes], says: str) -> Trial:
    """Let the API have no faults any more, and return what came of those that struck until now."""
    struck = api.struck()
    scene.wrong += [f"the fault {fault} never struck" for fault, times in struck.items() if not times]
    api.heal()
    scene.settle(daemon, api)
    return scene.trial(says, struck.total(), _ENOUGH)


def _strikes(api: Race) -> int:
    """Return in how many answers a fault struck, by the simulator's own account; 0 while one never did."""
    struck = api.struck()
    return struck.total() if all(struck.values()) else 0


def _clocks() -> Iterator[tuple[str, Callable[[], Clock]]]:
    """Yield clocks of the daemon's that are not the API's."""

    def off_by(skew: timedelta) -> Clock:
        now = datetime.now(UTC)
        return Clock.running(now, (now + skew, SPEED))

    def jumping() -> Clock:
        now = datetime.now(UTC)
        soon = now + timedelta(minutes=4)
        later = soon + timedelta(hours=1)
        return Clock.running(now, (now, SPEED), (soon, 36_000.0), (later, SPEED))

    yield "the daemon's clock is 10 minutes ahead", lambda: off_by(timedelta(minutes=10))
    yield "the daemon's clock is 10 minutes behind", lambda: off_by(timedelta(minutes=-10))
    yield "the daemon's clock jumps an hour ahead", jumping
