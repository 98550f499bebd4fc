"""Finding PostgreSQL's programs: the system's, the wheel's, and the wheel's where only root may go."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from database import postgres_binaries as module
from database.embedded import EmbeddedPostgres
from database.postgres_binaries import EmbeddedPostgresError, PostgresSource, as_server_user, find_binaries

only_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server belongs to somebody else")


@pytest.fixture
def passable():
    """A folder that everyone may pass through, unlike pytest's own for root."""
    base = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    base.chmod(0o711)
    yield base
    shutil.rmtree(base)


@pytest.fixture
def wheel():
    spec = importlib.util.find_spec(module.WHEEL)
    if not spec:
        pytest.skip("the wheel with PostgreSQL's programs is not installed")
    return Path(spec.submodule_search_locations[0])


@pytest.mark.parametrize(("setting", "source"), [("", "auto"), ("auto", "auto"), (" Wheel ", "wheel")])
def test_the_setting_is_one_of_three_words(setting, source):
    assert PostgresSource.of(setting) is PostgresSource(source)


def test_another_word_is_refused_with_the_words_to_choose_from():
    with pytest.raises(
        EmbeddedPostgresError, match="CHRONOTRACK_LIVE_POSTGRES is 'docker': set it to auto, system"
    ):
        PostgresSource.of("docker")


@pytest.mark.parametrize("source", PostgresSource)
def test_where_there_are_no_programs_the_error_says_how_to_get_them(source, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_system_folders", lambda: iter([tmp_path]))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedPostgresError, match=r"apt install postgresql|pip install .*\[embedded\]"):
        find_binaries(source, tmp_path)


def test_auto_takes_the_wheel_where_the_system_has_none(wheel, passable, monkeypatch):
    monkeypatch.setattr(module, "_system_folders", lambda: iter(()))
    assert find_binaries(PostgresSource.AUTO, passable).folder.parent.name.startswith("pginstall")


def test_the_newest_of_the_wheel_is_taken(wheel, passable):
    newest = max(wheel.glob("pginstall*"), key=lambda folder: int(folder.name[len("pginstall") :] or 0))
    assert find_binaries(PostgresSource.WHEEL, passable).folder.parent.name == newest.name


def test_programs_on_the_path_are_found(passable, monkeypatch):
    programs = passable / "bin"
    programs.mkdir()
    for name in ("initdb", "postgres"):
        (programs / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 21.3 (House 21.3-1)'\n")
        (programs / name).chmod(0o755)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr(module.shutil, "which", lambda name: None if name == "pg_config" else programs / name)
    binaries = find_binaries(PostgresSource.SYSTEM, passable)
    assert (binaries.folder, binaries.major) == (programs, 21)


@only_as_root
def test_a_wheel_below_a_closed_folder_is_copied_once_and_serves(wheel, passable, monkeypatch):
    closed = passable / "home"
    closed.mkdir(0o700)
    for part in (wheel.name, f"{wheel.name}.libs"):
        (closed / part).symlink_to(wheel.with_name(part))
    monkeypatch.syspath_prepend(closed)
    state = passable / "state"
    with EmbeddedPostgres(state, "wheel"):
        folder = find_binaries(PostgresSource.WHEEL, state).folder
        assert folder.is_relative_to(state)
        subprocess.run([folder / "initdb", "--version"], check=True, capture_output=True, **as_server_user())
    copied = folder.stat().st_ctime_ns
    assert find_binaries(PostgresSource.WHEEL, state).folder.stat().st_ctime_ns == copied
    assert closed.stat().st_mode & 0o777 == 0o700


@only_as_root
def test_a_copy_that_was_never_finished_is_made_anew(wheel, passable):
    installation = module._wheel_installations()[0]
    target = module._copied(installation, passable)
    (whole,) = (passable / "postgres" / "binaries").glob("*pginstall*")
    whole.rename(whole.with_name(f"{whole.name}.new"))
    (whole.with_name(f"{whole.name}.new") / "rest").touch()
    assert module._copied(installation, passable) == target
    assert not (whole / "rest").exists()
    assert [path.name for path in whole.parent.glob("*pginstall*")] == [whole.name]
