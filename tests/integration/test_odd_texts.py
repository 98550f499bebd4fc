"""Texts that PostgreSQL cannot keep, from whichever provider: they cost nobody else a row."""

from __future__ import annotations

import pytest

from providers.errors import RowRejected
from providers.records import ProviderParticipant
from tests.integration.builders import RUN


@pytest.mark.parametrize(("sent", "kept"), [("Ann\x00a", "Anna"), ("Ann\ud83d", "Ann\ufffd")])
def test_a_text_that_cannot_be_kept_is_kept_without_what_is_no_character(hub, query, sent, kept):
    hub.save_events(RUN)
    odd = ProviderParticipant(
        provider_participant_id="1", first_name=sent, location={"city": sent}, additional_data={"note": sent}
    )

    hub.save_participants(RUN.provider_event_id, odd, ProviderParticipant(provider_participant_id="2"))

    rows = query(
        "SELECT athlete_first_name, location ->> 'city' AS city FROM ct_participants ORDER BY entry_id"
    )
    assert rows[0]["athlete_first_name"] == kept
    assert rows[0]["city"].startswith("Ann")
    assert len(rows) == 2


def test_a_row_set_aside_with_an_odd_payload_and_a_number_for_an_id_is_kept(hub, query):
    hub.save_events(RUN)
    error = RowRejected("odd", kind="participant", payload={"name": "Ann\x00a", "n": 2**70}, api_id=7)

    hub.save_participants(
        RUN.provider_event_id, ProviderParticipant(provider_participant_id="2"), rejected=[error]
    )

    [row] = query("SELECT api_id, payload ->> 'name' AS name FROM ct_live_rejected_rows")
    assert row == {"api_id": "7", "name": "Ann\\u0000a"}
