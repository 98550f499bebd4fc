"""Which database: read from the environment, and a private one when nothing is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What makes libpq look for a server; a lone PGPASSWORD or PGOPTIONS does not.
_LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the hub's database is.

    Attributes:
        dsn: a libpq connection string; "" lets libpq read its own PG* variables; None means that
            nothing is set and a private PostgreSQL is to be started.
        postgres_source: which binaries that private one uses: auto, system or wheel.
    """

    dsn: str | None = field(repr=False)
    postgres_source: str = "auto"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> DatabaseSettings:
        """Read DATABASE_URL, libpq's PG* variables and CHRONOTRACK_LIVE_POSTGRES."""
        dsn = environ.get("DATABASE_URL") or None
        if dsn is None and any(environ.get(name) for name in _LIBPQ_VARIABLES):
            dsn = ""
        return cls(dsn=dsn, postgres_source=environ.get("CHRONOTRACK_LIVE_POSTGRES") or "auto")
