"""A server that cannot start says why, and leaves nothing behind."""

import pytest

from database.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.integration.embedded.processes import folder_of, is_running, only_as_root

pytestmark = pytest.mark.rehearsal


def test_an_address_before_the_start_is_refused(state):
    with pytest.raises(EmbeddedPostgresError, match=r"call start\(\) first"):
        EmbeddedPostgres(state).dsn("postgres")


def test_a_server_that_cannot_start_says_why_and_leaves_nothing_running(state):
    with EmbeddedPostgres(state):
        pass
    (folder_of(state) / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedPostgresError, match=r"not start: .* incompatible with server\. ") as caught:
        EmbeddedPostgres(state).start()
    assert "\n" not in str(caught.value)
    assert not is_running(state)


def test_a_state_folder_that_cannot_be_made_is_named(state):
    state.write_text("a file")
    with pytest.raises(EmbeddedPostgresError, match=f"{state}.*CHRONOTRACK_LIVE_STATE"):
        EmbeddedPostgres(state).start()


def test_a_socket_path_too_long_is_refused_with_the_way_out(state):
    with pytest.raises(EmbeddedPostgresError, match="set CHRONOTRACK_LIVE_STATE to a shorter one"):
        EmbeddedPostgres(state / ("long" * 25)).start()


def test_a_comma_in_the_path_is_refused_since_libpq_would_divide_it(state):
    with pytest.raises(EmbeddedPostgresError, match="set CHRONOTRACK_LIVE_STATE to a folder without one"):
        EmbeddedPostgres(state / "a,b").start()


@only_as_root
def test_a_state_folder_below_a_closed_one_is_refused_and_stays_as_it_is(state):
    state.mkdir(0o700)
    with pytest.raises(
        EmbeddedPostgresError, match=f"nobody, who may not enter {state}: set CHRONOTRACK_LIVE_STATE"
    ):
        EmbeddedPostgres(state / "below", "wheel").start()
    assert state.stat().st_mode & 0o7777 == 0o700
    assert not list(state.iterdir())
