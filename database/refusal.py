"""Whether a server that cannot be had has answered, and whether it refuses us for good."""

from __future__ import annotations

from providers.errors import DatabaseUnavailable

# What a server says that is on its way up or down, or full. It has no codes for a connection that it refuses,
# and a server that speaks another language seems to refuse for good: whoever starts us tries again then.
_PASSING = ("starting up", "shutting down", "recovery", "not yet accepting", "too many", "connection slots")


def answered(error: DatabaseUnavailable) -> bool:
    """Return whether a server answered, if only to refuse one more connection."""
    return "FATAL:" in str(error)


def refuses(error: DatabaseUnavailable) -> bool:
    """Return whether a server answered and will have nothing of us: a wrong role, password or database.

    Waiting helps with anything else: no server listens, its name is not known, it is about to start.
    """
    return answered(error) and not any(words in str(error) for words in _PASSING)
