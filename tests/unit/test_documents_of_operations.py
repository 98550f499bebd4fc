"""The operator's guide has every alarm, error category, log event, refusal and exit code, and no others."""

from __future__ import annotations

import ast
import logging
import os
import re
import subprocess
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner
from prometheus_client import CollectorRegistry

from operations import health, health_events, health_partners, health_service
from operations.cli import main
from operations.finding import State
from providers import errors
from schedulers.metrics import Metrics
from schedulers.notices import watch
from tests.unit.documents import OPERATIONS, ROOT, bare, blocks, commands, read, tables

SECTIONS = {table.under: table for table in tables(OPERATIONS)}
REFUSALS = [bare(row[0]) for row in SECTIONS["What the script says when it refuses"].rows]
# Kinds that are no constants: what the expression may become.
BECOMES = {
    "unit.active": {"failed", "inactive"},
    "kind": {"chronotrack_live_schema_extension pending"},
}
# The base of errors that are never raised themselves.
NEVER_RAISED = {errors.StopPartner}


@pytest.fixture
def logs_as_before():
    """Whatever a command has made of the logs is taken back."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def third_arguments(module, name):
    """What stands in the third place of each call of a name: a constant's value, or the expression."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            kind = node.args[2]
            constant = kind.value if isinstance(kind, ast.Constant) else None
            constant = getattr(module, kind.id, None) if isinstance(kind, ast.Name) else constant
            yield constant or ast.unparse(kind)


def kinds_of_findings():
    judging = (health, health_events, health_partners, health_service)
    found = {kind for module in judging for kind in third_arguments(module, "Finding")}
    return set().union(*(BECOMES.get(kind, {kind}) for kind in found))


def alarms():
    """The headings of the section Alarms."""
    section = re.search(r"^## Alarms$(.*?)^## ", read(OPERATIONS), re.MULTILINE | re.DOTALL)[1]
    return [bare(heading) for heading in re.findall(r"^### (.+)$", section, re.MULTILINE)]


def error_classes(base=errors.IntegrationError):
    yield base
    for below in base.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from error_classes(below)


def logged_events():
    """The names under which the code logs, but for those that are made of an operation's name."""
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("providers", "schedulers", "database")
        for path in (ROOT / folder).rglob("*.py")
        if "simulator" not in path.parts
    )
    names = set(re.findall(r"log\.(?:info|warning|error|exception)\(\s*\"(\w+\.\w+)\"", code))
    return names | set(re.findall(r"log\.info\(\"(\w+\.\w+)\" if .* else \"\w+\.\w+\"", code))


def test_every_alarm_has_a_heading_and_every_heading_is_an_alarm():
    assert len(kinds_of_findings()) > 10
    assert sorted(alarms()) == sorted(kinds_of_findings())


def test_the_list_of_alarms_links_each_of_them():
    linked = set(re.findall(r"\[`([^`]+)`\]\(#", " ".join(SECTIONS["Alarms"].of("kinds"))))

    assert linked == kinds_of_findings()


def test_what_the_scheduler_tells_of_is_said_where_notifications_are():
    told = " ".join(SECTIONS["Notifications"].of("of what"))

    tree = ast.parse(Path(watch.__file__).read_text(encoding="utf-8"))
    kinds = {
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Concern"
    }
    assert kinds
    assert {kind for kind in kinds if kind not in told} == set()


def test_every_category_of_errors_says_what_to_do():
    rows = {bare(row[0]): row[2] for row in SECTIONS["Errors by category"].rows}

    assert set(rows) == {each.category for each in error_classes() if each not in NEVER_RAISED}
    assert all(rows.values())


def test_every_event_of_the_log_is_explained_and_none_that_does_not_exist():
    cells = next(table for table in tables(OPERATIONS) if table.columns[0] == "log event").of("log event")
    explained = {name for cell in cells for name in re.findall(r"`(\w+\.\w+)`", cell)}
    # Of commands, whose log is for looking for a fault.
    explained_elsewhere = {"race.unknown"}

    assert logged_events() - explained - explained_elsewhere == set()
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "schedulers").rglob("*.py"))
    code += "".join(path.read_text(encoding="utf-8") for path in (ROOT / "providers").rglob("*.py"))
    assert {name for name in explained if f'"{name}"' not in code} == set()


