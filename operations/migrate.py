"""`chronotrack-live migrate`: brings the database to what the integration needs."""

from __future__ import annotations

import os
import sys

import click

from database import migrate
from database.opening import opened_database
from providers.terminal import SOMETHING_FAILED, one_clear_line, say


@click.command(name="migrate")
@click.option("--base", is_flag=True, help="Also create the host's own tables, on a database that has none.")
@click.option("--check", is_flag=True, help="Change nothing; say what is pending and exit 1 if anything is.")
def command(*, base: bool, check: bool) -> None:
    """Apply the schema extension to the Project88Hub database; may be run again at any time."""
    with one_clear_line(), opened_database(os.environ, say) as database:
        if check:
            pending = migrate.pending(database)
            click.echo(f"pending: {', '.join(pending)}" if pending else "nothing is pending")
            sys.exit(SOMETHING_FAILED if pending else 0)
        for script in (migrate.BASE_SCHEMA, migrate.EXTENSION) if base else (migrate.EXTENSION,):
            migrate.apply(database, script)
            click.echo(f"applied {script.name}")
