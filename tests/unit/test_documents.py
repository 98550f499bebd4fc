"""The commands, links, paths and make targets of the documents are there, as they are written."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click
import pytest

from database.migrate import EXTENSION
from operations.checks import expected
from operations.cli import main
from tests.unit.documents import (
    CONTRIBUTING,
    OPERATIONS,
    PAGES,
    PROVIDER_15,
    ROOT,
    SUMMARY,
    anchor,
    bare,
    blocks,
    commands,
    headings,
    prose,
    read,
    table,
)

# What `live` and `owner` of the operator's guide begin with.
OURS = ("chronotrack-live", "live", "owner")
DEPLOY = "deploy_chronotrack_live.sh"
PYTHONS = ("python3", "python")
# A script's path -> the module whose command it runs.
SCRIPTS = {
    "schedulers/chronotrack_live_scheduler.py": "schedulers.chronotrack_live_scheduler",
    "backfill/chronotrack_live_backfill.py": "backfill.chronotrack_live_backfill",
    "test_chronotrack_live_integration.py": "operations.checks.command",
    "monitor_chronotrack_live.py": "operations.monitor",
}
# Other people's programs.
THEIRS = {
    "cd",
    "createdb",
    "git",
    "grep",
    "journalctl",
    "make",
    "pip3",
    "psql",
    "pytest",
    "ruff",
    "systemctl",
}
# Words in capitals that stand for something of the reader's own.
PLACEHOLDERS = {
    "PARTNER": "7",
    "EVENT": "ctlive:7:91649",
    "LOGIN": "login",
    "CLIENT": "client",
    "URL": "json://host",
}
# Paths that are not the repository's: what commands make, and what state folder and hosts have.
MADE = {
    "report.json",
    "budget/",
    "postgres/",
    "notices/",
    "answers.jsonl",
    "chronotrack_live_backup_<when>.sql",
    "chronotrack_live_rows_<when>.sql",
    "chronotrack_live_backup_*.sql",
    "chronotrack_live_rows_*.sql",
    "project88_database.md",
    "requests/",
}

WRITTEN = [(page, words) for page in PAGES for words in commands(page)]
# The names of all that is in the repository's folders and at its root.
NAMES = {path.name for path in ROOT.iterdir()} | {
    path.name for package in ROOT.glob("*/") if package.name[0] != "." for path in package.rglob("*")
}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def is_ours(words):
    return Path(words[0]).name in OURS


def titled(case):
    page, words = case
    return f"{page.stem}: {' '.join(words)}"


@pytest.fixture
def filled_in(tmp_path):
    """What makes words of a document arguments: its placeholders become something that could be meant."""
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("", encoding="utf-8")
    folder.mkdir()
    meant = PLACEHOLDERS | {"FILE": str(file), "FOLDER": str(folder)}
    return lambda words: [meant.get(word, word) for word in words]


def understand(command, name, arguments):
    """Let a click command take its arguments, down to the last sub-command; it is not run."""
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        found = command.get_command(click.Context(command), arguments[0])
        assert found is not None, f"{name} has no command {arguments[0]}"
        command, name, arguments = found, arguments[0], arguments[1:]
    with suppress(click.exceptions.Exit):  # of --help
        command.make_context(name, list(arguments))


def test_the_documents_name_all_kinds_of_commands():
    names = {Path(words[0]).name for _, words in WRITTEN}

    assert names >= {*OURS, DEPLOY, "make", "python3"}
    assert len(WRITTEN) > 80


def test_every_program_of_the_documents_is_known():
    known = {*OURS, *THEIRS, *PYTHONS, DEPLOY}

    assert {words[0] for _, words in WRITTEN if Path(words[0]).name not in known} == set()


@pytest.mark.parametrize("case", [case for case in WRITTEN if is_ours(case[1])], ids=titled)
def test_a_command_of_the_documents_is_understood(case, filled_in):
    _, words = case

    understand(main, "chronotrack-live", filled_in(words[1:]))


@pytest.mark.parametrize("case", [case for case in WRITTEN if Path(case[1][0]).name in PYTHONS], ids=titled)
def test_a_script_of_the_documents_is_there_and_understands_its_arguments(case, filled_in):
    _, words = case
    path, *arguments = words[1:]

    assert (ROOT / path).is_file()
    understand(import_module(SCRIPTS[path]).command, path, filled_in(arguments))


@pytest.mark.parametrize("case", [case for case in WRITTEN if Path(case[1][0]).name == DEPLOY], ids=titled)
def test_the_deploy_script_understands_what_the_documents_say_to_it(case):
    _, words = case

    # What is not understood before --help ends it with 2.
    done = subprocess.run([ROOT / DEPLOY, *words[1:], "--help"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_sub_command_stands_in_the_operators_guide():
    written = {" ".join(words[1:3]) for _, words in WRITTEN if is_ours(words)}
    here = click.Context(main)
    groups = {name: main.get_command(here, name) for name in main.list_commands(here)}
    named = prose(OPERATIONS)

    for name, command in groups.items():
        under = sorted(command.commands) if isinstance(command, click.Group) else []
        for sub in under:
            assert f"{name} {sub}" in written, f"no example of {name} {sub}"
        assert any(line.split(" ")[0] == name for line in written) or f"`{name}`" in named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_said_of_commands_in_a_sentence_names_those_that_exist(page):
    for said in re.findall(r"`(?:[\w/.-]*/)?(?:chronotrack-live|live|owner) ([a-z][^`]*)`", prose(page)):
        words = said.split()
        command = main.get_command(click.Context(main), words[0])
        assert command is not None, said
        if isinstance(command, click.Group) and len(words) > 1 and not words[1].startswith("-"):
            command = command.get_command(click.Context(command), words[1])
            assert command is not None, said
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known, said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_shell_understands_every_block(page):
    for block in blocks(page, "sh", "bash"):
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_make_target_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    code = "\n".join(blocks(page, "sh", "bash"))
    named = re.findall(r"`make ([a-z-]+)`", prose(page)) + re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)

    assert set(named) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, fragment = target.partition("#")
        if re.match(r"[a-z]+://", path):
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.is_file(), target
        assert not fragment or fragment in map(anchor, headings(there)), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_of_the_repository_that_is_named_is_there(page):
    named = set(
        re.findall(r"`((?!/)[\w./*<>-]+(?:\.(?:py|sql|sh|md|json|jsonl|toml|service)|/))`", prose(page))
    )

    for path in named - MADE:
        is_there = any(ROOT.glob(path.rstrip("/"))) if "/" in path or "*" in path else path in NAMES
        assert is_there, path


def test_every_document_is_linked_from_the_readme_or_from_the_summary():
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        if page.parent == ROOT
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page))
    }

    assert {page for page in PAGES if page.parent != ROOT} <= linked


def test_the_example_of_the_fifteenth_provider_is_quoted_as_it_stands():
    example = read(ROOT / "tests/provider_fifteen/sundial_timing.py")
    settings = read(ROOT / "tests/provider_fifteen/pyproject.toml")
    # The last block is a command of its own, which a test runs.
    *quoted, _ = blocks(PROVIDER_15, "python")

    assert len(quoted) == 2
    assert [block for block in quoted if block not in example] == []
    assert all(block in settings for block in blocks(PROVIDER_15, "toml"))


def test_what_the_summary_counts_of_the_extension_is_right():
    [row] = [row for row in table(SUMMARY, "file").rows if bare(row[0]) == f"database/{EXTENSION.name}"]

    counts = (
        (len(expected.columns()), "columns"),
        (len(expected.tables()), "tables"),
        # unified_results is the host's.
        (len(expected.views()) - 1, "views"),
        (len(expected.functions()), "functions"),
        # And three that are made where the host has none of their columns.
        (len(expected.indexes()) + 3, "indexes"),
    )
    for count, what in counts:
        assert f"{count} {what}" in row[1]


def test_the_example_of_a_tests_name_is_one():
    [name] = re.findall(r"`(test_\w+)`", prose(CONTRIBUTING))

    assert any(f"def {name}(" in read(path) for path in (ROOT / "tests").rglob("test_*.py"))
