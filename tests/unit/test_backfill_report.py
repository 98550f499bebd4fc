"""Where the report of a backfill goes, and what a board shows of names that others have written."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import orjson
import pytest

from backfill import summary
from backfill.board import Board
from backfill.outcome import Result
from providers.report_file import ReportFile
from providers.terminal import printable

AT = datetime(2026, 1, 1, tzinfo=UTC)


def write(path):
    summary.write(ReportFile("--json", path), Result(), {}, summary.About(AT, AT, dry_run=False, exit_code=0))


def test_a_report_takes_the_place_of_an_older_one(tmp_path):
    file = tmp_path / "report.json"
    file.write_text("older")

    write(file)

    assert orjson.loads(file.read_bytes())["exit_code"] == 0
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_report_to_a_link_goes_where_it_leads_and_leaves_the_link(tmp_path, is_there):
    link, file = tmp_path / "latest.json", tmp_path / "report.json"
    link.symlink_to(file)
    if is_there:
        file.write_text("older")

    write(link)

    assert link.is_symlink()
    assert orjson.loads(file.read_bytes())["exit_code"] == 0


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(pipe)

        assert orjson.loads(os.read(reading, 65_536))["exit_code"] == 0
        assert pipe.is_fifo()
    finally:
        os.close(reading)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Läufe am Fluß, 5 km 🏃", "Läufe am Fluß, 5 km 🏃"),
        ("red\x1b[31m", r"red\x1b[31m"),
        ("two\nlines\r", r"two\nlines\r"),
        ("turned\u202eround", r"turned\u202eround"),
        ("lone \ud800", r"lone \ud800"),
        ("\u0646\u06cc\u0645\u200c\u0645\u0627", "\u0646\u06cc\u0645\u200c\u0645\u0627"),
    ],
)
def test_what_would_command_a_terminal_is_shown_as_an_escape(text, shown):
    assert printable(text) == shown


def test_names_stay_in_their_line_and_command_no_terminal(capsys):
    board = Board(moving=False)

    board.say("Run \x1b[2J\nHarbour")
    board.fail("Run \u202e\nHarbour")

    out, err = capsys.readouterr()
    assert out == "Run \\x1b[2J\\nHarbour\n"
    assert err == "Run \\u202e\\nHarbour\n"
