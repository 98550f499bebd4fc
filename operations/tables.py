"""How a table is shown: to fit a terminal, and in full in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

# In a pipe nothing is folded, so that grep finds what it looks for.
_UNFOLDED = 10_000


def console() -> Console:
    """Return the console that tables and what belongs to them are printed on."""
    return Console() if sys.stdout.isatty() else Console(width=_UNFOLDED)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "", numbers: Sequence[str] = ()
) -> Table:
    """Return a table of texts, each as it is.

    Args:
        headings: of the columns.
        rows: a text for each heading.
        title: what stands above it.
        numbers: the headings whose columns are numbers.
    """
    made = Table(title=title or None, title_justify="left")
    for heading in headings:
        made.add_column(heading, overflow="fold", justify="right" if heading in numbers else "left")
    for row in rows:
        # Text: a name in square brackets is a name, not a style.
        made.add_row(*(Text(cell) for cell in row))
    return made
