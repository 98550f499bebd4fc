"""Athletes: a carried runner gets a birthday, an address and ways to be reached, all invented."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING

from .world import Athlete

if TYPE_CHECKING:
    from random import Random

    from .numbers import Numbers
    from .runners import Runner

_STREETS = ("Harbour Street", "Mill Lane", "Station Road", "Orchard Avenue", "Rue du Marché", "Hill Road")


def make_athlete(runner: Runner, race_day: date, numbers: Numbers, draw: Random) -> Athlete:
    """Make the person behind a runner, born so that they have the runner's age on `race_day`."""
    athlete_id = numbers.next("athlete")
    return Athlete(
        athlete_id=athlete_id,
        first_name=runner.first_name,
        last_name=runner.last_name,
        sex=runner.sex,
        birthdate=_birthdate(runner.age, race_day, draw),
        email=f"{_mailbox(runner)}.{athlete_id}@example.test",
        home_phone=_phone(draw) if draw.random() < 0.3 else "",
        mobile_phone=_phone(draw),
        street=f"{draw.randrange(1, 400)} {draw.choice(_STREETS)}",
        city=runner.city,
        state=runner.state,
        postal_code=f"{draw.randrange(1000, 99999):05d}",
        country=runner.country,
    )


def _birthdate(age: int, race_day: date, draw: Random) -> date:
    # two days clear of the birthday itself: the race day of the place may be the day before or after in UTC
    latest = date(race_day.year - age, race_day.month, min(race_day.day, 28))
    return latest - timedelta(days=draw.randrange(4, 360))


def _mailbox(runner: Runner) -> str:
    plain = unicodedata.normalize("NFKD", f"{runner.first_name}.{runner.last_name}").encode("ascii", "ignore")
    return re.sub(r"[^a-z]+", ".", plain.decode().lower()).strip(".") or "athlete"


def _phone(draw: Random) -> str:
    # 555-01xx: the numbers that are kept free for fiction
    return f"+1-{draw.randrange(200, 990)}-555-01{draw.randrange(100):02d}"
