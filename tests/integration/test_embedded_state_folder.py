"""Where the state folder is, and with what permissions it is made."""

import os
import pwd

import pytest

from database import state_folder as module
from database.state_folder import make_folder, state_folder
from providers.errors import SettingsInvalid
from tests.integration.embedded.processes import only_as_root

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
    # Whoever has it on this machine, if anybody has.
    monkeypatch.setattr(module, "_refuse_root_what_is_anothers", lambda _: None)
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


@only_as_root
@pytest.mark.parametrize(
    ("owner", "belongs_to", "command"),
    [
        (pwd.getpwnam("nobody").pw_uid, "belongs to nobody,", "sudo -u nobody env"),
        (54_321, "belongs to the user 54321,", "sudo -u '#54321' env"),
    ],
)
def test_root_is_refused_another_users_folder_with_the_command_that_works(
    tmp_path, owner, belongs_to, command
):
    state = tmp_path / "their state"
    state.mkdir(0o700)
    os.chown(state, owner, -1)

    with pytest.raises(SettingsInvalid) as refusal:
        state_folder({"CHRONOTRACK_LIVE_STATE": str(state)})

    assert f"{state} {belongs_to}" in str(refusal.value)
    assert f"({command} 'CHRONOTRACK_LIVE_STATE={state}' ...;" in str(refusal.value)


@only_as_root
def test_a_link_to_another_users_folder_is_refused_to_root_too(tmp_path):
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", pwd.getpwnam("nobody").pw_uid, -1)
    (tmp_path / "state").symlink_to("theirs")

    with pytest.raises(SettingsInvalid, match="belongs to nobody"):
        state_folder({"CHRONOTRACK_LIVE_STATE": str(tmp_path / "state")})
