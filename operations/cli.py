"""The console command `chronotrack-live`: one thin door a sub-command."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from providers.exit_codes import INTERRUPTED

# Sub-command -> where its click command is. It is imported when it is asked for, with what it needs.
_COMMANDS = {
    "backfill": "backfill.chronotrack_live_backfill:command",
    "check": "operations.checks.command:command",
    "credentials": "operations.credentials:command",
    "demo": "operations.demo:command",
    "events": "operations.events:command",
    "migrate": "operations.migrate:command",
    "monitor": "operations.monitor:command",
    "scheduler": "schedulers.chronotrack_live_scheduler:command",
    "simulate": "providers.chronotrack_live.simulator.command:command",
}


class _Doors(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as missing:
            raise click.ClickException(
                f"{cmd_name} needs the Python package {missing.name!r}: "
                "pip install 'project88-chronotrack-live[simulator,embedded]'"
            ) from missing
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # While a command is imported nobody else takes it; click would call it a failure.
            sys.exit(INTERRUPTED)


@click.group(cls=_Doors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="project88-chronotrack-live", prog_name="chronotrack-live")
def main() -> None:
    """ChronoTrack Live for Project88Hub: a race, from its REST API into PostgreSQL, while it is run.

    The database is the one that DATABASE_URL or libpq's PG* variables name; when none is set, a private
    PostgreSQL is used.
    """
