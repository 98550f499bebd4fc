"""Says which database is meant in a form that psql and pg_dump take without a password in their arguments.

The deployment runs it by path, with nothing installed: python3 operations/libpq_service.py SETTINGS_FILE
It prints a service file of libpq; nothing where libpq's own PG* variables name the database.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

if __name__ == "__main__":
    # Run by path: the repository's root is where the packages are, not this file's folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from providers.errors import SettingsInvalid
from schedulers.settings_file import SettingsFile

SERVICE = "chronotrack_live"
# libpq's variables, and the keywords that they stand for; the first six name a server (database.settings).
_KEYWORDS = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGDATABASE": "dbname",
    "PGUSER": "user",
    "PGSERVICE": "service",
    "PGPASSWORD": "password",
    "PGPASSFILE": "passfile",
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGOPTIONS": "options",
}
_NAMING = list(_KEYWORDS)[:6]
_PAIR = re.compile(r"\s*(\w+)\s*=\s*('(?:\\.|[^'\\])*'|(?:\\.|[^\s'\\])+)(?=\s|$)")


def keywords(dsn: str) -> dict[str, str]:
    """Return the keywords of a connection string of libpq, a URL or pairs keyword=value.

    Raises:
        ValueError: it is neither; the message does not quote it.
    """
    if re.match(r"postgres(ql)?://", dsn):
        return _keywords_of_url(dsn)
    found: dict[str, str] = {}
    at = 0
    while pair := _PAIR.match(dsn, at):
        value = pair[2][1:-1] if pair[2].startswith("'") else pair[2]
        found[pair[1]] = re.sub(r"\\(.)", r"\1", value)
        at = pair.end()
    if dsn[at:].strip() or not found:
        raise ValueError("DATABASE_URL is no address of a database: postgresql://USER@HOST:PORT/DATABASE")
    return found


def _keywords_of_url(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    login, _, servers = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    hosts, ports = [], []
    for server in servers.split(","):
        host, port = re.fullmatch(r"(\[[^\]]*\]|[^:]*):?(.*)", server).groups()  # type: ignore[union-attr]
        hosts.append(unquote(host.strip("[]")))
        ports.append(port)
    found = {
        "user": unquote(user),
        "password": unquote(password),
        "host": ",".join(hosts),
        "port": ",".join(ports),
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    # libpq takes a plus sign in a query for itself, not for a blank.
    found |= dict(parse_qsl(parts.query.replace("+", "%2B")))
    return {keyword: value for keyword, value in found.items() if value.strip(",")}


def service(environ: Mapping[str, str], settings: Mapping[str, str]) -> str | None:
    """Return the service file for the database that is meant: of the environment, else of the settings.

    Empty when the environment has what libpq itself reads, None when nothing names a database.

    Raises:
        ValueError: an address cannot be read, or cannot be said in a service file; it is not quoted.
    """
    if environ.get("DATABASE_URL"):
        found = keywords(environ["DATABASE_URL"])
    elif any(environ.get(name) for name in _NAMING):
        return ""
    elif settings.get("DATABASE_URL"):
        found = keywords(settings["DATABASE_URL"])
    elif any(settings.get(name) for name in _NAMING):
        found = {keyword: settings[name] for name, keyword in _KEYWORDS.items() if settings.get(name)}
    else:
        return None
    if any("\n" in value or value != value.strip() for value in found.values()):
        raise ValueError("The database's address has a value with several lines, or blanks at an end.")
    return "\n".join([f"[{SERVICE}]", *(f"{keyword}={value}" for keyword, value in found.items()), ""])


def main() -> None:
    """Print the service file; exit with 1 when no database is named, or its address cannot be read."""
    file = Path(sys.argv[1])
    try:
        # As the scheduler reads it, which takes the same address out of it.
        said = service(os.environ, SettingsFile(file, {}).read() if file.exists() else {})
    except (SettingsInvalid, ValueError) as error:
        sys.exit(str(error))
    except OSError:
        sys.exit(f"{file} cannot be read")
    if said is None:
        sys.exit(1)
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
