"""Which database the environment names."""

from __future__ import annotations

import pytest

from database.settings import DatabaseSettings
from providers.errors import SettingsInvalid


def test_database_url_names_the_database():
    settings = DatabaseSettings.from_env({"DATABASE_URL": "postgresql://hub/db", "PGHOST": "elsewhere"})

    assert settings.dsn == "postgresql://hub/db"


@pytest.mark.parametrize("name", ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"])
def test_libpq_reads_its_own_variables_when_one_of_them_is_set(name):
    assert DatabaseSettings.from_env({name: "something"}).dsn == ""


@pytest.mark.parametrize(
    "environ", [{}, {"DATABASE_URL": "", "PGHOST": ""}, {"PGPASSWORD": "x"}, {"PGOPTIONS": "-c a.b=1"}]
)
def test_an_environment_that_names_no_server_means_a_private_one(environ):
    assert DatabaseSettings.from_env(environ).dsn is None


def test_a_credential_that_systemd_loaded_names_the_database(tmp_path):
    (tmp_path / "database_url").write_text("postgresql://hub/loaded\n", encoding="utf-8")

    settings = DatabaseSettings.from_env({"CREDENTIALS_DIRECTORY": str(tmp_path), "PGHOST": "elsewhere"})

    assert settings.dsn == "postgresql://hub/loaded"


def test_what_database_url_says_comes_before_what_systemd_loaded(tmp_path):
    (tmp_path / "database_url").write_text("postgresql://hub/loaded\n", encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "DATABASE_URL": "postgresql://hub/db"}

    assert DatabaseSettings.from_env(environ).dsn == "postgresql://hub/db"


@pytest.mark.parametrize("folder", ["", ".", "missing"])
def test_a_unit_that_loads_no_such_credential_leaves_it_to_libpq(tmp_path, folder):
    loaded = folder and str(tmp_path / folder)

    assert DatabaseSettings.from_env({"CREDENTIALS_DIRECTORY": loaded, "PGHOST": "hub"}).dsn == ""


@pytest.mark.parametrize("content", [b"", b" \n", b"postgresql://u:geheim@hub/\xff"])
def test_a_credential_that_cannot_be_one_is_refused_without_its_words(tmp_path, content):
    (tmp_path / "database_url").write_bytes(content)

    with pytest.raises(SettingsInvalid, match="database_url") as refused:
        DatabaseSettings.from_env({"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert "geheim" not in str(refused.value)


def test_the_private_servers_programs_are_a_choice():
    assert DatabaseSettings.from_env({}).postgres_source == "auto"
    assert DatabaseSettings.from_env({"CHRONOTRACK_LIVE_POSTGRES": ""}).postgres_source == "auto"
    assert DatabaseSettings.from_env({"CHRONOTRACK_LIVE_POSTGRES": "wheel"}).postgres_source == "wheel"


def test_the_repr_shows_no_connection_string():
    assert "geheim" not in repr(DatabaseSettings.from_env({"DATABASE_URL": "postgresql://u:geheim@hub/db"}))
