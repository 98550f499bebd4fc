"""How the property tests run: without a deadline, and with what they remember in .cache."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(__file__).resolve().parents[2] / ".cache" / "hypothesis")
settings.register_profile("project88", deadline=None)
settings.load_profile("project88")
