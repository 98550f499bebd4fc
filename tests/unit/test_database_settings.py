"""Which database the environment names."""

from __future__ import annotations

import pytest

from database.settings import DatabaseSettings


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


def test_the_private_servers_programs_are_a_choice():
    assert DatabaseSettings.from_env({}).postgres_source == "auto"
    assert DatabaseSettings.from_env({"CHRONOTRACK_LIVE_POSTGRES": ""}).postgres_source == "auto"
    assert DatabaseSettings.from_env({"CHRONOTRACK_LIVE_POSTGRES": "wheel"}).postgres_source == "wheel"


def test_the_repr_shows_no_connection_string():
    assert "geheim" not in repr(DatabaseSettings.from_env({"DATABASE_URL": "postgresql://u:geheim@hub/db"}))
