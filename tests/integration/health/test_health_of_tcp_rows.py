"""What the monitor says of TCP's rows, of which it never counts many."""

from __future__ import annotations

import pytest


@pytest.fixture
def copied(template):
    """A hub that is new, so that PostgreSQL itself has not counted its rows either."""
    return template


def test_rows_of_tcp_are_counted_while_they_are_few_and_said_to_be_unknown_where_nobody_looked(
    on_screen, health, query
):
    query("ALTER TABLE ct_results SET (autovacuum_enabled = false)")
    query("INSERT INTO ct_results (event_id) SELECT NULL FROM generate_series(1, 500)")

    rows = {(row["table_name"], row["data_source"]): row for row in health()["rows"]}

    assert rows["ct_results", "tcp_hardware"] == {
        "table_name": "ct_results",
        "data_source": "tcp_hardware",
        "rows": 500,
        "estimated": False,
    }
    query("INSERT INTO ct_results (event_id) SELECT NULL FROM generate_series(501, 40000)")
    [said] = [row for row in on_screen().splitlines() if "ct_results" in row and "tcp_hardware" in row]
    assert "not known" in said
