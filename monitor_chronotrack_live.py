"""The health of the integration in one screen: `python monitor_chronotrack_live.py`.

The same as `chronotrack-live monitor`.
"""

from __future__ import annotations

from providers.script import run

if __name__ == "__main__":
    # To Nagios, 2 is critical and 3 is unknown.
    run("operations.monitor", could_not_start=3)
