"""What two providers write of one event, and what the hub then has of it."""

from __future__ import annotations

from dataclasses import replace

from tests.integration.builders import FIELD, RUN, START, entry, naive

TABLES = ("ct_events", "ct_participants", "ct_results")


def save_all(hub, bib, **options):
    """The same ids for either provider: event 5, its race 77, entry 1 and forty results."""
    hub.save_events(replace(RUN, name=f"Run of {bib}"), **options)
    hub.save_participants("5", entry(1, bib=bib), **options)
    hub.save_results("5", *(result._replace(bib=bib) for result in FIELD), **options)


def rows_of(hub):
    """Every row of a provider, with the transaction and place of its last writing."""
    tables = [
        hub.query(
            f"SELECT xmin::text, ctid::text, to_jsonb(t) AS row FROM {table} AS t"
            " WHERE data_source = %s ORDER BY ctid",
            hub.partner.data_source,
        )
        for table in (*TABLES, "ct_live_rejected_rows")
    ]
    races = "SELECT xmin::text, ctid::text, to_jsonb(t) AS row FROM ct_races AS t WHERE event_id = %s"
    return [*tables, hub.query(races, hub.key("5"))]


def statuses(hub):
    return {
        row["provider_result_id"]: row["result_status"]
        for row in hub.query(
            "SELECT provider_result_id, result_status FROM ct_results WHERE data_source = %s",
            hub.partner.data_source,
        )
    }


def add_tcp_event(hub, event_id="61611", name=RUN.name, results=0):
    partner = hub.partner.timing_partner_id
    hub.query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
        " VALUES (%s, %s, %s, %s)",
        *(event_id, name, naive(START), partner),
    )
    hub.query(
        "INSERT INTO ct_results (event_id, results_bib, timing_partner_id)"
        " SELECT %s, 'tcp', %s FROM generate_series(1, %s)",
        *(event_id, partner, results),
    )


def marks(hub):
    """Which live events are marked as duplicates of which."""
    rows = hub.query("SELECT event_id, duplicate_of FROM ct_events WHERE data_source <> 'tcp_hardware'")
    return {row["event_id"]: row["duplicate_of"] for row in rows}
