#!/usr/bin/env python3
"""The seven checks of the integration, by path: `chronotrack-live check` is the same.

No test for pytest, whatever its name: those are in tests/, and to import this file does nothing.
"""

from __future__ import annotations

if __name__ == "__main__":
    from providers.script import run

    run("operations.checks.command")
