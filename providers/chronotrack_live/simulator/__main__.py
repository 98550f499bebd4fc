"""Run the simulator by itself: python -m providers.chronotrack_live.simulator --port 0."""

from __future__ import annotations

from .command import command

if __name__ == "__main__":
    command()
