"""`chronotrack-live events`: what an operator says about events."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from database.duplicates import Duplicates
from database.opening import opened_database
from providers.errors import SettingsInvalid
from providers.records import LiveKey
from providers.terminal import one_clear_line, say


def _live_key(context: click.Context, argument: click.Parameter, text: str) -> LiveKey:
    """Return the hub's key of an event taken apart."""
    try:
        return LiveKey.of(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context, argument) from None


@click.group(name="events")
def command() -> None:
    """Say what the integration is to do about an event.

    EVENT is its key in ct_events, such as ctlive:7:91649: timing partner 7, and the API's own id.
    """


@command.command(name="duplicates")
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
        Console().print(_table("Events that are there twice, or seem to be", pairs, ("reason", "shown")))
        click.echo("When a pair is two events: chronotrack-live events not-duplicate EVENT")
    if apart:
        Console().print(_table("Kept apart by an operator", apart, ("noted_by", "noted_at")))


@command.command(name="not-duplicate")
@click.argument("event", callback=_live_key)
@click.argument("tcp_event", required=False)
@click.option("--undo", is_flag=True, help="Take that word back.")
def not_duplicate(*, event: LiveKey, tcp_event: str | None, undo: bool) -> None:
    """Say that EVENT and the TCP event with the id TCP_EVENT are two, however alike their names are.

    Without TCP_EVENT it is the one that `events duplicates` lists with EVENT.
    """
    with _duplicates() as kept:
        if undo:
            twin = tcp_event or _only_twin(kept.kept_apart(event.timing_partner_id), event)
            known = kept.forget(event, twin)
            click.echo(
                f"{event.text} and TCP event {twin} are judged by their names again, from the next pass on."
                if known
                else f"Nobody had said that {event.text} and TCP event {twin} are two: nothing to take back."
            )
            return
        twin = tcp_event or _only_twin(kept.suspicious(event.timing_partner_id), event)
        news = kept.keep_apart(event, twin, datetime.now(UTC))
        click.echo(
            f"{event.text} and TCP event {twin} are two events{'' if news else ', as was said before'}. "
            "What was left out comes in with the next discovery (`chronotrack-live scheduler --once` does "
            "one now) or backfill."
        )


@contextmanager
def _duplicates() -> Iterator[Duplicates]:
    with one_clear_line(), opened_database(os.environ, say) as database:
        yield Duplicates(database)


def _only_twin(pairs: list[dict[str, Any]], event: LiveKey) -> str:
    twins = {
        row["twin_event_id"] for row in pairs if _key(row) == event and row.get("kind") != "published_twice"
    }
    if len(twins) == 1:
        return str(twins.pop())
    listed = f"these: {', '.join(sorted(twins))}" if twins else "none"
    raise SettingsInvalid(
        f"Name the TCP event: `chronotrack-live events duplicates` lists {listed} with {event.text}."
    )


def _key(row: dict[str, Any]) -> LiveKey:
    return LiveKey(row["data_source"], row["timing_partner_id"], row["provider_event_id"])


def _table(title: str, rows: list[dict[str, Any]], further: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in (
        "event",
        "name",
        "starts (UTC)",
        "twin",
        "its name",
        *(name.replace("_", " ") for name in further),
    ):
        table.add_column(heading, overflow="fold")
    for row in rows:
        cells = [
            _key(row).text,
            row["event_name"],
            row.get("start_date"),
            row["twin_event_id"],
            row["twin_name"],
        ]
        table.add_row(
            *("" if cell is None else str(cell) for cell in [*cells, *(row[name] for name in further)])
        )
    return table


def _in_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value.isoformat()}Z" if isinstance(value, datetime) else value for name, value in row.items()
    }
