"""What an operator writes behind an option of the backfill, read or refused with a sentence."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click
from dateutil.parser import isoparse

from providers.records import LiveKey


def instant(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """Read an option's instant."""
    if text is None:
        return None
    try:
        read = isoparse(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"write 2026-04-20 or 2026-04-20T14:00, in UTC, not {text!r}.") from error


def finite(_: click.Context, __: click.Parameter, number: float) -> float:
    """Refuse what float() reads and no range excludes: nan."""
    if not math.isfinite(number):
        raise click.BadParameter(f"{number} is no number to reckon with.")
    return number


def api_ids(_: click.Context, __: click.Parameter, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what can be no API id of an event."""
    for text in ids:
        if not text.strip():
            raise click.BadParameter("name an event by its API id, such as 91649.")
        with suppress(ValueError):
            key = LiveKey.of(text)
            raise click.BadParameter(
                f"{text} is the hub's key: write --event {key.api_id} "
                f"--timing-partner-id {key.timing_partner_id}."
            )
    return ids


def named(_: click.Context, parameter: click.Parameter, text: str | None) -> Path | None:
    """Refuse an empty path, which would be the present folder, and the one that elsewhere means stdout."""
    if text is None:
        return None
    if text in ("", "-"):
        raise click.BadParameter(f"{text!r} is no name: write, for example, {parameter.opts[0]} backfill.")
    return Path(text)
