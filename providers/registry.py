"""Adapters by name: plugins of the entry-point group `project88.providers`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path

from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock
from providers.errors import SettingsInvalid
from providers.rate_limit import RequestBudget
from providers.recording import Recording
from providers.records import Credentials

GROUP = "project88.providers"

_SMELLS_OF_A_SECRET = re.compile("(^|_)(secret|password|token|key)$")


def adapter_class(name: str) -> type[BaseProviderAdapter]:
    """Return the adapter class that is registered as `name`, for example "chronotrack_live".

    Raises:
        SettingsInvalid: no installed package registers that name; the message lists those there are.
    """
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none; install the package: pip install -e ."
        raise SettingsInvalid(f"No provider is called {name!r}. Known: {known}.")
    loaded: type[BaseProviderAdapter] = found[name].load()
    return loaded


def open_adapter(
    name: str, credentials: Credentials, state: Path, clock: Clock, record: Path | None = None
) -> BaseProviderAdapter:
    """Return the adapter `name` for these credentials, drawing from the partner's request budget.

    Args:
        name: as registered.
        credentials: the partner's.
        state: the state folder, where the budget's account is kept.
        clock: by which the budget's windows run.
        record: the folder in which the answers are recorded, in one of its own for each partner.

    Raises:
        SettingsInvalid: the name, the credentials row or the folder cannot work.
    """
    adapter = adapter_class(name)
    limit = adapter.limit(credentials)
    account = f"{name}-partner-{credentials.timing_partner_id}"
    budget = RequestBudget(state / "budget", account, limit, clock)
    try:
        opened = adapter(credentials, budget)
    except BaseException:
        budget.close()
        raise
    if record is not None:
        try:
            opened.record_to(Recording(record / account, _secrets(credentials)))
        except BaseException:
            opened.close()
            raise
    return opened


def _secrets(credentials: Credentials) -> list[str]:
    """Return what must not be recorded: the secret, and whatever in additional_config is named like one."""
    config = credentials.additional_config if isinstance(credentials.additional_config, Mapping) else {}
    named = [value for name, value in config.items() if _SMELLS_OF_A_SECRET.search(name.lower())]
    return [text for text in (credentials.secret, *named) if isinstance(text, str) and text]
