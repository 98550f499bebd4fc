"""`chronotrack-live migrate`: brings the database to what the integration needs."""

from __future__ import annotations

import os
import sys

import click

from database import migrate
from database.opening import opened_database
from providers.exit_codes import SOMETHING_FAILED
from providers.terminal import one_clear_line, say


@click.command(name="migrate")
@click.option("--base", is_flag=True, help="Also create the host's own tables, on a database that has none.")
@click.option("--check", is_flag=True, help="Change nothing; say what is pending and exit 1 if anything is.")
@click.option(
    "--roles", is_flag=True, help="Also make the daemon's role and the monitor's, and grant to them."
)
@click.option(
    "--provider-id",
    envvar="CHRONOTRACK_LIVE_PROVIDER_ID",
    type=click.IntRange(1, 999_999_999),
    help="The id of ChronoTrack Live in providers, for where 1 is another's. "
    "Only the first migration asks for it: everything else finds the provider by its name.",
)
def command(*, base: bool, check: bool, roles: bool, provider_id: int | None) -> None:
    """Apply the schema extension to the Project88Hub database; may be run again at any time.

    Meanwhile the hub's other users go on: what is long takes no lock, and what locks is short and gives way.
    """
    with one_clear_line(), opened_database(os.environ, say) as database:
        if check:
            pending = migrate.pending(database)
            for found in pending:
                click.echo(f"pending: {found}")
            if pending:
                sys.exit(SOMETHING_FAILED)
            click.echo("nothing is pending")
            return
        scripts = [migrate.BASE_SCHEMA] * base + [migrate.EXTENSION] + [migrate.ROLES] * roles
        for script in scripts:
            migrate.apply(database, script, provider_id, say)
            click.echo(f"applied {script.name}")
