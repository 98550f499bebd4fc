"""Entries as the adapter reads them: held packed, and read column by column."""

from __future__ import annotations

from providers.chronotrack_live.entries import participants
from providers.chronotrack_live.packing import HeldRows


def parse_participant(row):
    """Return the participant of a row; raise the RowRejected that sets it aside."""
    held, set_aside = HeldRows(), []
    held.append(row)
    read = list(participants(held, set_aside))
    for rejection in set_aside:
        raise rejection
    [participant] = read
    return participant
