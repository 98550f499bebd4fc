"""Two partners who see the same event: nothing done for one reads or writes a row of the other, or of TCP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.accounts import SyncReport
from providers.errors import DuplicateEvent, RowRejected
from providers.records import ProviderEvent
from tests.integration.builders import FIELD, LATER, RUN, START, athlete, entry

PAST = replace(RUN, provider_event_id="4", name="Harbour Run of Last Year")
BOX = ProviderEvent(provider_event_id="6", name="Harbour Box Run", start_time=START)
TABLES = (
    "timing_partners",
    "partner_provider_credentials",
    "sync_history",
    "ct_events",
    "ct_races",
    "ct_participants",
    "ct_results",
    "ct_live_rejected_rows",
)


def rejected(api_id, reason="no time"):
    return RowRejected(reason, kind="result", payload={"id": api_id}, api_id=api_id)


def add_tcp_event(hub, event_id, name="Harbour Box Run"):
    """TCP delivers an event with an athlete."""
    partner = hub.partner.timing_partner_id
    hub.query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
        " VALUES (%s, %s, %s, %s)",
        event_id,
        name,
        START.replace(tzinfo=None),
        partner,
    )
    hub.query(
        "INSERT INTO ct_participants (entry_id, event_id, timing_partner_id) VALUES (%s, %s, %s)",
        f"entry of {event_id}",
        event_id,
        partner,
    )
    hub.query("INSERT INTO ct_results (event_id, timing_partner_id) VALUES (%s, %s)", event_id, partner)


def fill(hub):
    """Have rows of each kind for a partner; the API's ids are the same for every partner."""
    hub.save_events(RUN)
    hub.save_participants("5", entry(1), entry(2))
    hub.save_results("5", *FIELD, rejected=[rejected("8"), rejected("9")])
    hub.save_past_event(PAST, [entry(401)], [athlete(401)])
    add_tcp_event(hub, f"61{hub.partner.timing_partner_id}")


@pytest.fixture
def first(open_hub, dsn):
    """Partner 1."""
    return open_hub(dsn)


@pytest.fixture
def eleventh(open_hub, dsn, first):
    """Partner 11, whose name is the same, and whose number begins with the other's."""
    first.query("SELECT setval('timing_partners_timing_partner_id_seq', 10)")
    return open_hub(dsn)


@pytest.fixture(params=[1, 11])
def partners(request, first, eleventh):
    """The partner for whom something is done, and the one for whom nothing is; both have such rows."""
    fill(first)
    fill(eleventh)
    assert (first.partner.timing_partner_id, eleventh.partner.timing_partner_id) == (1, 11)
    return (first, eleventh) if request.param == 1 else (eleventh, first)


def rows(hub, condition, *values):
    """Every row of every table that meets a condition, with its version and its place."""
    return {
        table: hub.query(
            "SELECT xmin::text, ctid::text, to_jsonb(t)::text AS row"
            f" FROM {table} AS t WHERE {condition} ORDER BY ctid",
            *values,
        )
        for table in TABLES
    }


def all_rows(hub):
    return rows(hub, "timing_partner_id = %s", hub.partner.timing_partner_id)


def tcp_rows(hub):
    return rows(hub, "to_jsonb(t) ->> 'data_source' = 'tcp_hardware'")


# What is written --------------------------------------------------------------------------------------


def discover(hub):
    hub.save_events(
        replace(RUN, name="Harbour Night Run", races=(replace(RUN.races[0], name="12 km"),)), at=LATER
    )


def discover_nothing(hub):
    hub.save_events(at=LATER)


def discover_a_duplicate(hub):
    assert hub.save_events(BOX, at=LATER).statistics["duplicates"]


def list_participants(hub):
    hub.save_participants("5", entry(1, bib="changed"), entry(3), at=LATER)


def poll(hub):
    hub.save_results("5", athlete(1, bib="changed"), *FIELD[1:], athlete(41), at=LATER)


def poll_what_is_unsure(hub):
    unsure = ("status", "gender_place", "division_place")
    hub.save_results("5", athlete(1, status="dq"), *FIELD[1:], unsure=unsure, at=LATER)


def poll_when_all_are_gone(hub):
    for _ in range(2):
        hub.save_results("5", at=LATER)


def poll_with_other_rejected_rows(hub):
    hub.save_results("5", *FIELD, athlete(8), rejected=[rejected("9", "no bib"), rejected("10")], at=LATER)


