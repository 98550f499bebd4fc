"""Says which database is meant in a form that psql and pg_dump take without a password in their arguments.

The deployment runs it by path, with nothing installed: python3 operations/libpq_service.py SETTINGS_FILE
It prints a service file of libpq.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote

if __name__ == "__main__":
    # Run by path: the repository's root is where the packages are, not this file's folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from database.settings import DatabaseSettings
from providers.errors import SettingsInvalid
from schedulers.settings_file import SettingsFile

SERVICE = "chronotrack_live"
NONE_NAMED = 3
# libpq's variables, and the keywords that they stand for. What the others say, libpq reads by itself.
_KEYWORDS = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGDATABASE": "dbname",
    "PGUSER": "user",
    "PGSERVICE": "service",
    "PGPASSWORD": "password",
    "PGPASSFILE": "passfile",
    "PGCONNECT_TIMEOUT": "connect_timeout",
    "PGTARGETSESSIONATTRS": "target_session_attrs",
    "PGOPTIONS": "options",
    "PGCHANNELBINDING": "channel_binding",
    "PGREQUIREPEER": "requirepeer",
    "PGGSSENCMODE": "gssencmode",
    "PGKRBSRVNAME": "krbsrvname",
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGSSLCRL": "sslcrl",
    "PGSSLCRLDIR": "sslcrldir",
    "PGSSLSNI": "sslsni",
    "PGSSLMINPROTOCOLVERSION": "ssl_min_protocol_version",
    "PGSSLMAXPROTOCOLVERSION": "ssl_max_protocol_version",
}
_PAIR = re.compile(r"\s*(\w+)\s*=\s*('(?:\\.|[^'\\])*'|(?:\\.|[^\s'\\])+)(?=\s|$)")
# As libpq takes one apart: who comes in ends at the first @ that has no / before it.
_URL = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<servers>[^/?]*)(?:/(?P<dbname>[^?]*))?(?:\?(?P<query>.*))?"
)
_SERVER = re.compile(r"(\[[^\]]*\]|[^:]*):?(.*)", re.DOTALL)
_NO_ADDRESS = (
    "DATABASE_URL is no address of a database: it is to be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
    "with %2F for / and %40 for @ in the password."
)


def keywords(dsn: str) -> dict[str, str]:
    """Return the keywords of a connection string of libpq, a URL or pairs keyword=value.

    Raises:
        ValueError: it is neither, or a part of its password would be taken for a host, a port or a database,
            which libpq's messages print; this one does not quote it.
    """
    found = _keywords_of_url(dsn) if re.match(r"postgres(ql)?://", dsn) else _keywords_of_pairs(dsn)
    hosts = found.get("host", "").split(",")
    if any("@" in host[1:] for host in hosts) or not re.fullmatch(r"[\d,]*", found.get("port", "")):
        raise ValueError(_NO_ADDRESS)
    return found


def _keywords_of_pairs(pairs: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while pair := _PAIR.match(pairs, at):
        value = pair[2][1:-1] if pair[2].startswith("'") else pair[2]
        found[pair[1]] = re.sub(r"\\(.)", r"\1", value)
        at = pair.end()
    if pairs[at:].strip() or not found:
        raise ValueError(_NO_ADDRESS)
    return found


def _keywords_of_url(url: str) -> dict[str, str]:
    parts = _URL.fullmatch(url)
    if not parts or "@" in (parts["dbname"] or ""):
        raise ValueError(_NO_ADDRESS)
    hosts, ports = [], []
    for server in parts["servers"].split(","):
        # Every text is a host and a port to it; whether they can be is asked of both together.
        host, port = _SERVER.fullmatch(server).groups()  # type: ignore[union-attr]
        hosts.append(unquote(host.strip("[]")))
        ports.append(port)
    found = {name: unquote(parts[name] or "") for name in ("user", "password", "dbname")}
    found |= {"host": ",".join(hosts), "port": ",".join(ports)}
    # libpq takes a plus sign in a query for itself, not for a blank.
    found |= dict(parse_qsl((parts["query"] or "").replace("+", "%2B")))
    return {keyword: value for keyword, value in found.items() if value.strip(",")}


def service(environ: Mapping[str, str], settings: Mapping[str, str]) -> str | None:
    """Return the service file for the database that is meant: of the environment, else of the settings.

    None when nothing names a database.

    Raises:
        SettingsInvalid: the settings' credential cannot be read.
        ValueError: an address cannot be read, or cannot be said in a service file; it is not quoted.
    """
    said = environ if names_database(environ) else settings
    dsn = DatabaseSettings.from_env(said).dsn
    if dsn is None:
        return None
    # Of two that say the same, libpq takes the address before the service, and the service before a variable.
    address = keywords(dsn) if dsn else {}
    variables = {keyword: said[name] for name, keyword in _KEYWORDS.items() if said.get(name)}
    other = (variables | address).get("service")
    found = variables | (_entries(other, {**environ, **said}) if other else {}) | address
    found.pop("service", None)
    if any("\n" in value or value != value.strip() for value in found.values()):
        raise ValueError("The database's address has a value with several lines, or blanks at an end.")
    return "\n".join([f"[{SERVICE}]", *(f"{keyword}={value}" for keyword, value in found.items()), ""])


def names_database(environ: Mapping[str, str]) -> bool:
    """Return whether these variables say which database is meant.

    Raises:
        SettingsInvalid: the file that is to say it cannot be read.
    """
    return DatabaseSettings.from_env(environ).dsn is not None


def _entries(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the operator's own service file says of a service: ours cannot refer to it."""
    files = [
        Path(environ.get("PGSERVICEFILE") or Path(environ.get("HOME", "/")) / ".pg_service.conf"),
        Path(environ.get("PGSYSCONFDIR") or "/etc/postgresql-common") / "pg_service.conf",
    ]
    for file in filter(Path.is_file, files):
        entries = parse_service_file(file.read_text(encoding="utf-8")).get(name)
        if entries is not None:
            return entries
    raise ValueError(f"The service {name} is neither in {files[0]} nor in {files[1]}.")


def parse_service_file(text: str) -> dict[str, dict[str, str]]:
    """Return the entries of each service in a service file of libpq."""
    services: dict[str, dict[str, str]] = {}
    entries: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            # Of two services of one name the first counts.
            entries = {}
            services.setdefault(line[1:].partition("]")[0], entries)
        elif "=" in line and not line.startswith("#"):
            keyword, _, value = line.partition("=")
            entries.setdefault(keyword, value)
    return services


def main() -> None:
    """Print the service file; exit with 3 when no database is named, with 1 when that cannot be known."""
    file = Path(sys.argv[1])
    try:
        settings: dict[str, str] = {}
        if not names_database(os.environ):
            # As the scheduler reads them, with what systemd loads beside them as a credential.
            settings = SettingsFile(file, {}).read() if file.exists() else {}
            settings["CREDENTIALS_DIRECTORY"] = str(file.parent)
        said = service(os.environ, settings)
    except (SettingsInvalid, ValueError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename or file} cannot be read ({error.strerror}).")
    if said is None:
        sys.exit(NONE_NAMED)
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
