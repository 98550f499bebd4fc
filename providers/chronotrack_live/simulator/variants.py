"""Variants: the shapes that the API may have where its behaviour is not publicly known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_type_hints

# The finest step of each kind of race time, in milliseconds; 1 where nothing is lost.
_TIME_STEPS = {"hundredths": 10, "tenths": 100, "unpadded": 100, "short": 100, "seconds": 1000}


def _switch(default: object, says: str, least: int = 0) -> Any:  # noqa: ANN401 - a field of any type
    return field(default=default, metadata={"says": says, "least": least})


@dataclass(frozen=True, slots=True)
class Variant:
    """One shape of the API; what the fields say is in the fact sheet, sections 2 to 7."""

    scalars: Literal["text", "number"] = _switch(
        "text", "Ids, counts, flags and epochs as JSON texts or numbers; times, names, bibs stay texts."
    )
    empty: Literal["blank", "null", "absent"] = _switch("blank", "How a missing value is written.")
    times: Literal["milliseconds", "hundredths", "tenths", "seconds", "unpadded", "short"] = _switch(
        "milliseconds",
        'Race times: 00:19:51.123 and with fewer digits; unpadded is "0:19:51.1", short "19:51.1", "51.1".',
    )
    largest_size: int = _switch(1000, "The most rows that a page may have.", least=1)
    oversize: Literal["clamp", "refuse"] = _switch("clamp", "A larger size is cut to it, or answered by 400.")
    page_headers: Literal["all", "none"] = _switch("all", "The four X-Ctlive-* headers of a list.")
    beyond_end: Literal["empty", "repeat"] = _switch(
        "empty", "A page beyond the end is an empty list, or the last page once more."
    )
    paging: Literal["both", "query", "headers"] = _switch(
        "both", "What is read of a request: page and size, X-Ctlive-Page and X-Ctlive-Per-Page, or both."
    )
    bracket_keywords: Literal["understood", "ignored", "refused", "empty", "first_race"] = _switch(
        "understood",
        "bracket=SEX and AGE: ranks within these, as if absent, 400, an empty list, or in a list of an "
        "event its first race only.",
    )
    bracket_types: Literal["SEX", "GENDER"] = _switch("SEX", "The bracket_type of gender brackets.")
    bracket_owner: Literal["race_id", "bracket_race_id", "absent"] = _switch(
        "race_id", "The field of a bracket that names its race."
    )
    bracket_names: Literal["present", "absent"] = _switch("present", "results_bracket_name of result rows.")
    columns: Literal["honoured", "ignored"] = _switch("honoured", "The parameter columns.")
    entry_ids: Literal["present", "absent"] = _switch("present", "results_entry_id of result rows.")
    unknown: Literal["missing", "error", "nothing"] = _switch(
        "missing", 'An unknown event: 404, 200 with {"error": ...}, or 200 with an empty list.'
    )
    archived: Literal["400", "200", "403", "410"] = _switch("400", 'The status of "Event is archived."')
    refusal: Literal["401", "403"] = _switch("401", "The status for wrong credentials.")
    digests: Literal["any", "sha1", "sha256", "plain"] = _switch(
        "any",
        "The form of the password in Basic and simple; any: simple takes both digests, Basic all three.",
    )
    token_life: int = _switch(259_199, "The seconds that a token lives.")
    compression: Literal["none", "gzip"] = _switch("none", "How lists are packed for whoever accepts it.")
    test_results: Literal["none", "some"] = _switch(
        "none", "Whether test entries have results, behind everybody else's; the ground truth has none."
    )

    @classmethod
    def read(cls, texts: Iterable[str]) -> Variant:
        """Make the variant that texts of the form NAME=VALUE ask for; what none names is as usual.

        Raises:
            ValueError: a sentence that says what there is instead.
        """
        kinds = get_type_hints(cls)
        chosen: dict[str, Any] = {}
        for text in texts:
            name, _, value = text.partition("=")
            if name not in kinds:
                raise ValueError(f"There is no variant {name!r}. There are: {', '.join(kinds)}.")
            chosen[name] = _number(name, value) if kinds[name] is int else _word(kinds[name], name, value)
        return cls(**chosen)

    @property
    def time_step(self) -> int:
        """The milliseconds below which published race times are cut off; 1 cuts off nothing."""
        return _TIME_STEPS.get(self.times, 1)


def variants_help() -> list[tuple[str, str]]:
    """Return each switch as NAME=VALUE|VALUE, the default first, and what it decides."""
    kinds = get_type_hints(Variant)
    return [
        (f"{switch.name}={'|'.join(get_args(kinds[switch.name])) or switch.default}", switch.metadata["says"])
        for switch in fields(Variant)
    ]


def _word(kind: object, name: str, value: str) -> str:
    words = get_args(kind)
    if value not in words:
        raise ValueError(f"The variant {name} is one of {', '.join(words)}, not {value!r}.")
    return value


def _number(name: str, value: str) -> int:
    least = next(switch.metadata["least"] for switch in fields(Variant) if switch.name == name)
    if not (value.isascii() and value.isdecimal() and int(value) >= least):
        raise ValueError(f"The variant {name} is a whole number from {least} on, not {value!r}.")
    return int(value)
