"""How a command speaks: logs to stderr, one clear line for an error, exit codes with a meaning."""

from __future__ import annotations

import logging
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from providers.errors import IntegrationError
from providers.exit_codes import COULD_NOT_START, INTERRUPTED

# What a terminal does not show but obeys, by Unicode's categories; names in some scripts need the joiners.
_COMMANDS = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"


def configure_logs(*, verbose: bool, quiet: bool = False) -> None:
    """Send logs to stderr: for reading on a terminal, else as one JSON object a line.

    What libraries have to say from WARNING on comes in the same form.

    Args:
        verbose: also what is only of interest when looking for a fault.
        quiet: nothing unless `verbose`, for commands that say themselves what they do.
    """
    level = logging.DEBUG if verbose else logging.CRITICAL if quiet else logging.INFO
    on_terminal = sys.stderr.isatty() and "JOURNAL_STREAM" not in os.environ
    renderer: structlog.typing.Processor
    if on_terminal:
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    else:
        renderer = structlog.processors.JSONRenderer()
    everywhere: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*everywhere, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *everywhere],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[libraries], level=max(level, logging.WARNING), force=True)


def say(line: str) -> None:
    """Tell the person at the terminal something; data goes to stdout instead."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def printable(text: str) -> str:
    """Return what others have written (a name, a reason) so that it stays in its line and commands nothing.

    Control characters, line ends and marks that turn the direction of writing become escapes, as in Python.
    """
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in _COMMANDS and char not in _JOINERS
        else char
        for char in text
    )


@contextmanager
def one_clear_line() -> Iterator[None]:
    """End the process with one line instead of a traceback, for errors that a person can mend."""
    try:
        yield
    except IntegrationError as error:
        say(f"chronotrack-live: {error}")
        sys.exit(COULD_NOT_START)
    except KeyboardInterrupt:
        say("chronotrack-live: interrupted")
        sys.exit(INTERRUPTED)
