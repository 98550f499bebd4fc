"""What the README says of commands, folders and dependencies is so; see test_documents as well."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from operations.cli import main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMMANDS = sorted(main.list_commands(None))


def tables():
    """Each table's rows as lists of cells, by the first cell of its heading."""
    found, heading = {}, None
    for line in README.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
        if cells is None:
            heading = None
        elif heading is None:
            heading = cells[0]
            found[heading] = []
        elif not set(line) <= set("|- "):
            found[heading].append(cells)
    return found


def test_the_two_commands_stand_on_the_first_screen():
    first_screen = README.splitlines()[:15]

    assert any(line.startswith("make demo") for line in first_screen)
    assert any(line.startswith("make test") for line in first_screen)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_sub_command_is_in_the_readme_and_has_a_help_text(command):
    shown = CliRunner().invoke(main, [command, "--help"])

    assert f"chronotrack-live {command}" in README
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) > 4


def test_every_command_line_of_the_readme_names_a_sub_command_and_options_that_exist():
    # The service's user has the same name.
    lines = re.findall(r"(?<!-u )chronotrack-live ([a-z]+)((?: --[a-z-]+(?: \d+)?)*)", README)

    assert len(lines) > 5
    for command, options in lines:
        names = {name for parameter in main.get_command(None, command).params for name in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= names


def test_the_map_names_every_folder_and_only_folders_that_exist():
    mapped = {row[0].strip("`/") for row in tables()["folder"]}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert all((ROOT / folder).is_dir() for folder in mapped)
    assert packages | {"tests", "scripts"} <= mapped


def test_every_dependency_has_its_reason_and_a_lower_bound():
    extras = [text for texts in PROJECT["optional-dependencies"].values() for text in texts]
    declared = [*PROJECT["dependencies"], *extras]
    explained = {
        name.strip() for row in tables()["package"] for name in re.sub(r"\(.*?\)", "", row[0]).split(",")
    }

    assert {re.split(r"[>=<]", text)[0] for text in declared} == explained
    assert all(re.search(r"[>=]=", text) for text in declared)
    assert all(row[1] for row in tables()["package"])
