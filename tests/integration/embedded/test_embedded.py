"""The embedded PostgreSQL starts, answers, keeps what was written, and stops."""

import pytest

from database.embedded import EmbeddedPostgres, EmbeddedPostgresError
from database.postgres_binaries import PostgresSource, find_binaries
from tests.integration.embedded.processes import is_running, postmaster, query


@pytest.mark.parametrize("source", ["system", "wheel"])
def test_a_server_of_either_source_starts_and_answers(state, source):
    try:
        binaries = find_binaries(PostgresSource.of(source), state)
    except EmbeddedPostgresError as error:
        pytest.skip(str(error))
    with EmbeddedPostgres(state, source) as server:
        assert query(server, "SHOW server_version").startswith(f"{binaries.major}.")
        assert query(server, "SHOW server_encoding") == "UTF8"
        assert query(server, "SHOW listen_addresses") == ""
        assert query(server, "SELECT current_user") == "postgres"


def test_what_was_written_is_there_after_the_next_start(state):
    with EmbeddedPostgres(state) as server:
        assert (
            query(server, "CREATE TABLE kept AS SELECT 42 AS answer; COMMIT; SELECT answer FROM kept") == 42
        )
    with EmbeddedPostgres(state) as server:
        assert query(server, "SELECT answer FROM kept") == 42


def test_the_server_has_stopped_when_its_only_user_has_closed_it(state):
    with EmbeddedPostgres(state):
        assert is_running(state)
    assert not is_running(state)


def test_start_and_close_may_be_called_twice(state):
    server = EmbeddedPostgres(state)
    server.start()
    first = postmaster(state)
    server.start()
    assert postmaster(state) == first
    server.close()
    server.close()


def test_a_folder_may_have_blanks_and_quotes_in_its_name(state):
    with EmbeddedPostgres(state.with_name("""a "b' c\\d""")) as server:
        assert query(server, "SELECT 1") == 1
