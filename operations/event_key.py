"""How an event is named on the command line: by its key in ct_events."""

from __future__ import annotations

import click

from providers.records import LiveKey


def live_key(context: click.Context, argument: click.Parameter, text: str) -> LiveKey:
    """Return the hub's key of an event taken apart."""
    try:
        return LiveKey.of(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context, argument) from None


def live_keys(
    context: click.Context, argument: click.Parameter, texts: tuple[str, ...]
) -> tuple[LiveKey, ...]:
    """Return several keys taken apart."""
    return tuple(live_key(context, argument, text) for text in texts)
