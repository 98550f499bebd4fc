"""All that the monitor knows, as JSON, right after a pass of the scheduler."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.acceptance.monitor.monitored import MARATHON


def test_all_that_is_known_is_there_as_json(run, health, add_partner, simulator, race_start):
    collected = add_partner(base_url=simulator.base_url)
    assert run("scheduler", "--once").returncode == 0

    known = health()

    assert (known["state"], known["findings"]) == ("ok", [])
    at = datetime.fromisoformat(known["at"])
    assert at - datetime.fromisoformat(known["service"]["last_sign_of_life"]) < timedelta(minutes=2)
    assert known["service"]["unit"] is None
    database = known["database"]
    assert database["answers"] is True
    assert 0 < database["connections"] <= database["connections_of_server"] < database["max_connections"]
    assert database["size"] > 1_000_000
    assert known["pending_migrations"] == []
    [partner] = known["partners"]
    assert (partner["name"], partner["authentication"]["state"]) == ("Harbour Timing", "accepted")
    assert at - datetime.fromisoformat(partner["last_discovery"]) < timedelta(minutes=2)
    assert partner["requests_last_60_seconds"] > 5
    assert partner["events"]["standard"] >= 2
    assert partner["new_events_24h"] == len(known["events"])
    marathon = {event["event"]: event for event in known["events"]}[collected.key(MARATHON)]
    assert (marathon["phase"], marathon["last_collection"]["status"]) == ("standard", "completed")
    assert (marathon["failures_in_a_row"], marathon["hindrances"]) == (0, [])
    assert marathon["results"] > 280
    assert 0 <= marathon["freshness_seconds"] < 120
    assert marathon["lateness_seconds"] > 0
    assert (datetime.fromisoformat(marathon["next_due"]) - race_start) % timedelta(hours=1) == timedelta(
        minutes=5
    )
    rows = {(row["table_name"], row["data_source"]): row for row in known["rows"]}
    assert rows["ct_participants", "chronotrack_live"]["rows"] >= 300
    assert rows["ct_results", "chronotrack_live"]["estimated"] is False
    done = {(row["sync_type"], row["status"]): row for row in known["operations_24h"]}
    assert done["participants", "completed"]["participants"] >= 300
    assert done["results", "completed"]["results"] > 280
    assert known["errors_24h"] == []


def test_a_database_that_is_away_is_said_to_be_so_in_json(health, nowhere):
    known = health(DATABASE_URL=f"postgresql://{nowhere}/hub")

    assert (known["state"], known["database"], known["partners"]) == ("unknown", {"answers": False}, [])
