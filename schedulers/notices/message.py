"""What a recipient reads of the news, as plain text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from providers.terminal import printable
from schedulers.notices.concern import Concern
from schedulers.notices.ledger import News

# More changes than these are only counted.
_LINES = 20
# A reason may be long, and some services take little.
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Message:
    """A title, and what stands below it; `is_bad` when it tells of more than recoveries."""

    title: str
    body: str
    is_bad: bool


def message(news: News, host: str, at: datetime) -> Message:
    """Put news into words.

    Args:
        news: what is to be told.
        host: the name of this machine.
        at: now, aware UTC.
    """
    counts = [(len(news.appeared), "new"), (len(news.recovered), "recovered")]
    lines = [_line(concern) for concern in news.appeared]
    lines += [f"Well again: {printable(label)}" for label in news.recovered.values()]
    if len(lines) > _LINES:
        lines = [*lines[:_LINES], f"and {len(lines) - _LINES} more"]
    return Message(
        title="ChronoTrack Live: " + ", ".join(f"{count} {what}" for count, what in counts if count),
        body="\n".join([*lines, f"({host}, {at:%Y-%m-%d %H:%M:%S} UTC)"]),
        is_bad=bool(news.appeared),
    )


def _line(concern: Concern) -> str:
    what = concern.what.rstrip(".")
    what = f"{what[:_LONGEST]} ..." if len(what) > _LONGEST else f"{what}."
    return printable(f"{concern.label}: {concern.kind}: {what} {concern.remedy}")
