"""Two partners who see the same events of one API: each gets all of them, in rows of their own."""

from __future__ import annotations

import pytest

from operations.comparison import compare

MARATHON = "91649"
TABLES = ("sync_history", "ct_events", "ct_races", "ct_participants", "ct_results", "ct_live_rejected_rows")


@pytest.fixture
def partners(add_partner, query, simulator):
    """Partners 1 and 11, of one name and with one account; TCP has delivered an event of each."""
    first = add_partner(base_url=simulator.base_url)
    query("SELECT setval('timing_partners_timing_partner_id_seq', 10)")
    eleventh = add_partner(base_url=simulator.base_url)
    query(
        "INSERT INTO ct_events (event_id, event_name, timing_partner_id)"
        " VALUES ('61', 'Mile', 1), ('62', 'Mile', 11)"
    )
    query("INSERT INTO ct_results (event_id, timing_partner_id) VALUES ('61', 1), ('62', 11)")
    return first, eleventh


@pytest.fixture
def rows(query):
    """Every row that meets a condition, with its version and its place."""

    def found(condition):
        return {
            table: query(
                "SELECT xmin::text, ctid::text, to_jsonb(t)::text AS row"
                f" FROM {table} AS t WHERE {condition} ORDER BY ctid"
            )
            for table in TABLES
        }

    return found


@pytest.mark.parametrize(("busy", "resting"), [(1, 11), (11, 1)])
def test_a_pass_for_one_partner_leaves_every_row_of_the_other(
    run, partners, rows, query, simulator, busy, resting
):
    assert run("scheduler", "--once", "--partner", resting).returncode == 0
    theirs = rows(f"timing_partner_id = {resting}")
    tcp = rows("to_jsonb(t) ->> 'data_source' = 'tcp_hardware'")

    new = run("scheduler", "--once", "--partner", busy)
    # Whatever differs is written again, by the next pass in which something is due.
    query(
        "UPDATE ct_results SET results_bib = 'x' WHERE timing_partner_id = %s AND event_id LIKE 'ct%%'", busy
    )
    query("UPDATE ct_participants SET entry_bib = 'x' WHERE timing_partner_id = %s", busy)
    query("DELETE FROM sync_history WHERE timing_partner_id = %s", busy)
    again = run("scheduler", "--once", "--partner", busy)

    assert (new.returncode, again.returncode) == (0, 0), new.stderr + again.stderr
    kept = query(
        "SELECT * FROM ct_results WHERE timing_partner_id = %s AND provider_event_id = %s", busy, MARATHON
    )
    assert compare(simulator.ground_truth(MARATHON), kept).differences == ()
    assert rows(f"timing_partner_id = {resting}") == theirs
    assert rows("to_jsonb(t) ->> 'data_source' = 'tcp_hardware'") == tcp


def test_a_pass_and_a_backfill_for_both_give_each_the_same_under_keys_of_their_own(run, partners, query):
    assert run("scheduler", "--once").returncode == 0
    assert run("backfill", "--yes", "--api-delay", "0").returncode == 0

    for table, key in (
        ("ct_events", "event_id"),
        ("ct_participants", "entry_id"),
        ("ct_results", "event_id"),
    ):
        kept = [
            query(
                f"SELECT {key} AS key, api_credentials_used AS used FROM {table}"
                " WHERE data_source = 'chronotrack_live' AND timing_partner_id = %s ORDER BY 1",
                partner.timing_partner_id,
            )
            for partner in partners
        ]
        for partner, own in zip(partners, kept, strict=True):
            assert own, table
            assert all(row["key"].startswith(f"ctlive:{partner.timing_partner_id}:") for row in own)
            assert {row["used"] for row in own} == {f"partner_provider_credentials:{partner.credentials_id}"}
        ones, elevens = ([row["key"].split(":")[2] for row in own] for own in kept)
        assert sorted(ones) == sorted(elevens)
