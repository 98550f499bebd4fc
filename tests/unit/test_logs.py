"""What the log of a process without a terminal looks like."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def logged(program, **how):
    """Run a program that logs; return its lines, each of which has to be a JSON object."""
    configure = f"from providers.terminal import configure_logs\nconfigure_logs(**{how})\n"
    done = subprocess.run(
        [sys.executable, "-c", configure + program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


OURS = """
import structlog
log = structlog.get_logger().bind(partner=7)
log.debug("request.answered", status=200)
log.info("results.completed", seen=300)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("job.broke")
"""
A_LIBRARYS = """
import logging
log = logging.getLogger("apscheduler.executors.results 7")
log.info("Running job")
try:
    1 / 0
except ZeroDivisionError:
    log.exception('Job "results %s" raised an exception', "ctlive:7:91649")
"""


def test_each_line_is_one_json_object_with_its_level_and_its_instant():
    completed, broke = logged(OURS, verbose=False)

    assert (completed["event"], completed["level"], completed["partner"]) == ("results.completed", "info", 7)
    assert completed["timestamp"].endswith("Z")
    assert (broke["event"], broke["level"]) == ("job.broke", "error")
    assert "ZeroDivisionError" in broke["exception"]


def test_verbose_shows_what_is_only_of_interest_when_looking_for_a_fault():
    assert logged(OURS, verbose=True)[0]["event"] == "request.answered"


def test_what_a_library_warns_of_is_a_json_object_as_well_with_the_librarys_name():
    (failed,) = logged(A_LIBRARYS, verbose=False)

    assert failed["event"] == 'Job "results ctlive:7:91649" raised an exception'
    assert (failed["level"], failed["logger"]) == ("error", "apscheduler.executors.results 7")
    assert "ZeroDivisionError" in failed["exception"]


def test_what_a_library_warns_of_in_an_operation_names_its_partner():
    within = "import structlog\nstructlog.contextvars.bind_contextvars(partner=7, operation='results')\n"

    (failed,) = logged(within + A_LIBRARYS, verbose=False)

    assert (failed["partner"], failed["operation"]) == (7, "results")


def test_a_quiet_command_leaves_the_talking_to_itself():
    assert logged(OURS + A_LIBRARYS, verbose=False, quiet=True) == []
