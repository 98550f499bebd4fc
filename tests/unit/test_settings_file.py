"""The file that settings are read from, at the start and again while the daemon runs."""

from __future__ import annotations

import pytest

from providers.errors import SettingsInvalid
from schedulers.settings_file import SettingsFile

INTERVAL, DELAY = "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS", "CHRONOTRACK_LIVE_INITIAL_DELAY_MINUTES"


@pytest.fixture
def file(tmp_path):
    """Where the settings are."""
    return tmp_path / "environment"


def test_without_a_file_the_environment_alone_counts():
    settings = SettingsFile(None, {INTERVAL: "60"})

    assert settings.read() == {INTERVAL: "60"}
    assert settings.unknown == []


def test_what_the_file_says_goes_before_the_environment_each_time_it_is_read(file):
    settings = SettingsFile(file, {INTERVAL: "60", DELAY: "3"})
    file.write_text(f"{INTERVAL}=30\n")
    assert settings.read() == {INTERVAL: "30", DELAY: "3"}

    file.write_text(f"{INTERVAL}=45\n")

    assert settings.read() == {INTERVAL: "45", DELAY: "3"}


def test_a_line_that_is_taken_out_ends_though_systemd_put_it_into_the_environment(file):
    settings = SettingsFile(file, {INTERVAL: "60"})
    file.write_text(f"{INTERVAL}=60\n")
    settings.read()

    file.write_text("")

    assert settings.read() == {}


def test_lines_are_read_as_systemd_reads_them(file):
    file.write_text(
        "# A comment\n\nDATABASE_URL=postgresql://hub:p#${HOME}$1@db/hub\n"
        "QUOTED=\"two words\"\nSINGLE='${HOME}'\nNOTHING=\n"
    )

    assert SettingsFile(file, {}).read() == {
        "DATABASE_URL": "postgresql://hub:p#${HOME}$1@db/hub",
        "QUOTED": "two words",
        "SINGLE": "${HOME}",
        "NOTHING": "",
    }


def test_names_like_ours_that_mean_nothing_are_noticed_and_those_of_others_are_not(file):
    file.write_text(
        "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL=30\nCHRONOTRACK_LIVE_STATE=/tmp\nPGHOST=db\nchronotrack=1\n"
    )
    settings = SettingsFile(file, {})

    settings.read()

    assert settings.unknown == ["CHRONOTRACK_LIVE_INTENSIVE_INTERVAL"]


@pytest.mark.parametrize("content", [b"CHRONOTRACK_LIVE_STATE\n", b"CHRONOTRACK_LIVE_STATE='a\0b'\n"])
def test_a_name_without_a_value_is_refused(file, content):
    file.write_bytes(content)

    with pytest.raises(SettingsInvalid, match="'CHRONOTRACK_LIVE_STATE' without a value"):
        SettingsFile(file, {}).read()


@pytest.mark.parametrize("content", [None, b"DATABASE_URL=geheim\xff\n"])
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(file, content):
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsInvalid, match=str(file)) as refusal:
        SettingsFile(file, {}).read()

    assert "geheim" not in str(refusal.value)
    assert refusal.value.__cause__ is None
