"""Adapters by name: plugins of the entry-point group `project88.providers`."""

from __future__ import annotations

from importlib.metadata import entry_points

from providers.base_adapter import BaseProviderAdapter
from providers.errors import SettingsInvalid

GROUP = "project88.providers"


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
