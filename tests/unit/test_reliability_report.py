"""What came of many faults is kept, counted and said as it was."""

from __future__ import annotations

from types import ModuleType

from tests.soak.playing import Played, play
from tests.soak.report import markdown, verdict
from tests.soak.trial import Trial


def test_the_report_counts_what_was_wrong_and_says_how_it_is_repeated():
    well = Trial("requests delayed", 1234, 0, (), 12.3, waits=3)
    badly = Trial("requests reset", 5, 2, ("a row is missing", "a secret was told"), 7.0)
    says = "The way breaks"

    text = markdown([Played("broken_api", says, (well, badly))], seed=7, seconds=90)

    assert "2 faults struck 1,239 times, and 0 hostile rows were sent, in 2 minutes" in text
    assert "2 things were not as promised" in text
    assert f"## {says}\n" in text
    assert "| requests delayed | 1,234 | 3 | 0 | 0 | 12 |" in text
    assert "| requests reset | 5 | 0 | 2 | **2** | 7 |" in text
    assert "- requests reset: a secret was told" in text
    assert "`python -m tests.soak --only broken_api --seed 7`" in text
    assert "All was as promised" in markdown([Played("broken_api", says, (well,))], seed=7, seconds=90)


def test_the_report_counts_hostile_rows_apart_from_strikes():
    struck, rows = Trial("kills", 15, 0, (), 9.0), Trial("rows", 40_000, 90, (), 60.0, of_rows=True)

    text = markdown([Played("one", "One", (struck, rows))], seed=7, seconds=60)

    assert "1 faults struck 15 times, and 40,000 hostile rows were sent" in text
    assert "| rows | 40,000 rows | 0 | 90 | 0 | 60 |" in text


def test_what_was_not_tried_is_said_and_never_that_all_was_as_promised():
    left = Trial("the disk is full", 0, 0, (), 0.0, not_tried="only root may mount it")

    text = markdown([Played("full_disk", "Full", (left,))], seed=7, seconds=1)

    assert "| the disk is full | not tried: only root may mount it |" in text
    assert "0 faults struck 0 times" in text
    assert "All was as promised" not in text
    assert verdict([left]) == "All that was tried was as promised. 1 faults were not tried."


def test_a_scenario_that_raises_loses_nothing_that_was_tried_before_and_is_itself_wrong():
    scenario, told = ModuleType("tests.soak.raising", "It raises.\n"), []
    kept = Trial("well", 3, 0, (), 1.0)

    def trials(_):
        yield kept
        raise OSError("no room")

    scenario.trials = trials
    played = play(scenario, None, told.append)

    assert (played.name, played.says) == ("raising", "It raises")
    assert list(played.trials) == told
    assert told[0] is kept
    assert told[1].wrong == ("it could not be played to its end: OSError: no room",)
