"""The settings file of an installation, as the deployment writes it.

It runs `python -m operations.settings_template HOST PORT DATABASE SERVICE_FILE`: where psql has got to, and
what it was told to get there.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from operations.libpq_service import SERVICE, parse_service_file
from schedulers.settings import SETTINGS

_HEAD = """\
# Settings of ChronoTrack Live, lines NAME=value: systemd gives them to the scheduler, who reads them again on
# `systemctl reload`. docs/settings.md has all of them.

# The hub's database, with the daemon's role. Where the server asks for a password, give the role one
# (psql: \\password chronotrack_live) and write it behind its name: chronotrack_live:PASSWORD@
DATABASE_URL={database_url}

# The port on which Prometheus finds the scheduler's metrics.
#CHRONOTRACK_LIVE_METRICS_PORT=9464

# Whom to tell when a partner is refused, an event fails, is late or is well again: URLs of apprise
# (https://appriseit.com/services), with blanks between them, in single quotes: a shell reads it too.
#CHRONOTRACK_LIVE_NOTIFY='mailtos://LOGIN:PASSWORD@mail.example.org?to=race.office@example.org'
"""


# What is the owner's alone, or says who speaks: the daemon has its own.
_OWNERS = {"user", "password", "passfile", "sslpassword"}
_SPEAKERS = {"application_name", "fallback_application_name", "client_encoding"}
_IN_PATH = {"host", "port", "dbname"}


def template(address: Mapping[str, str]) -> str:
    """Return the text for a hub at an address in libpq's keywords; all but the database is commented out.

    `host` is a name or the folder of a socket, or several with commas between them; of `port` there is one or
    as many.
    """
    settings = (f"\n# {each.help} ({each.allowed})\n#{each.variable}={each.default:g}\n" for each in SETTINGS)
    return _HEAD.format(database_url=shlex.quote(_url(address))) + "".join(settings)


def _url(address: Mapping[str, str]) -> str:
    """Return the address for the daemon's role: how the server is to prove itself stays as it was said."""
    hosts, ports = address["host"].split(","), address["port"].split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    servers = ",".join(
        f"[{host}]:{port}" if ":" in host else f"{quote(host, safe='')}:{port}"
        for host, port in zip(hosts, ports, strict=True)
    )
    further = {
        keyword: value for keyword, value in address.items() if keyword not in _OWNERS | _SPEAKERS | _IN_PATH
    }
    query = f"?{urlencode(further, quote_via=quote, safe='')}" if further else ""
    return f"postgresql://chronotrack_live@{servers}/{quote(address['dbname'], safe='')}{query}"


def main() -> None:
    """Print the template for the database that the arguments name."""
    host, port, database, service_file = sys.argv[1:]
    told = parse_service_file(Path(service_file).read_text(encoding="utf-8"))[SERVICE]
    sys.stdout.write(template({"host": host, "port": port, "dbname": database} | told))


if __name__ == "__main__":
    main()
