"""An operator's hand on an event: held back, it is not collected; let go, it is again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from database.event_controls import EventControls, Pause
from providers import sync
from providers.errors import SettingsInvalid
from providers.records import LiveKey, ProviderEvent
from tests.integration.builders import FIELD, LATER, RUN, START, naive

KEY = LiveKey("chronotrack_live", 1, "5")


@pytest.fixture
def controls(database, run):
    """The event of `run`, as the database's owner's."""
    return EventControls(database, "ChronoTrack Live")


@pytest.fixture
def lake_run(run):
    """The key of another event, without races."""
    run.save_events(RUN, ProviderEvent(provider_event_id="6", name="Lake Run", start_time=START))
    return LiveKey("chronotrack_live", 1, "6")


def history(query):
    return query("SELECT sync_type, status, reason FROM sync_history WHERE event_id IS NOT NULL ORDER BY 1")


def test_a_paused_event_is_known_with_since_when_and_by_whom(controls, lake_run):
    controls.pause(controls.named([KEY]), LATER)

    [paused, other] = controls.named([KEY, lake_run])
    assert paused.pause == Pause(LATER, "postgres")
    assert other.pause is None


def test_to_pause_twice_keeps_the_first_and_to_resume_twice_is_no_fault(controls):
    for at in (LATER, LATER + timedelta(hours=1)):
        controls.pause(controls.named([KEY]), at)
    assert controls.named([KEY])[0].pause == Pause(LATER, "postgres")

    for _ in range(2):
        controls.resume(controls.named([KEY]), LATER)
    assert controls.named([KEY])[0].pause is None


def test_when_an_event_goes_on_is_noted_at_it_and_nothing_is_where_it_was_not_paused(controls, run):
    def changed():
        return [row["updated_at"] for row in run.query("SELECT updated_at FROM ct_events ORDER BY event_id")]

    before = changed()
    controls.resume(controls.named([KEY]), LATER)
    assert changed() == before
    controls.pause(controls.named([KEY]), LATER)

    controls.resume(controls.named([KEY]), LATER + timedelta(hours=1))

    assert sorted(set(changed()) - set(before)) == [(LATER + timedelta(hours=1)).replace(tzinfo=None)]


def test_the_due_instants_of_a_paused_event_pass_without_work_and_without_an_account(
    controls, run, provider, collect, clock
):
    controls.pause(controls.named([KEY]), LATER)
    provider.will_read(FIELD)
    [event] = run.store.live_events(run.partner, START)

    collected = collect()
    listed = sync.sync_participants(provider, run.store, clock, event, clock.now())

    assert (collected.status, listed.status) == ("skipped", "skipped")
    assert provider.unread == 1
    assert history(run.query) == []
    assert run.query("SELECT count(*) AS n FROM ct_results") == [{"n": 0}]


def test_a_resumed_event_is_collected_at_its_next_due_instant(controls, run, provider, collect):
    controls.pause(controls.named([KEY]), LATER)
    provider.will_read(FIELD)
    collect()

    controls.resume(controls.named([KEY]), LATER)

    assert (collect().status, provider.unread) == ("completed", 0)


def test_what_nobody_was_to_do_at_an_instant_is_done_for_a_paused_event_too(controls, run, provider, clock):
    """As `events collect` asks for it: there is no due instant that could pass."""
    controls.pause(controls.named([KEY]), LATER)
    provider.will_read(FIELD)
    [event] = controls.named([KEY])

    report = sync.collect_results(provider, run.store, clock, event.stored)

    assert (report.status, report.seen) == ("completed", len(FIELD))


def test_an_event_that_goes_takes_its_pause_with_it(controls, run, database):
    controls.pause(controls.named([KEY]), LATER)

    with database.transaction() as cursor:
        cursor.execute("DELETE FROM ct_events WHERE event_id = %s", (KEY.text,))

    assert run.query("SELECT * FROM ct_live_paused_events") == []


@pytest.mark.parametrize("key", [LiveKey("chronotrack_live", 1, "77"), LiveKey("sundial_timing", 1, "5")])
def test_an_event_that_the_hub_does_not_have_is_refused_with_the_others_untouched(controls, key):
    with pytest.raises(SettingsInvalid, match=rf"no ChronoTrack Live event {key.text}; nothing was done"):
        controls.pause(controls.named([KEY, key]), LATER)

    assert controls.named([KEY])[0].pause is None


def test_the_daemon_may_see_pauses_and_not_make_any(controls, daemon_database):
    the_daemons = EventControls(daemon_database, "ChronoTrack Live")
    controls.pause(controls.named([KEY]), LATER)

    assert the_daemons.named([KEY])[0].pause == Pause(LATER, "postgres")
    with pytest.raises(SettingsInvalid, match="permission denied for table ct_live_paused_events"):
        the_daemons.resume(the_daemons.named([KEY]), LATER)


# What is seen of events -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["run", "run_c"])
def test_an_event_is_seen_with_its_races_its_results_and_its_last_collection(shape, request):
    hub = request.getfixturevalue(shape)
    hub.save_results("5", *FIELD, at=LATER)
    hub.query("UPDATE ct_results SET result_status = 'removed' WHERE provider_result_id = '1'")

    [seen] = EventControls(hub.database, "ChronoTrack Live").events()

    [known] = hub.store.live_events(hub.partner, START)
    assert seen.stored == known
    assert seen.stored.race_starts == (START + timedelta(hours=1),)
    assert (seen.last_collection.at, seen.last_collection.status) == (LATER, "completed")
    assert seen.results == len(FIELD) - 1


@pytest.mark.parametrize(
    ("since", "expected"), [(None, 2), (START - timedelta(hours=1), 2), (START + timedelta(hours=2), 1)]
)
def test_events_are_left_out_whose_dates_lie_before_an_instant(controls, lake_run, since, expected):
    assert len(controls.events(since)) == expected


def test_an_event_that_stands_aside_for_tcp_is_seen_with_its_twin(controls, lake_run, run):
    run.query("INSERT INTO ct_events (event_id, timing_partner_id) VALUES ('61611', 1)")
    run.query("INSERT INTO ct_results (event_id) VALUES ('61611')")
    run.query("UPDATE ct_events SET duplicate_of = '61611' WHERE event_id = 'ctlive:1:5'")

    [twin, alone] = controls.named([KEY, lake_run])

    assert (twin.superseded_by, twin.stored.superseded) == ("61611", True)
    assert (alone.superseded_by, alone.stored.superseded) == (None, False)


def test_partners_are_seen_with_whether_they_are_refused(controls, run):
    [partner] = controls.partners()
    assert (partner.timing_partner_id, partner.refused) == (1, False)

    run.query(
        "INSERT INTO sync_history (provider_id, timing_partner_id, sync_type, error_category, sync_time)"
        " VALUES (1, 1, 'authentication', 'refused', %s)",
        naive(LATER),
    )

    assert [one.refused for one in controls.partners()] == [True]
