"""`chronotrack-live events duplicates` and `not-duplicate`: events that the hub has twice."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from rich.table import Table

from database.duplicates import Duplicates
from database.opening import opened_database
from operations.event_key import live_key
from operations.tables import console, table
from providers.errors import SettingsInvalid
from providers.records import LiveKey
from providers.terminal import one_clear_line, say


@click.command(name="duplicates")
@click.option("--partner", type=int, help="Only this timing_partner_id.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object a pair.")
def duplicates(*, partner: int | None, as_json: bool) -> None:
    """List the events that TCP and the API both have, or seem to have, and which of the two is shown.

    Exits 0 whether there are any or not.
    """
    with _duplicates() as kept:
        pairs, apart = kept.suspicious(partner), kept.kept_apart(partner)
    if as_json:
        found = [_in_json(row) | {"kept_apart": False} for row in pairs]
        click.echo(json.dumps(found + [_in_json(row) | {"kept_apart": True} for row in apart], indent=2))
        return
    if not pairs and not apart:
        click.echo("No event is suspicious of being there twice.")
        return
    if pairs:
        console().print(_table("Events that are there twice, or seem to be", pairs, ("reason", "shown")))
        click.echo("When a pair is two events: chronotrack-live events not-duplicate EVENT")
    if apart:
        console().print(_table("Kept apart by an operator", apart, ("noted_by", "noted_at")))


@click.command(name="not-duplicate")
@click.argument("event", callback=live_key)
@click.argument("twin", required=False)
@click.option("--undo", is_flag=True, help="Take that word back.")
def not_duplicate(*, event: LiveKey, twin: str | None, undo: bool) -> None:
    """Say that EVENT and TWIN, as `events duplicates` lists them, are two, however alike their names are.

    Without TWIN it is the only one that is listed with EVENT.
    """
    with _duplicates() as kept:
        if undo:
            twin = twin or _only_twin(kept.kept_apart(event.timing_partner_id), event)
            known = kept.forget(event, twin)
            click.echo(
                f"{event.text} and {twin} are judged by their names again, from the next pass on."
                if known
                else f"Nobody had said that {event.text} and {twin} are two: nothing to take back."
            )
            return
        twin = twin or _only_twin(kept.suspicious(event.timing_partner_id), event)
        news = kept.keep_apart(event, twin, datetime.now(UTC))
        click.echo(
            f"{event.text} and {twin} are two events{'' if news else ', as was said before'}. "
            "What was left out comes in with the next discovery (`chronotrack-live scheduler --once` does "
            "one now) or backfill."
        )


@contextmanager
def _duplicates() -> Iterator[Duplicates]:
    with one_clear_line(), opened_database(os.environ, say) as database:
        yield Duplicates(database)


def _only_twin(pairs: list[dict[str, Any]], event: LiveKey) -> str:
    twins = {row["twin_event_id"] for row in pairs if _key(row) == event}
    # Of two live ones either may be named first.
    twins |= {_key(row).text for row in pairs if row["twin_event_id"] == event.text}
    if len(twins) == 1:
        return str(twins.pop())
    listed = f"these: {', '.join(sorted(twins))}" if twins else "none"
    raise SettingsInvalid(
        f"Name the twin: `chronotrack-live events duplicates` lists {listed} with {event.text}."
    )


def _key(row: dict[str, Any]) -> LiveKey:
    return LiveKey(row["data_source"], row["timing_partner_id"], row["provider_event_id"])


def _table(title: str, rows: list[dict[str, Any]], further: tuple[str, str]) -> Table:
    headings = (
        "event",
        "name",
        "starts (UTC)",
        "twin",
        "its name",
        *(name.replace("_", " ") for name in further),
    )
    columns = ("event_name", "start_date", "twin_event_id", "twin_name", *further)
    cells = ([_key(row).text, *(_cell(row.get(name)) for name in columns)] for row in rows)
    return table(headings, cells, title=title)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def _in_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value.isoformat()}Z" if isinstance(value, datetime) else value for name, value in row.items()
    }
