"""Records to be stored, and ways to look at what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from providers.records import ProviderEvent, ProviderParticipant, ProviderRace, ProviderResult, Split

START = datetime(2025, 6, 1, 7, tzinfo=UTC)
RUN = ProviderEvent(
    provider_event_id="5",
    name="Harbour Run",
    start_time=START,
    end_time=START + timedelta(hours=8),
    timezone="Europe/Berlin",
    location={"city": "Hamburg"},
    races=(
        ProviderRace(
            provider_race_id="77", name="10 km", distance=10_000.5, planned_start=START + timedelta(hours=1)
        ),
    ),
    additional_data={"event_notes": "bring a bag"},
)
LATER = datetime(2025, 6, 1, 12, 1, 30, tzinfo=UTC)


def naive(instant):
    return instant.replace(tzinfo=None)


def athlete(number, **fields):
    given = {
        "provider_result_id": str(number),
        "provider_participant_id": str(number),
        "provider_race_id": "77",
        "status": "finished",
        "bib": str(100 + number),
        "first_name": "Ada",
        "chip_time": timedelta(minutes=40, milliseconds=number),
        "overall_place": number,
        "finish_time": START + timedelta(hours=2),
        "splits": (
            Split(
                interval_id="1",
                name="5 km",
                chip_time=timedelta(seconds=1200.125),
                gun_time=None,
                rank=number,
            ),
        ),
        "additional_data": {"odd": "x"},
    }
    return ProviderResult(**(given | fields))


def entry(number, **fields):
    given = {"provider_participant_id": str(number), "bib": str(100 + number), "location": {"city": "Köln"}}
    return ProviderParticipant(**(given | fields))


FIELD = [athlete(number) for number in range(1, 41)]


def statuses(hub):
    return {
        int(row["provider_result_id"]): row["result_status"]
        for row in hub.query("SELECT provider_result_id, result_status FROM ct_results")
    }


def versions(query):
    """The writing transaction and place of every row of the host's tables, and the serial's state."""
    tables = [
        query(
            f"SELECT xmin::text, xmax::text, ctid::text, to_jsonb(t) AS row FROM {table} AS t ORDER BY ctid"
        )
        for table in ("ct_events", "ct_races", "ct_participants", "ct_results")
    ]
    return [*tables, query("SELECT last_value, is_called FROM ct_results_id_seq")]
