"""The exit codes of the commands, beside 0 for all well; the monitor has a Nagios plugin's.

It imports nothing, so that who finds a package missing can use it.
"""

from __future__ import annotations

SOMETHING_FAILED = 1
COULD_NOT_START = 2
INTERRUPTED = 130
