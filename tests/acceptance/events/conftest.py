"""`chronotrack-live events` as the operator runs it, and an event that is there twice."""

from __future__ import annotations

import pytest

from providers.records import Credentials


@pytest.fixture
def operator(run, dsn):
    """Runs the command as the operator, who owns the database."""
    return lambda *arguments: run("events", *arguments, DATABASE_URL=dsn)


@pytest.fixture
def partner(add_partner) -> Credentials:
    """A partner whose event 5 TCP has too, as 61611."""
    return add_partner()


@pytest.fixture
def pair(partner, query) -> str:
    """The key of a live event whose TCP twin came later, with results."""
    add = "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id, data_source, "
    add += "provider_event_id, duplicate_of) VALUES (%s, 'Harbour Run', '2025-06-01 07:00', %s, %s, %s, %s)"
    query(add, "61611", partner.timing_partner_id, "tcp_hardware", None, None)
    query(add, partner.key("5"), partner.timing_partner_id, "chronotrack_live", "5", "61611")
    query("INSERT INTO ct_results (event_id, results_bib) VALUES ('61611', '12')")
    return partner.key("5")
