"""Names that two people write differently: the same, similar, or different events."""

from __future__ import annotations

import os
import random
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import psycopg2
import psycopg2.extras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from database import migrate
from database.opening import create_database, drop_database
from database.store import Store
from providers.errors import DuplicateEvent
from tests.integration.test_duplicates import RUN, START, add_tcp_event, live_events

ALIKE = [
    ("Harbour 5K", "harbour 5k"),
    ("Harbour 5 km", "Harbour 5K"),
    ("Harbour 5-kilometer", "5K Harbour"),
    ("Harbour Run 2025", "Harbour Run"),
    ("2024 Harbour Run", "Harbour Run 2025"),
    ("12th Annual Harbour Run", "Harbour Run"),
    ("Café-Lauf Köln", "KOLN CAFE LAUF"),
    ("Łódź Maraton", "Lodz maraton"),
    ("Straßenlauf", "Strassenlauf"),
    ("Run & Ride", "Ride and Run"),
    ("St. Patrick\u2019s 10 Miler", "St Patrick's 10 mi"),
    ("Harbour 13.1", "13.1 — Harbour!"),
    ("\uff28arbour Run", "Harbour Run"),
]
DIFFERENT = [
    ("Harbour 5K", "Harbour 10K"),
    ("Harbour 5K", "Harbour 5 mi"),
    ("Harbour 1.5K", "Harbour 15K"),
    ("1st Street Run", "2nd Street Run"),
    ("Harbour Run", "Harbour Kids Run"),
    ("2025", "2024"),
    ("!!!", "???"),
    ("東京マラソン", "大阪マラソン"),
    ("Run 100 m", "Run 100 mi"),
]


def find(hub, name, api_id="5", start=START, source="chronotrack_live"):
    return hub.query(
        "SELECT event_id, kind, reason FROM find_duplicate_chronotrack_event(%s, %s, %s, %s, %s)",
        *(name, start, hub.partner.timing_partner_id, api_id, source),
    )


@pytest.mark.parametrize(("ours", "theirs"), ALIKE)
def test_names_that_only_differ_in_how_they_are_written_are_similar(hub, ours, theirs):
    add_tcp_event(hub, name=theirs)

    [twin] = find(hub, ours)

    assert (twin["event_id"], twin["kind"] in ("similar_name", "same_name")) == ("61611", True)


@pytest.mark.parametrize(("ours", "theirs"), DIFFERENT)
def test_names_that_say_something_different_are_not_similar(hub, ours, theirs):
    add_tcp_event(hub, name=theirs)

    assert find(hub, ours) == []


def test_the_surest_reason_counts_and_is_told(hub):
    add_tcp_event(hub, "70", name="Harbour 10 km")
    assert find(hub, "Harbour 10K") == [
        {
            "event_id": "70",
            "kind": "similar_name",
            "reason": 'similar name ("Harbour 10 km"), starts within 24 hours',
        }
    ]
    add_tcp_event(hub, "71", name="harbour 10k", start=START + timedelta(hours=23))
    assert [twin["kind"] for twin in find(hub, "Harbour 10K")] == ["same_name"]
    add_tcp_event(hub, "5", name="Something else", start=None)
    assert [twin["kind"] for twin in find(hub, "Harbour 10K")] == ["same_id"]
    # Another source's ids are not ChronoTrack's.
    assert [twin["kind"] for twin in find(hub, "Harbour 10K", source="sundial")] == ["same_name"]


@pytest.mark.parametrize("apart", [timedelta(seconds=86_400), timedelta(seconds=-86_400)])
def test_a_similar_name_a_day_later_or_earlier_is_another_event(hub, apart):
    add_tcp_event(hub, name="Harbour 10 km", start=START + apart)

    assert find(hub, "Harbour 10K") == []


@pytest.fixture(scope="module")
def comparable(server):
    """The comparable form of a name, as the extension's function makes it."""
    name = f"test_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    create_database(server.dsn("postgres"), name)
    script = migrate.statements(migrate.EXTENSION.read_text(encoding="utf-8"))
    [function] = [text for text in script if "CREATE OR REPLACE FUNCTION ct_live_comparable_name" in text]
    with closing(psycopg2.connect(server.dsn(name))) as connection, connection.cursor() as cursor:
        cursor.execute(function)

        def made(text):
            cursor.execute("SELECT ct_live_comparable_name(%s)", (text,))
            return cursor.fetchone()[0]

        yield made
    drop_database(server.dsn("postgres"), name)


_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@given(name=_TEXT)
def test_what_is_comparable_stays_as_it_is_whatever_the_text(comparable, name):
    once = comparable(name)

    assert comparable(once) == once
    assert once == " ".join(sorted(once.split(" ")))


@given(words=st.lists(st.from_regex(r"\A[a-z]{3,9}\Z"), min_size=1, max_size=6), seed=st.integers())
def test_the_order_and_case_of_words_say_nothing(comparable, words, seed):
    shuffled = [word.title() for word in words]
    random.Random(seed).shuffle(shuffled)

    assert comparable("  ".join(shuffled)) == comparable(" - ".join(words)) != ""


# What is done about it ----------------------------------------------------------------------------------


def test_a_similar_event_is_imported_and_reported(hub):
    add_tcp_event(hub, name="HARBOUR 10 km 2025", results=2)

    report = hub.save_events(RUN)

    assert live_events(hub) == [{"event_id": hub.key("5"), "duplicate_of": None}]
    assert report.statistics["similar"] == [
        {
            "provider_event_id": "5",
            "event_name": "Harbour 10K",
            "similar_to": "61611",
            "reason": 'similar name ("HARBOUR 10 km 2025"), starts within 24 hours',
        }
    ]


@pytest.fixture
def strict(hub):
    """A hub whose partner takes similar names for the same."""
    hub.partner = replace(hub.partner, additional_config={"similar_name_is_duplicate": True})
    return hub


def test_a_similar_event_is_left_out_where_the_setting_says_so(strict):
    add_tcp_event(strict, name="HARBOUR 10 km 2025")

    report = strict.save_events(RUN)

    assert live_events(strict) == []
    assert [pair["kind"] for pair in report.statistics["duplicates"]] == ["similar_name"]
    with pytest.raises(DuplicateEvent, match="similar name"):
        strict.store.refuse_duplicate(strict.partner, RUN)


def test_a_similar_tcp_event_that_comes_later_is_marked_only_where_the_setting_says_so(hub):
    hub.save_events(RUN)
    add_tcp_event(hub, name="HARBOUR 10 km 2025", results=1)
    hub.save_events(RUN)
    assert live_events(hub)[0]["duplicate_of"] is None

    hub.partner = replace(hub.partner, additional_config={"similar_name_is_duplicate": True})
    hub.save_events(RUN)

    assert live_events(hub)[0]["duplicate_of"] == "61611"


def test_the_setting_is_read_from_the_credentials_row(hub, database):
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE partner_provider_credentials SET additional_config = %s",
            (psycopg2.extras.Json({"similar_name_is_duplicate": True}),),
        )

    [partner] = Store(database).credentials("ChronoTrack Live")

    assert partner.similar_name_is_duplicate
