"""The error tree is what its drawing says, and every error can be acted on."""

from __future__ import annotations

import re

import pytest

from providers import errors
from providers.errors import IntegrationError, RowRejected, ServerFailed, TooManyRequests


def family(error):
    return [error, *(kin for child in error.__subclasses__() for kin in family(child))]


# Other modules may define errors of their own below these; the drawing is of this module.
FAMILY = [error for error in family(IntegrationError) if error.__module__ == errors.__name__]


def drawn():
    """Return the drawing as pairs of an error's and its parent's name."""
    pairs, branch = set(), {}
    for line in errors.__doc__.splitlines():
        found = re.match(r"^( {4})((?:[│ ] {3})*)(?:([├└]── ))?([A-Z]\w+)(?: |$)", line)
        if found:
            depth = len(found[2]) // 4 + bool(found[3])
            branch[depth] = found[4]
            pairs.add((found[4], branch.get(depth - 1)))
    return pairs


def test_the_drawing_shows_every_error_below_its_parent():
    parents = {(error.__name__, error.__base__.__name__) for error in FAMILY[1:]}
    assert drawn() == parents | {("IntegrationError", None)}


def test_every_error_counts_under_a_word_of_its_own():
    words = [error.category for error in FAMILY]
    assert len(set(words)) == len(words)
    assert all(re.fullmatch(r"[a-z_]+", word) for word in words)
    assert all("category" in vars(error) for error in FAMILY)


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_every_error_has_a_sentence(error):
    first = error.__doc__.splitlines()[0]
    assert first[0].isupper()
    assert first.endswith(".")


@pytest.mark.parametrize("error", [TooManyRequests, ServerFailed])
def test_an_error_knows_how_long_the_api_asked_to_wait(error):
    assert error("busy").retry_after is None
    assert error("busy", 2.5).retry_after == 2.5
    assert str(error("busy", 2.5)) == "busy"


def test_a_rejected_row_carries_the_row():
    error = RowRejected("no id", kind="result", payload={"bib": "7"}, api_id=None)
    assert (str(error), error.reason, error.kind, error.payload, error.api_id) == (
        "no id",
        "no id",
        "result",
        {"bib": "7"},
        None,
    )
