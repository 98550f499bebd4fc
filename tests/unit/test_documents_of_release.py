"""Package, changelog, schema extension and tag say the same version."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib

import pytest

from database.migrate import EXTENSION
from tests.unit.documents import CHANGELOG, ROOT, read

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
SECTIONS = re.findall(r"^## \[([^\]]+)\](?: - (\S+))?$", read(CHANGELOG), re.MULTILINE)
ORDER = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def test_the_newest_version_of_the_changelog_is_the_packages():
    newest, day = SECTIONS[0]

    assert newest == VERSION
    assert re.fullmatch(r"\d{4}-\d\d-\d\d|Unreleased", day)


def test_every_earlier_version_has_its_day_and_they_go_back_in_time():
    days = [day for _, day in SECTIONS if day != "Unreleased"]

    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for _, day in SECTIONS[1:])
    assert days == sorted(days, reverse=True)
    assert len({version for version, _ in SECTIONS}) == len(SECTIONS)


def test_the_changelogs_headings_are_those_of_its_form():
    assert set(re.findall(r"^### (.+)$", read(CHANGELOG), re.MULTILINE)) <= set(ORDER)


def test_the_extension_writes_the_version_of_the_package_into_the_ledger():
    [written] = re.findall(
        r"^VALUES \('\w+', \d+, '([^']+)'\)$", EXTENSION.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert written == VERSION


def test_a_commit_that_is_tagged_as_a_version_has_that_version():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git")
    asked = ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "tag", "--points-at", "HEAD", "v[0-9]*"]
    tags = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()

    assert {*tags, f"v{VERSION}"} == {f"v{VERSION}"}
