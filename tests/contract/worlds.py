"""The shapes in which ChronoTrack Live is held to the contract: what is not publicly known of it, either way.

Between them they have every value of every switch of the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha1
from operator import attrgetter, itemgetter
from typing import get_args, get_type_hints

from providers.chronotrack_live.simulator.variants import Variant
from providers.errors import AnswerUnusable, IntegrationError, NotFound

CLIENT = {"client_id": "demo0001", "client_secret": sha1(b"demo0001").hexdigest()}
OAUTH2 = {"auth": "oauth2", **CLIENT}
# What tells athletes apart without entry ids: of an entry or a result, and of the ground truth.
BY_NAME = attrgetter("provider_race_id", "bib", "first_name", "last_name")
TRUE_NAME = itemgetter("race_id", "bib", "first_name", "last_name")
# A value other than the default of each switch that is a number.
NUMBERS = {"largest_size": "7", "token_life": "1"}


@dataclass(frozen=True)
class World:
    """A shape of the API, and what follows from it for whoever reads it.

    Attributes:
        variants: the switches that differ from the default.
        config: what the credentials need in additional_config to be let in.
        complete: what a whole reading says of itself: None where no page announces anything.
        unknown_error: what asking for an unknown event raises: None where an empty list answers.
        athletes: how many run the marathon.
    """

    variants: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    complete: bool | None = True
    unknown_error: type[IntegrationError] | None = NotFound
    athletes: int = 60

    @property
    def names_entries(self) -> bool:
        """Whether results say whose they are by the entry's id, and not only by race, bib and name."""
        return self.variants.get("entry_ids") != "absent"


WORLDS = {
    "chronotrack_live": World(athletes=300),
    "chronotrack_live numbers": World(
        {
            "scalars": "number",
            "empty": "absent",
            "times": "tenths",
            "bracket_types": "GENDER",
            "bracket_owner": "bracket_race_id",
            "bracket_keywords": "ignored",
            "unknown": "error",
            "archived": "200",
            "refusal": "403",
            "digests": "sha1",
        },
        config={"auth": "simple", "password_digest": "sha1", "client_id": CLIENT["client_id"]},
        unknown_error=AnswerUnusable,
    ),
    "chronotrack_live nulls": World(
        {
            "empty": "null",
            "times": "hundredths",
            "largest_size": "200",
            "oversize": "refuse",
            "paging": "query",
            "bracket_owner": "absent",
            "bracket_keywords": "first_race",
            "columns": "ignored",
            "unknown": "nothing",
            "archived": "403",
            "digests": "plain",
        },
        config={"password_digest": "plain"},
        unknown_error=None,
    ),
    "chronotrack_live unannounced": World(
        {
            "times": "seconds",
            "largest_size": "100",
            "page_headers": "none",
            "beyond_end": "repeat",
            "bracket_keywords": "empty",
            "archived": "410",
            "compression": "gzip",
        },
        complete=None,
    ),
    "chronotrack_live tokens": World(
        {
            "times": "unpadded",
            "largest_size": "50",
            "paging": "headers",
            "token_life": "1",
            "test_results": "some",
        },
        config=OAUTH2,
    ),
    "chronotrack_live nameless": World(
        {
            "times": "short",
            "bracket_keywords": "refused",
            "bracket_names": "absent",
            "entry_ids": "absent",
            "digests": "sha256",
        }
    ),
}


def other_values() -> list[tuple[str, str]]:
    """Return every switch with each of its values that is not the default; one where it is a number."""
    kinds = get_type_hints(Variant)
    return [
        (switch.name, value)
        for switch in fields(Variant)
        for value in get_args(kinds[switch.name]) or [NUMBERS[switch.name]]
        if value != switch.default
    ]
