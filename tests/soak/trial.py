"""What came of one fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """One fault that was tried.

    Attributes:
        fault: what was broken, in words for the table of docs/reliability.md.
        struck: how often it struck.
        rejected: how many rows stand in `ct_live_rejected_rows` with a reason afterwards.
        wrong: a sentence for each thing that was not as promised; empty when all was.
        seconds: how long it took.
    """

    fault: str
    struck: int
    rejected: int
    wrong: tuple[str, ...]
    seconds: float
