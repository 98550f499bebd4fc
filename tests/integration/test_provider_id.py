"""The provider's id: free for others, chosen by the operator, and kept."""

from __future__ import annotations

from database import migrate
from tests.integration.catalogs import apply


def test_another_provider_id_can_be_chosen_in_psql(make_dsn, open_query, psql):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO providers (name) VALUES ('RunSignUp')")

    answer = psql(dsn, migrate.EXTENSION, PGOPTIONS="-c chronotrack_live.provider_id=14")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert query("SELECT provider_id FROM providers WHERE name = 'ChronoTrack Live'") == [{"provider_id": 14}]
    # The next provider of the host gets an id that is free.
    assert query("INSERT INTO providers (name) VALUES ('Haku') RETURNING provider_id")[0]["provider_id"] == 15


def test_another_provider_id_can_be_chosen_for_our_runner(make_dsn, open_query, monkeypatch):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO providers (name) VALUES ('RunSignUp')")

    monkeypatch.setenv("PGOPTIONS", "-c chronotrack_live.provider_id=14")
    apply(dsn)

    assert query("SELECT provider_id FROM providers WHERE name = 'ChronoTrack Live'") == [{"provider_id": 14}]


def test_the_provider_keeps_its_id_when_the_setting_is_forgotten_later(make_dsn, open_query, monkeypatch):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO providers (name) VALUES ('RunSignUp')")
    with monkeypatch.context() as context:
        context.setenv("PGOPTIONS", "-c chronotrack_live.provider_id=14")
        apply(dsn)

    apply(dsn)

    assert query("SELECT provider_id, name FROM providers ORDER BY 1") == [
        {"provider_id": 1, "name": "RunSignUp"},
        {"provider_id": 14, "name": "ChronoTrack Live"},
    ]


def test_a_host_provider_that_comes_later_gets_an_id_of_its_own(query):
    assert (
        query("INSERT INTO providers (name) VALUES ('RunSignUp') RETURNING provider_id")[0]["provider_id"] > 1
    )
