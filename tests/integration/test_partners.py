"""Timing partners: their credentials, and their events apart from each other's."""

from __future__ import annotations

import pytest

from providers.errors import SchemaNotReady, SettingsInvalid
from tests.integration.builders import LATER, RUN, START, athlete, entry


def test_an_event_that_two_partners_see_is_kept_for_each(run, open_hub, dsn):
    other = open_hub(dsn, "Mountain Timing")
    other.save_events(RUN)
    for hub, bib in ((run, "ours"), (other, "theirs")):
        hub.save_participants("5", entry(1, bib=bib))
        hub.save_results("5", athlete(1, bib=bib))

    run.save_results("5", athlete(1, bib="changed"), at=LATER)

    rows = run.query("SELECT timing_partner_id, event_id, results_bib FROM ct_results ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [
        (1, "ctlive:1:5", "changed"),
        (2, "ctlive:2:5", "theirs"),
    ]
    assert len(run.query("SELECT 1 FROM ct_participants")) == len(run.query("SELECT 1 FROM ct_events")) == 2


def test_credentials_come_with_their_configuration_and_never_show_the_secret(add_partner, store):
    partner = add_partner("Harbour Timing", secret="geheim", base_url="http://api.test", timeout=5)

    assert store.credentials("ChronoTrack Live") == [partner]
    assert (partner.partner_name, partner.secret) == ("Harbour Timing", "geheim")
    assert partner.additional_config == {"base_url": "http://api.test", "timeout": 5}
    assert "geheim" not in repr(partner)


def test_credentials_of_chosen_partners_come_alone(add_partner, store):
    partners = [add_partner(name) for name in ("One", "Two", "Three")]

    assert store.credentials("ChronoTrack Live", [partners[1].timing_partner_id]) == [partners[1]]
    with pytest.raises(SettingsInvalid, match=r"\[404\] has credentials .* credentials set"):
        store.credentials("ChronoTrack Live", [404])


def test_credentials_without_a_configuration_have_an_empty_one(hub):
    assert hub.partner.additional_config == {}


def test_a_provider_that_the_database_does_not_know_is_a_matter_of_migrating(store):
    with pytest.raises(SchemaNotReady, match="does not know Another Provider"):
        store.credentials("Another Provider")


def test_another_partners_events_are_not_ours(run, open_hub, dsn):
    assert open_hub(dsn, "Mountain Timing").store.live_events(run.partner, START) != []
    other = open_hub(dsn, "Valley Timing")
    assert other.store.live_events(other.partner, START) == []
