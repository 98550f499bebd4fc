"""The API's rows of entries into participants (fact sheet, section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from providers.chronotrack_live.columns import Columns
from providers.chronotrack_live.parse import Field, rejected
from providers.chronotrack_live.values import integer
from providers.errors import RowRejected
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