@pytest.mark.parametrize("said", REFUSALS)
def test_what_the_deploy_script_is_said_to_say_it_says(said):
    scripts = [ROOT / "deploy_chronotrack_live.sh", *(ROOT / "operations/deploy").glob("*.sh")]
    scripts.append(ROOT / "operations/libpq_service.py")

    assert any(said in script.read_text(encoding="utf-8") for script in scripts)


def test_nothing_that_the_deploy_script_needs_is_left_out():
    text = (ROOT / "operations/deploy/look.sh").read_text(encoding="utf-8")
    needs = re.findall(r"^\s+needs \"(.+)\"$", text, re.MULTILINE)

    assert len(needs) > 8
    assert [need for need in needs if not any(said in need for said in REFUSALS)] == []


def test_every_metric_of_the_alerts_is_served():
    registry: CollectorRegistry = Metrics().registry
    served = {name for metric in registry.collect() for name in (metric.name, f"{metric.name}_total")}
    [rules] = blocks(OPERATIONS, "yaml")
    asked = set(re.findall(r"chronotrack_live_\w+", rules))

    assert len(asked) > 5
    assert asked <= served


def test_the_example_greps_find_warnings_and_errors_as_they_are_written():
    [pattern] = {
        word for words in commands(OPERATIONS) if words[0] == "grep" for word in words if "level" in word
    }
    # As structlog's JSON renderer writes it.
    assert re.search(pattern, '{"event": "results.failed", "level": "warning"}')
    assert not re.search(pattern, '{"event": "results.completed", "level": "info"}')


def exit_codes(command):
    """The row of a command's exit codes, by its beginning."""
    table = SECTIONS["Exit codes"]
    [row] = [row for row in table.rows if command in re.findall(r"`([^`]+)`", row[0])]
    return dict(zip(table.columns, row, strict=True))


def test_every_command_has_its_exit_codes():
    named = {name for row in SECTIONS["Exit codes"].rows for name in re.findall(r"`([^`]+)`", row[0])}

    assert {name.split(" ")[0] for name in named} >= set(main.list_commands(None))


@pytest.mark.parametrize("command", ["scheduler", "backfill", "check", "migrate", "demo", "simulate"])
def test_what_is_not_understood_ends_with_2(command):
    assert CliRunner().invoke(main, [command, "--nonsense"]).exit_code == 2
    assert exit_codes(command)["2"]


def test_what_the_monitor_does_not_understand_leaves_everything_unknown():
    assert CliRunner().invoke(main, ["monitor", "--nonsense"]).exit_code == 3
    assert "3: unknown" in exit_codes("monitor")["other"]


def test_the_monitors_exit_codes_are_its_states():
    codes = exit_codes("monitor")

    assert [codes[str(code)] for code in range(3)] == [state.name.lower() for state in list(State)[:3]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("scheduler", "--once"),
        ("backfill", "--dry-run"),
        ("check",),
        ("migrate", "--check"),
        ("credentials", "list"),
        ("credentials", "test"),
        ("events", "list"),
        ("events", "collect", "ctlive:7:91649"),
        ("events", "pause", "ctlive:7:91649"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("logs_as_before")
def test_who_has_no_database_could_not_start(arguments, monkeypatch, nowhere):
    monkeypatch.setattr(os, "environ", {**os.environ, "DATABASE_URL": f"postgresql://nobody@{nowhere}/hub"})

    ended = CliRunner().invoke(main, arguments)

    assert ended.exit_code == 2
    assert len(ended.stderr.splitlines()) == 1


def test_the_deploy_script_ends_with_2_where_it_cannot_start():
    done = subprocess.run([ROOT / "deploy_chronotrack_live.sh", "nonsense"], capture_output=True, check=False)

    assert done.returncode == 2
    assert exit_codes("deploy_chronotrack_live.sh")["2"] == "could not start"