def import_again(hub):
    hub.save_past_event(PAST, [entry(401, bib="changed")], [athlete(402)], at=LATER)


def import_what_was_live(hub):
    hub.save_past_event(RUN, [entry(1, bib="changed")], [athlete(1, bib="changed")], at=LATER)


def import_a_duplicate(hub):
    with pytest.raises(DuplicateEvent) as reason:
        hub.save_past_event(BOX, at=LATER)
    hub.store.note(hub.partner, report(hub, "backfill", error=reason.value))


def note_a_failure(hub):
    hub.store.note(hub.partner, report(hub, "results"))


def meet_a_tcp_event(hub):
    add_tcp_event(hub, "5", RUN.name)
    hub.save_results("5", *FIELD, at=LATER)
    hub.query("DELETE FROM ct_events WHERE event_id = '5'")
    hub.save_events(RUN, at=LATER)


def report(hub, sync_type, **fields):
    return SyncReport(
        sync_type=sync_type,
        timing_partner_id=hub.partner.timing_partner_id,
        status="failed",
        started=LATER,
        **fields,
    )


@pytest.mark.parametrize(
    "operation",
    [
        discover,
        discover_nothing,
        discover_a_duplicate,
        list_participants,
        poll,
        poll_what_is_unsure,
        poll_when_all_are_gone,
        poll_with_other_rejected_rows,
        import_again,
        import_what_was_live,
        import_a_duplicate,
        note_a_failure,
        meet_a_tcp_event,
    ],
)
def test_what_is_written_for_one_partner_leaves_every_row_of_the_other_and_of_tcp(partners, operation):
    busy, resting = partners
    before = all_rows(busy), all_rows(resting), tcp_rows(busy)

    operation(busy)

    assert all_rows(busy) != before[0]
    assert all_rows(resting) == before[1]
    assert tcp_rows(busy) == before[2]


def test_results_that_only_one_partner_missed_before_are_not_removed_for_the_other(partners):
    busy, resting = partners
    resting.save_results("5", at=LATER)

    busy.save_results("5", at=LATER)

    assert removed(busy) == removed(resting) == []
    busy.save_results("5", at=LATER)
    assert len(removed(busy)) == len(FIELD)
    assert removed(resting) == []


def removed(hub):
    return hub.query(
        "SELECT 1 FROM ct_results WHERE result_status = 'removed' AND timing_partner_id = %s",
        hub.partner.timing_partner_id,
    )


# What is read -----------------------------------------------------------------------------------------


def test_what_is_read_for_one_partner_has_none_of_the_others_rows(partners):
    busy, resting = partners
    resting.save_events(replace(RUN, provider_event_id="7", name="Harbour Relay"))
    resting.save_past_event(replace(PAST, provider_event_id="3"))

    live = busy.store.live_events(busy.partner, START)

    assert {event.event_id for event in live} == {busy.key("4"), busy.key("5")}
    assert {event.timing_partner_id for event in live} == {busy.partner.timing_partner_id}
    assert busy.store.imported_events(busy.partner) == {"4"}
    partner = busy.partner.timing_partner_id
    assert busy.store.credentials("ChronoTrack Live", [partner]) == [busy.partner]


def test_a_poll_of_one_partner_is_not_taken_for_a_poll_of_the_other(first, eleventh):
    first.save_events(RUN)
    eleventh.save_events(RUN)

    first.save_results("5", *FIELD, at=LATER)
    first.save_participants("5", entry(1), at=LATER)

    [event] = eleventh.store.live_events(eleventh.partner, START)
    assert (event.last_collection, event.last_participant_sync) == (None, None)


def test_tcps_event_of_one_partner_is_no_duplicate_for_the_other(first, eleventh):
    add_tcp_event(first, "6")

    eleventh.store.refuse_duplicate(eleventh.partner, BOX)
    found = eleventh.save_events(BOX)

    assert "duplicates" not in found.statistics
    with pytest.raises(DuplicateEvent):
        first.store.refuse_duplicate(first.partner, BOX)


def test_the_partners_work_on_their_events_at_the_same_time(first, eleventh):
    with first.store.claim(first.partner, "5"), eleventh.store.claim(eleventh.partner, "5"):
        pass
    with first.store.claim(first.partner, "15"), eleventh.store.claim(eleventh.partner, "5"):
        pass
