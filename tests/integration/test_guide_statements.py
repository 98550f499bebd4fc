"""The SQL of the deployment guide, run as it stands there."""

from __future__ import annotations

import pytest

CREDENTIALS = """
INSERT INTO partner_provider_credentials (
    timing_partner_id, provider_id, principal, secret, additional_config, created_at
) VALUES (
    1, 1, 'actual_username', 'sha256_encoded_password_hash',
    '{"base_url": "https://chronotrack.com/api/v1", "timeout": 30, "rate_limit": 1500}', NOW()
) ON CONFLICT (timing_partner_id, provider_id)
DO UPDATE SET
    principal = EXCLUDED.principal,
    secret = EXCLUDED.secret,
    additional_config = EXCLUDED.additional_config;
"""
DUPLICATES = """
SELECT
    e1.event_name,
    e1.start_date,
    e1.data_source as ct_live_source,
    e2.data_source as tcp_source
FROM ct_events e1
JOIN ct_events e2 ON e1.timing_partner_id = e2.timing_partner_id
    AND LOWER(e1.event_name) = LOWER(e2.event_name)
    AND ABS(EXTRACT(EPOCH FROM (e1.start_date - e2.start_date))) < 86400
WHERE e1.data_source = 'chronotrack_live'
AND e2.data_source = 'tcp_hardware';
"""
HISTORY = """
SELECT
    timing_partner_id,
    sync_type,
    status,
    participants_synced,
    results_synced,
    sync_time
FROM sync_history
WHERE provider_id = 1
AND sync_time >= NOW() - INTERVAL '24 hours'
ORDER BY sync_time DESC;
"""
ROLLBACK = (
    "DELETE FROM ct_events WHERE data_source = 'chronotrack_live';",
    "DELETE FROM ct_participants WHERE data_source = 'chronotrack_live';",
    "DELETE FROM ct_results WHERE data_source = 'chronotrack_live';",
)


def test_the_guides_check_of_the_schema_finds_its_column(query):
    assert query(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = 'ct_events' AND column_name = 'data_source'"
    ) == [{"column_name": "data_source"}]


def test_the_guides_credentials_can_be_inserted_and_replaced(query):
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")

    query(CREDENTIALS)
    query(CREDENTIALS.replace("actual_username", "another"))

    assert query(
        "SELECT principal, additional_config ->> 'rate_limit' AS l FROM partner_provider_credentials"
    ) == [{"principal": "another", "l": "1500"}]


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_the_guides_queries_run(request, open_query, shape):
    query = open_query(request.getfixturevalue(shape))

    assert query(DUPLICATES) == []
    assert query(HISTORY) == []
    for table in ("ct_events", "ct_participants", "ct_results"):
        assert query(f"SELECT COUNT(*) FROM {table} WHERE data_source = 'chronotrack_live';") == [
            {"count": 0}
        ]
    assert query(
        "SELECT COUNT(*) FROM ct_events WHERE data_source = 'chronotrack_live'"
        " AND created_at >= NOW() - INTERVAL '24 hours';"
    ) == [{"count": 0}]


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_the_guides_rollback_removes_live_rows_and_no_other(request, open_query, shape):
    query = open_query(request.getfixturevalue(shape))
    for source in ("tcp_hardware", "chronotrack_live"):
        query("INSERT INTO ct_events (event_id, data_source) VALUES (%s, %s)", source, source)
        query(
            "INSERT INTO ct_participants (entry_id, event_id, data_source) VALUES (%s, %s, %s)", *[source] * 3
        )
        query("INSERT INTO ct_results (event_id, data_source) VALUES (%s, %s)", source, source)

    for statement in ROLLBACK:
        query(statement)

    for table in ("ct_events", "ct_participants", "ct_results"):
        assert query(f"SELECT data_source FROM {table}") == [{"data_source": "tcp_hardware"}]
