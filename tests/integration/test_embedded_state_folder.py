"""Where the state folder is, and with what permissions it is made."""

import os

import pytest

from database import state_folder as module
from database.state_folder import make_folder, state_folder
from providers.errors import SettingsInvalid

MODE = 0o711 if os.geteuid() == 0 else 0o700


@pytest.fixture
def umask():
    yield (before := os.umask(0o077))
    os.umask(before)


def test_the_setting_decides_and_the_folder_is_made(tmp_path, umask):
    chosen = tmp_path / "deep" / "state"
    assert state_folder({"CHRONOTRACK_LIVE_STATE": str(chosen), "XDG_STATE_HOME": "/elsewhere"}) == chosen
    assert chosen.stat().st_mode & 0o777 == MODE
    assert chosen.parent.stat().st_mode & 0o777 == MODE


def test_a_relative_setting_becomes_an_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert state_folder({"CHRONOTRACK_LIVE_STATE": "state"}) == tmp_path / "state"


def test_an_ordinary_users_folder_is_in_their_state_home(tmp_path, monkeypatch):
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000)
    environ = {"CHRONOTRACK_LIVE_STATE": "", "XDG_STATE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    assert state_folder(environ) == tmp_path / "xdg" / "chronotrack-live"
    del environ["XDG_STATE_HOME"]
    assert state_folder(environ) == tmp_path / ".local" / "state" / "chronotrack-live"
    assert (tmp_path / "xdg" / "chronotrack-live").stat().st_mode & 0o777 == 0o700


def test_roots_folder_is_in_var_lib(monkeypatch):
    monkeypatch.setattr(module.os, "geteuid", lambda: 0)
    made = []
    monkeypatch.setattr(module, "make_folder", made.append)
    monkeypatch.setattr(module.os, "access", lambda *_: True)
    assert str(state_folder({"HOME": "/root"})) == "/var/lib/chronotrack-live"
    assert made


def test_a_folder_that_exists_keeps_its_permissions(tmp_path):
    tmp_path.chmod(0o755)
    make_folder(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_file_in_its_place_is_an_error_that_names_the_setting(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsInvalid, match="CHRONOTRACK_LIVE_STATE"):
        state_folder({"CHRONOTRACK_LIVE_STATE": str(tmp_path / "file")})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_an_error_that_names_the_setting(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SettingsInvalid, match="CHRONOTRACK_LIVE_STATE"):
        state_folder({"CHRONOTRACK_LIVE_STATE": str(tmp_path)})
