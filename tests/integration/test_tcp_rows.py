"""The host's own writers go on as before, and their rows are known as theirs."""

from __future__ import annotations

import pytest

from database import migrate
from tests.integration.catalogs import START, apply


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_tcp_writers_go_on_as_before_and_their_rows_say_so(request, open_query, shape):
    query = open_query(request.getfixturevalue(shape))

    query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time) VALUES ('61611', 'Relay', %s)", START
    )
    query("INSERT INTO ct_participants (entry_id, event_id, entry_bib) VALUES ('1', '61611', '7')")
    query("INSERT INTO ct_results (event_id, results_bib, results_time) VALUES ('61611', '7', '00:45:00')")

    for table in ("ct_events", "ct_participants", "ct_results"):
        assert query(f"SELECT data_source, provider_event_id FROM {table}") == [
            {"data_source": "tcp_hardware", "provider_event_id": None}
        ]
    assert query("SELECT source_provider, bib_number, data_source FROM unified_results") == [
        {"source_provider": "ChronoTrack", "bib_number": "7", "data_source": "tcp_hardware"}
    ]


def test_rows_from_before_the_extension_are_tcp_rows(make_dsn, open_query):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO ct_events (event_id, event_start_time) VALUES ('61611', %s)", START)

    apply(dsn)

    assert query("SELECT data_source, start_date FROM ct_events") == [
        {"data_source": "tcp_hardware", "start_date": START}
    ]
