"""The house stands on its floors: imports go down, never up."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Package -> the packages of ours that it may import from, beside itself.
MAY_IMPORT = {
    "providers": set(),
    "database": {"providers"},
    "schedulers": {"providers", "database"},
    "backfill": {"providers", "database"},
    "operations": {"providers", "database", "schedulers", "backfill"},
}
# Nothing of ours below them; see the design's floors.
GROUND = {
    "providers.errors": set(),
    "providers.records": {"providers.errors"},
    "providers.readings": {"providers.errors"},
    "providers.accounts": {"providers.errors", "providers.records"},
}
# Without clock, network or database.
PURE = {
    "schedulers.windows": {"providers.records"},
    "schedulers.notices.ledger": {"schedulers.notices.concern"},
    "schedulers.plan": {"providers.records", "schedulers.windows", "schedulers.settings"},
    "backfill.plan": {"providers.records"},
}
# What the database may know of the floor below it.
# (child_process is no word of the outside world: it ties a process to its parent; storable knows what
# PostgreSQL keeps, for whoever makes records and for whoever stores them.)
DATABASE_KNOWS = {
    "providers.errors",
    "providers.records",
    "providers.readings",
    "providers.accounts",
    "providers.child_process",
    "providers.computing",
    "providers.storable",
}

FILES = sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(path):
    """The modules of ours that a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module)
            is_package = (ROOT / node.module.replace(".", "/")).is_dir()
            names |= {f"{node.module}.{alias.name}" for alias in node.names} if is_package else set()
    return {name for name in names if name.split(".")[0] in MAY_IMPORT}


def test_there_are_files_to_look_at():
    assert len(FILES) > 30


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_no_file_imports_from_a_floor_above_it(path):
    package = path.relative_to(ROOT).parts[0]
    allowed = MAY_IMPORT[package] | {package}

    assert {name for name in imported(path) if name.split(".")[0] not in allowed} == set()


@pytest.mark.parametrize(("module", "allowed"), [*GROUND.items(), *PURE.items()])
def test_the_ground_and_the_pure_modules_know_next_to_nothing(module, allowed):
    assert imported(ROOT / f"{module.replace('.', '/')}.py") <= allowed


def test_the_database_knows_records_and_errors_but_neither_adapters_nor_pipeline():
    known = set().union(*(imported(path) for path in (ROOT / "database").glob("*.py")))

    assert {name for name in known if name.startswith("providers.")} <= DATABASE_KNOWS


def test_only_the_adapter_the_credentials_command_and_what_starts_a_simulator_know_its_words():
    inside = ROOT / "providers" / "chronotrack_live"
    outside = [path for path in FILES if inside not in path.parents]
    knowing = {
        module_name(path)
        for path in outside
        if any(name.startswith("providers.chronotrack_live.") for name in imported(path))
    }

    assert knowing == {
        "providers.chronotrack_live_adapter",
        "operations.checks.rehearsal",
        "operations.credentials",
        "operations.credentials_list",
        "operations.demo",
    }
