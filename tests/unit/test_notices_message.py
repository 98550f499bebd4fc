"""What people read of the news."""

from __future__ import annotations

from datetime import UTC, datetime

from schedulers.notices.concern import Concern
from schedulers.notices.ledger import News
from schedulers.notices.message import message

AT = datetime(2026, 4, 18, 9, 35, tzinfo=UTC)


def concern(number=3, what="the API refuses its credentials"):
    return Concern(f"partner {number}", "refused", f"partner {number} (Lake Timing)", what, "Change them.")


def written(appeared=(), recovered=()):
    return message(News(list(appeared), {name: name for name in recovered}), "hub1", AT)


def test_it_says_what_is_the_matter_what_to_do_who_is_well_again_where_and_when():
    said = written([concern()], ["ctlive:7:5"])

    assert said.title == "ChronoTrack Live: 1 new, 1 recovered"
    assert said.body.splitlines() == [
        "partner 3 (Lake Timing): refused: the API refuses its credentials. Change them.",
        "Well again: ctlive:7:5",
        "(hub1, 2026-04-18 09:35:00 UTC)",
    ]
    assert said.is_bad


def test_recoveries_alone_are_good_news():
    said = written([], ["ctlive:7:5"])

    assert (said.title, said.is_bad) == ("ChronoTrack Live: 1 recovered", False)


def test_more_than_20_changes_are_counted():
    said = written(map(concern, range(30)), ["ctlive:7:5"])

    lines = said.body.splitlines()
    assert said.title == "ChronoTrack Live: 30 new, 1 recovered"
    assert (len(lines), lines[19][:10], lines[20]) == (22, "partner 19", "and 11 more")


def test_twenty_changes_are_not_counted():
    assert "more" not in written(map(concern, range(20))).body


def test_what_others_have_written_stays_in_its_line_and_is_not_endless():
    said = written([concern(what="3 collections failed: no\n\x1b[31mconnection " + "x" * 5000 + ".")])

    line, _ = said.body.splitlines()
    assert "no\\n\\x1b[31mconnection" in line
    assert len(line) < 500
    assert line.endswith("x ... Change them.")
