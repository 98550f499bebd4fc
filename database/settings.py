"""Which database: read from the environment, and a private one when nothing is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from providers.errors import SettingsInvalid

# What makes libpq look for a server; a lone PGPASSWORD or PGOPTIONS does not.
_LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")
# What systemd's LoadCredential= is to call the file that holds DATABASE_URL.
_CREDENTIAL = "database_url"


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
        """Read DATABASE_URL, what systemd loaded, libpq's PG* variables and CHRONOTRACK_LIVE_POSTGRES.

        The first that says something counts. What systemd loads is the file `database_url` in
        CREDENTIALS_DIRECTORY: unlike an environment, no child inherits it.

        Raises:
            SettingsInvalid: that file cannot be read, or is empty.
        """
        dsn = environ.get("DATABASE_URL") or _credential(environ)
        if dsn is None and any(environ.get(name) for name in _LIBPQ_VARIABLES):
            dsn = ""
        return cls(dsn=dsn, postgres_source=environ.get("CHRONOTRACK_LIVE_POSTGRES") or "auto")


def _credential(environ: Mapping[str, str]) -> str | None:
    """Return what the unit's credential says; None when it loads none."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    file = Path(folder or "") / _CREDENTIAL
    if not folder or not file.exists():
        return None
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        # Not the error's own words, nor as a cause: one of decoding quotes what it read.
        kind = type(error).__name__
        raise SettingsInvalid(f"{file} cannot be read ({kind}): check LoadCredential= in the unit.") from None
    if not text:
        raise SettingsInvalid(f"{file} is empty: it is to hold what DATABASE_URL would.")
    return text
