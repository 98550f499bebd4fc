"""Partners who come, change, leave or cannot work, as a scheduler learns of them from the hub."""

from __future__ import annotations

import pytest
from psycopg2.extras import Json
from structlog.testing import capture_logs

from schedulers.credentials_watch import CredentialsWatch
from schedulers.partner import Source
from schedulers.scheduler import ChronoTrackLiveScheduler
from schedulers.settings import SchedulerSettings

SET = "UPDATE partner_provider_credentials SET {} = %s WHERE timing_partner_id = %s"
REMOVE = "DELETE FROM partner_provider_credentials WHERE timing_partner_id = %s"


class Watched:
    """A scheduler that has not begun to work, and the watch that it reads its partners by."""

    def __init__(self, store, state, clock, only=None):
        self.watch = CredentialsWatch(Source(store, state, clock, only))
        self._work = store, clock, SchedulerSettings.from_env({})

    def start(self):
        """Begin with the partners of now; return what was logged."""
        with capture_logs() as logged:
            partners = self.watch.open()
        store, clock, settings = self._work
        self.scheduler = ChronoTrackLiveScheduler([], store, clock, settings)
        for partner in partners:
            self.scheduler.admit(partner)
        return said(logged)

    def read(self, **how):
        """Read the partners; return what was logged."""
        with capture_logs() as logged:
            self.watch.follow(self.scheduler, **how)
        return said(logged)

    def partners(self):
        return {partner.timing_partner_id: partner for partner in self.scheduler.roster}


def said(logged):
    return [(line["event"], line.get("partner")) for line in logged]


@pytest.fixture
def open_watched(store, tmp_path, clock):
    """A maker of schedulers whose partners are read."""
    opened = []

    def make(**how):
        opened.append(Watched(store, tmp_path, clock, **how))
        return opened[-1]

    yield make
    for watched in opened:
        watched.scheduler.roster.close()


@pytest.fixture
def watched(open_watched, add_partner):
    """A scheduler of two partners, Harbour and Lakeside."""
    for name in ("Harbour", "Lakeside"):
        add_partner(name)
    made = open_watched()
    assert made.start() == []
    return made


@pytest.fixture
def configure(query):
    """Writes a partner's additional_config."""
    return lambda partner, **config: query(SET.format("additional_config"), Json(config), partner)


def test_who_is_new_is_taken_in_who_has_changed_is_replaced_and_who_has_left_goes(
    watched, add_partner, query, configure
):
    add_partner("Mountain")
    watched.read()
    before = watched.partners()

    add_partner("Valley")
    configure(2, timeout=5)
    query(REMOVE, 3)
    logged = watched.read()

    now = watched.partners()
    assert logged == [("partner.removed", 3), ("partner.changed", 2), ("partner.added", 4)]
    assert now.keys() == {1, 2, 4}
    assert (now[1] is before[1], now[2] is before[2]) == (True, False)
    assert now[2].adapter.credentials.additional_config == {"timeout": 5}


def test_nothing_is_said_and_nobody_disturbed_while_nothing_changes(watched, query):
    before = watched.partners()

    # What says when the row was written, and nothing else.
    query("UPDATE partner_provider_credentials SET updated_at = now()")

    assert [watched.read(), watched.read(), watched.read(afresh=True)] == [[], [], []]
    assert watched.partners() == before


def test_a_row_that_is_written_in_two_steps_is_taken_over_twice(watched, query):
    query(SET.format("principal"), "new@login.test", 1)
    first = watched.read()
    query(SET.format("secret"), "new", 1)
    second = watched.read()

    assert first == second == [("partner.changed", 1)]
    assert watched.partners()[1].adapter.credentials.secret == "new"


def test_whoever_cannot_work_any_more_stops_alone_and_is_warned_of_once_until_something_changes(
    watched, configure
):
    configure(1, auth="magic")
    readings = [watched.read() for _ in range(3)]
    assert readings == [[("partner.invalid", 1)], [], []]
    assert watched.partners().keys() == {2}

    configure(1, auth="voodoo")
    assert [watched.read(), watched.read()] == [[("partner.invalid", 1)], []]
    assert watched.read(afresh=True) == [("partner.invalid", 1)]
    configure(1, auth="basic")
    assert [watched.read(), watched.read()] == [[("partner.added", 1)], []]
    assert watched.partners().keys() == {1, 2}


def test_whoever_could_not_work_at_the_start_is_not_warned_of_again(open_watched, add_partner):
    add_partner("Harbour")
    add_partner("Lakeside", auth="magic")
    watched = open_watched()

    assert watched.start() == [("partner.invalid", 2)]
    assert watched.read() == []
    assert watched.read(afresh=True) == [("partner.invalid", 2)]


def test_whoever_comes_back_and_still_cannot_work_is_warned_of_again(watched, configure, query):
    configure(1, auth="magic")
    watched.read()
    query("INSERT INTO providers (provider_id, name) VALUES (77, 'RunSignUp')")
    query(SET.format("provider_id"), 77, 1)
    assert watched.read() == []

    query(SET.format("provider_id"), 1, 1)

    assert watched.read() == [("partner.invalid", 1)]


def test_whoever_could_not_work_for_a_reason_outside_of_his_row_is_taken_in_when_that_is_gone(
    watched, add_partner, tmp_path
):
    add_partner("Mountain")
    in_the_way = tmp_path / "budget" / "chronotrack_live-partner-3.sqlite"
    in_the_way.mkdir()
    assert [watched.read(), watched.read()] == [[("partner.invalid", 3)], []]

    in_the_way.rmdir()

    assert watched.read() == [("partner.added", 3)]


def test_that_nobody_is_left_is_said_once_until_somebody_comes(watched, query, add_partner):
    query("DELETE FROM partner_provider_credentials")
    readings = [watched.read() for _ in range(3)]
    assert readings == [
        [("partners.none", None), ("partner.removed", 1), ("partner.removed", 2)],
        [],
        [],
    ]
    assert watched.read(afresh=True) == [("partners.none", None)]

    add_partner("New")
    assert watched.read() == [("partner.added", 3)]
    query("DELETE FROM partner_provider_credentials")
    assert watched.read() == [("partners.none", None), ("partner.removed", 3)]


def test_a_scheduler_of_some_partners_takes_in_no_others(open_watched, add_partner, configure, query):
    add_partner("Harbour")
    watched = open_watched(only=[1, 3])
    watched.start()

    add_partner("Lakeside")
    assert watched.read() == []
    add_partner("Mountain")
    configure(2, timeout=5)
    assert watched.read() == [("partner.added", 3)]
    query(REMOVE, 1)
    query(REMOVE, 3)
    assert watched.read() == [("partners.none", None), ("partner.removed", 1), ("partner.removed", 3)]


def test_credentials_that_may_not_be_read_are_warned_of_once_and_everybody_goes_on(watched, query):
    before = watched.partners()
    query("REVOKE SELECT ON partner_provider_credentials FROM chronotrack_live")
    assert [watched.read(), watched.read()] == [[("credentials.not_read", None)], []]
    assert watched.read(afresh=True) == [("credentials.not_read", None)]

    query("GRANT SELECT ON partner_provider_credentials TO chronotrack_live")

    assert watched.read() == []
    assert watched.partners() == before
