"""The settings file of an installation, as the deployment writes it.

It runs `python -m operations.settings_template HOST PORT DATABASE`.
"""

from __future__ import annotations

import sys
from urllib.parse import quote

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
# (https://appriseit.com/services), with blanks between them.
#CHRONOTRACK_LIVE_NOTIFY=mailtos://LOGIN:PASSWORD@mail.example.org?to=race.office@example.org
"""


def template(host: str, port: str, database: str) -> str:
    """Return the text for a hub at `host`, a name or the folder of its socket; all else is commented out."""
    url = f"postgresql://chronotrack_live@{quote(host, safe=':[]')}:{port}/{quote(database, safe='')}"
    settings = (f"\n# {each.help} ({each.allowed})\n#{each.variable}={each.default:g}\n" for each in SETTINGS)
    return _HEAD.format(database_url=url) + "".join(settings)


def main() -> None:
    """Print the template for the host, port and database that the arguments name."""
    sys.stdout.write(template(*sys.argv[1:]))


if __name__ == "__main__":
    main()
