"""An event's entry list, and its rows as participants (fact sheet, section 5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from providers.chronotrack_live.answers import Reply
from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.columns import Columns
from providers.chronotrack_live.event_memory import EventMemory, ListedEntries
from providers.chronotrack_live.further_lists import first_time, path_of
from providers.chronotrack_live.packing import HeldRows
from providers.chronotrack_live.pages import Reading, Row
from providers.chronotrack_live.parse import Field, rejected
from providers.chronotrack_live.values import identity, integer
from providers.errors import RowRejected
from providers.readings import Snapshot
from providers.records import ProviderParticipant

# Our names, and the API's.
_ENTRY: Mapping[str, Field] = {
    "provider_participant_id": "entry_id",
    "provider_race_id": "race_id",
    "external_id": "entry_external_id",
    "name": "entry_name",
    "entry_type": "entry_type",
    "status": "entry_status",
    "bib": "entry_bib",
    "race_age": ("entry_race_age", integer),
    "athlete_id": "athlete_id",
    "first_name": "athlete_first_name",
    "last_name": "athlete_last_name",
    "sex": "athlete_sex",
    "birthdate": ("athlete_birthdate", date.fromisoformat),
    "email": "athlete_email",
    "home_phone": "athlete_home_phone",
    "mobile_phone": "athlete_mobile_phone",
    "team_id": "team_id",
    "team_name": "team_name",
    "division": "bracket_name",
}


def entries_of(
    client: ChronoTrackLiveClient,
    provider_event_id: str,
    is_new: Callable[[Row], bool],
    *,
    tests: bool = False,
) -> Reading[Reply]:
    """Return a reading of an event's entry list, with or without test entries."""
    return client.listing(
        path_of(provider_event_id, "entry"),
        "event_entry",
        is_new,
        include_test_entries="true" if tests else "false",
    )


def read_participants(
    client: ChronoTrackLiveClient, provider_event_id: str, memory: EventMemory
) -> Snapshot[ProviderParticipant]:
    """Read an event's whole entry list; the statuses stay in its memory, for a poll that comes at once."""
    held, set_aside = HeldRows(), list[RowRejected]()
    by_status: dict[str, list[str]] = {}
    is_first = first_time("entry_id")

    def is_new(row: Row) -> bool:
        # Packed while the page is read: many lists are read at once, and none holds on to a page of rows.
        new = is_first(row)
        if new:
            held.append(row)
            entry = identity(row.get("entry_id"))
            if entry.isalnum():
                by_status.setdefault(identity(row.get("entry_status")), []).append(entry)
        return new

    reading = entries_of(client, provider_event_id, is_new)
    deque(reading, maxlen=0)
    memory.listed = ListedEntries(by_status) if reading.complete else None
    return Snapshot(participants(held, set_aside), complete=reading.complete, rejected=set_aside)


def participants(held: Iterable[Columns], set_aside: list[RowRejected]) -> Iterator[ProviderParticipant]:
    """Yield the participants of entry rows; a row without an id goes to `set_aside`, its neighbours stay."""
    for rows in held:
        found = rows.fields(_ENTRY)
        found["location"] = rows.locations()
        found["additional_data"] = rows.additional_data()
        read = zip(*(found[name] for name in ProviderParticipant._fields), strict=True)
        for at, participant in enumerate(map(ProviderParticipant._make, read)):
            if participant.provider_participant_id is None:
                set_aside.append(rejected("entry without id", rows.row(at), "participant"))
            else:
                yield participant
