"""Discovery, and the test of the credentials before it: once an interval, whichever daemon makes it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from database.store import Store
from providers.clock import Clock
from providers.errors import ApiUnreachable, CredentialsRefused
from tests.acceptance.conftest import wait_until
from tests.integration.running_scheduler import Schedulers

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def schedulers(hub, daemon_dsn, tmp_path):
    with Schedulers(daemon_dsn, tmp_path / "budget") as schedulers:
        yield schedulers


def at_speed(speed):
    now = datetime.now(UTC)
    return Clock.running(now, (now, speed))


def begun(hub, *kinds, status="completed"):
    """When the operations of these kinds began, in order."""
    rows = hub.query(
        "SELECT sync_time FROM sync_history WHERE sync_type = ANY (%s) AND status = %s ORDER BY 1",
        list(kinds),
        status,
    )
    return [row["sync_time"].replace(tzinfo=UTC) for row in rows]


def next_discovery(scheduler):
    """The real instant of the next discovery, None while it is being made."""
    return scheduler.lanes.waiting().get("discovery 1")


def wait_for_plan(scheduler, after):
    """Wait until the next discovery is planned for later than so long from now; return when."""
    return wait_until(lambda: (at := next_discovery(scheduler)) and at > datetime.now(UTC) + after and at)


def test_two_daemons_that_are_started_together_make_one_test_and_one_discovery(hub, schedulers, clock):
    started = [schedulers.start(hub.partner, clock)[0] for _ in range(2)]

    planned = [wait_for_plan(scheduler, 5 * HOUR) for scheduler in started]

    [discovered] = begun(hub, "events")
    assert len(begun(hub, "authentication")) == 1
    # Whoever comes first makes the next one, so both look when it is due.
    assert planned == [discovered + 6 * HOUR] * 2


def test_a_daemon_that_is_started_later_makes_a_discovery_of_its_own_at_once(hub, schedulers):
    clock = at_speed(600.0)
    one, _ = schedulers.start(hub.partner, clock)
    wait_until(lambda: next_discovery(one) and begun(hub, "events"))
    first = begun(hub, "events")[0]
    wait_until(lambda: clock.now() > first + MINUTE)

    schedulers.start(hub.partner, clock)

    wait_until(lambda: len(begun(hub, "events")) == len(begun(hub, "authentication")) == 2)


def test_while_the_discovery_of_another_daemon_is_under_way_none_is_made(hub, schedulers, clock):
    _, slow = schedulers.start(hub.partner, clock, prepare=lambda provider: provider.go_on.clear())
    assert slow.discovering.wait(60)

    other, idle = schedulers.start(hub.partner, clock)

    soon = wait_for_plan(other, timedelta(0))
    assert soon < datetime.now(UTC) + 11 * timedelta(seconds=1)
    assert (idle.tests, idle.discoveries) == (0, 0)


def test_each_interval_has_one_discovery_and_goes_on_when_one_daemon_is_gone(hub, schedulers):
    clock, every = at_speed(60.0), timedelta(hours=0.02)
    settings = {"CHRONOTRACK_LIVE_DISCOVERY_INTERVAL_HOURS": "0.02"}
    one, other = (schedulers.start(hub.partner, clock, **settings)[0] for _ in range(2))
    wait_until(lambda: len(begun(hub, "events")) >= 3)

    schedulers.stop(one)
    before = len(begun(hub, "events"))
    wait_until(lambda: len(begun(hub, "events")) >= before + 2)
    schedulers.stop(other)

    made = begun(hub, "events")
    assert all(later - sooner >= every - timedelta(seconds=1) for sooner, later in pairwise(made))
    assert len(begun(hub, "authentication")) - len(made) in (0, 1)


def test_a_discovery_that_failed_is_made_again_after_5_minutes_by_one_of_them(hub, schedulers):
    clock = at_speed(600.0)
    started = [schedulers.start(hub.partner, clock) for _ in range(2)]
    wait_until(lambda: begun(hub, "events"))
    for scheduler, _ in started:
        schedulers.admit(scheduler, hub.partner, clock, ApiUnreachable("no answer"))

    wait_until(lambda: len(begun(hub, "authentication", status="failed")) >= 5)

    tried = begun(hub, "authentication", status="failed")
    # Both were told to try; from then on they take turns.
    assert all(later - sooner >= 5 * MINUTE - timedelta(seconds=10) for sooner, later in pairwise(tried[1:]))


def test_refused_credentials_are_tested_by_one_daemon_and_both_go_on_when_they_are_accepted(
    hub, schedulers, capsys
):
    clock = at_speed(600.0)
    started = [schedulers.start(hub.partner, clock) for _ in range(2)]
    wait_until(lambda: begun(hub, "events"))
    refused = CredentialsRefused("who are you?")
    providers = [schedulers.admit(scheduler, hub.partner, clock, refused) for scheduler, _ in started]
    partners = [next(iter(scheduler.roster)) for scheduler, _ in started]
    wait_until(lambda: all(partner.refused for partner in partners))
    before = sum(provider.tests for provider in providers)
    settled = clock.now()

    wait_until(lambda: clock.now() > settled + 31 * MINUTE)
    tests = sum(provider.tests for provider in providers) - before
    for provider in providers:
        provider.error = None
    accepted = len(begun(hub, "authentication"))
    wait_until(lambda: not any(partner.refused for partner in partners))

    assert 4 <= tests <= 8
    assert len(begun(hub, "authentication")) == accepted + 1
    assert capsys.readouterr().out.count("partner.accepted_again") == 2


def test_who_was_refused_with_credentials_of_his_own_keeps_nobody_else_from_a_discovery(hub, schedulers):
    clock, settings = at_speed(600.0), {"CHRONOTRACK_LIVE_DISCOVERY_INTERVAL_HOURS": "0.2"}
    _, good = schedulers.start(hub.partner, clock, **settings)
    wait_until(lambda: begun(hub, "events"))
    scheduler, _ = schedulers.start(hub.partner, clock, **settings)
    outdated = schedulers.admit(scheduler, hub.partner, clock, CredentialsRefused("who are you?"))
    wait_until(lambda: outdated.tests >= 4)

    discoveries = good.discoveries
    wait_until(lambda: good.discoveries >= discoveries + 2)


# Other credentials ---------------------------------------------------------------------------------------


def test_other_credentials_are_tested_at_once_though_a_discovery_has_just_been_made(hub, schedulers, clock):
    scheduler, _ = schedulers.start(hub.partner, clock)
    wait_for_plan(scheduler, 5 * HOUR)

    provider = schedulers.admit(scheduler, hub.partner, clock)

    wait_until(lambda: provider.discoveries == 1)
    assert provider.tests == 1


def test_other_credentials_are_tested_as_soon_as_no_other_process_has_the_discovery(
    hub, schedulers, clock, daemon_database
):
    scheduler, _ = schedulers.start(hub.partner, clock)
    wait_for_plan(scheduler, 5 * HOUR)
    with closing(Store(daemon_database)) as other, other.claim_discovery(hub.partner):
        provider = schedulers.admit(scheduler, hub.partner, clock)
        wait_until(
            lambda: (at := next_discovery(scheduler)) and timedelta(0) < at - datetime.now(UTC) < MINUTE
        )
        assert provider.tests == 0

    wait_until(lambda: provider.discoveries == 1)
    assert provider.tests == 1


def test_other_credentials_are_tested_when_a_first_look_at_the_account_failed(
    hub, schedulers, daemon_dsn, capsys
):
    clock = at_speed(600.0)
    scheduler, _ = schedulers.start(hub.partner, clock, CHRONOTRACK_LIVE_DISCOVERY_INTERVAL_HOURS="168")
    wait_for_plan(scheduler, MINUTE)
    hub.query("ALTER TABLE sync_history RENAME TO away")
    provider = schedulers.admit(scheduler, hub.partner, clock)
    said = ""

    def not_begun():
        nonlocal said
        said += capsys.readouterr().out
        return "discovery.not_begun" in said

    wait_until(not_begun)
    hub.query("ALTER TABLE away RENAME TO sync_history")

    wait_until(lambda: provider.discoveries == 1)


def test_other_credentials_that_could_not_be_tested_are_tried_every_5_minutes_until_they_are(hub, schedulers):
    clock = at_speed(600.0)
    scheduler, _ = schedulers.start(hub.partner, clock, CHRONOTRACK_LIVE_DISCOVERY_INTERVAL_HOURS="168")
    wait_for_plan(scheduler, MINUTE)

    provider = schedulers.admit(scheduler, hub.partner, clock, ApiUnreachable("no answer"))
    wait_until(lambda: len(begun(hub, "authentication", status="failed")) >= 3)
    provider.error = None

    wait_until(lambda: provider.discoveries == 1)
