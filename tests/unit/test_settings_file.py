"""The file that settings are read from, at the start and again while the daemon runs."""

from __future__ import annotations

import pytest

from providers.errors import SettingsInvalid
from schedulers.settings import SchedulerSettings
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
        "\ufeff# A comment\r\n\r\n; Another\nDATABASE_URL=postgresql://hub:p #${HOME}$1@db/hub\r\n"
        "QUOTED=\"two words\"\nSINGLE='${HOME}\\t'\nNOTHING=\nBLANKS= \t a b\t \n"
        'ESCAPED="a\\"b\\\\c\\$d\\`e"\nCOUNTED=30 # fast\nTWICE=1\nTWICE=2',
        encoding="utf-8",
        newline="",
    )

    assert SettingsFile(file, {}).read() == {
        "DATABASE_URL": "postgresql://hub:p #${HOME}$1@db/hub",
        "QUOTED": "two words",
        "SINGLE": "${HOME}\\t",
        "NOTHING": "",
        "BLANKS": "a b",
        "ESCAPED": 'a"b\\c$d`e',
        "COUNTED": "30 # fast",
        "TWICE": "2",
    }


def test_an_empty_value_is_the_default_whatever_the_environment_says(file):
    file.write_text(f"{INTERVAL}=\n")
    environ = SettingsFile(file, {INTERVAL: "60"}).read()

    assert SchedulerSettings.from_env(environ).values[INTERVAL] == 90


def test_names_like_ours_that_mean_nothing_are_noticed_and_those_of_others_are_not(file):
    file.write_text(
        "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL=30\nCHRONOTRACK_LIVE_STATE=/tmp\nPGHOST=db\nchronotrack=1\n"
        "chronotrack_live_state=/tmp\nCHRONOTRACKLIVE_STATE=/tmp\n"
    )
    settings = SettingsFile(file, {})

    settings.read()

    assert settings.unknown == [
        "CHRONOTRACKLIVE_STATE",
        "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL",
        "chronotrack_live_state",
    ]


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("NAME", "write NAME=value"),
        ("NAME: geheim", "write NAME=value"),
        ("NAME =geheim", "write NAME=value"),
        ("export NAME=geheim", "without `export`"),
        ("=geheim", "write NAME=value"),
        ("1NAME=geheim", "write NAME=value"),
        ("'a=b'=geheim", "write NAME=value"),
        ('NAME="geheim', "double quotes"),
        ("NAME='geheim", "double quotes"),
        ('NAME=geheim"', "double quotes"),
        ('NAME="geheim" # fast', "double quotes"),
        ("NAME='it''s geheim'", "double quotes"),
        ("NAME=geheim\\x", "double quotes"),
        ('NAME="geheim\\ty"', "double quotes"),
        ("NAME=geheim\\", "backslash"),
        ("# geheim\\", "backslash"),
        ("NAME='geheim\0'", "control character"),
    ],
)
def test_what_systemd_could_take_in_another_way_is_refused_by_its_line_and_not_quoted(file, line, instead):
    file.write_text(f"# Settings\n\n{line}\n{INTERVAL}=30\n")

    with pytest.raises(SettingsInvalid) as refusal:
        SettingsFile(file, {}).read()

    assert str(refusal.value).startswith(f"Line 3 of {file} ")
    assert instead in str(refusal.value)
    assert "geheim" not in str(refusal.value)
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("content", [None, b"DATABASE_URL=geheim\xff\n"])
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(file, content):
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsInvalid, match=str(file)) as refusal:
        SettingsFile(file, {}).read()

    assert "geheim" not in str(refusal.value)
    assert refusal.value.__cause__ is None
