"""What polls remember of the API stays with the events that are polled, and does not grow without end."""

from __future__ import annotations

from providers.chronotrack_live.event_memory import EventMemories


def test_an_event_that_is_polled_again_finds_what_was_remembered_of_it():
    memories = EventMemories()
    memories.of("5").is_test["9", "1"] = True

    assert memories.of("5").is_test == {("9", "1"): True}
    assert memories.of("6").is_test == {}


def test_those_that_were_polled_last_are_remembered():
    memories = EventMemories(events=3)
    first, second, _ = [memories.of(event) for event in ("1", "2", "3")]
    memories.of("1")

    memories.of("4")

    assert memories.of("1") is first
    assert memories.of("2") is not second


def test_the_memories_of_thousands_of_events_are_bounded():
    memories = EventMemories()
    first = memories.of("first")
    for event in range(5_000):
        memories.of(str(event))

    assert memories.of("first") is not first
