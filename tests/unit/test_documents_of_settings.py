"""The settings in the documents are those that the code reads, with their meanings, defaults and bounds."""

from __future__ import annotations

import re

import pytest

from operations.thresholds import SETTINGS as THRESHOLDS
from providers.chronotrack_live.settings import AUTH_MODES, DIGESTS, ChronoTrackLiveSettings
from schedulers.settings import SETTINGS
from schedulers.settings_file import NAMES
from tests.unit.documents import PAGES, README, ROOT, bare, read, table, tables
from tests.unit.documents import SETTINGS as PAGE

# What psql's script takes a password's digest from, for which a settings file is no place; and a document.
NO_SETTING = {"CHRONOTRACK_LIVE_DIGEST", "CHRONOTRACK_LIVE_INTEGRATION_SUMMARY"}
# Each row by its variable.
ROWS = {bare(row[0]): row for found in tables(PAGE) if found.columns[0] == "variable" for row in found.rows}
OURS = {name for name in ROWS if name.startswith("CHRONOTRACK_LIVE_")}


def test_the_settings_of_scheduler_and_monitor_have_their_meanings_defaults_and_bounds():
    for setting in (*SETTINGS, *THRESHOLDS):
        assert ROWS[setting.variable][1:] == [setting.help, f"{setting.default:g}", setting.allowed]


def test_every_variable_that_the_code_reads_is_documented():
    code = "".join(
        path.read_text(encoding="utf-8")
        for package in ("providers", "database", "schedulers", "backfill", "operations")
        for path in (ROOT / package).rglob("*.py")
    )
    tabled = {setting.variable for setting in (*SETTINGS, *THRESHOLDS)}
    read_by_code = set(re.findall(r"CHRONOTRACK_LIVE_[A-Z_]+[A-Z]", code)) | tabled

    assert read_by_code <= set(ROWS)


def test_the_names_that_a_settings_file_may_have_are_the_documented_ones():
    assert OURS == NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_document_names_a_setting_that_does_not_exist(page):
    assert set(re.findall(r"CHRONOTRACK_LIVE_[A-Z_]+[A-Z]", read(page))) - OURS <= NO_SETTING


def test_the_fields_of_additional_config_are_documented():
    rows = {bare(row[0]): " ".join(row) for row in table(PAGE, "`additional_config`").rows}

    in_code = set(ChronoTrackLiveSettings.__dataclass_fields__) - {"user", "secret"}
    assert set(rows) == in_code
    assert all(f"`{mode}`" in rows["auth"] for mode in AUTH_MODES)
    assert all(f"`{digest}`" in rows["password_digest"] for digest in DIGESTS)


def test_the_readme_has_the_three_settings_that_everybody_needs_and_leads_to_all():
    few = table(README, "variable")

    assert len(few.rows) == 3
    assert all(row[1:] == ROWS[bare(row[0])][1 : len(row)] for row in few.rows)
    assert "(docs/settings.md)" in read(README)
