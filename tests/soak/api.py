"""An API as our processes reach it: behind a proxy, with a log of what is asked on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, Self
from urllib.parse import urlsplit

from providers.chronotrack_live.simulator.accounts import Account, numbered_account
from providers.chronotrack_live.simulator.process import SimulatorProcess
from tests.soak.proxy import Proxy
from tests.soak.request_log import RequestLog

# What an event ends up with, and the partner who has it.
Expected = Sequence[tuple[int, dict[str, Any]]]

# What each partner has in the end. Partner 1 has the 5K by TCP.
_COLLECTED = (
    (1, "Harbour City Marathon"),
    (1, "Winter Trail Run"),
    (2, "Harbour City 5K"),
    (2, "Lakeside Half Marathon"),
)


class Api:
    """A context manager: inside, `base_url` leads to an API by way of a proxy.

    Attributes:
        proxy: what may be told to break things.
        log: what was asked.
        accounts: who may ask, in the order of their partners, from 1 on.
    """

    def __init__(self, address: str, accounts: int, dice: Random) -> None:
        """Prepare it.

        Args:
            address: of the API, as http://127.0.0.1:PORT/api.
            accounts: how many of the simulator's accounts there are.
            dice: what decides which requests the proxy strikes.
        """
        self.log = RequestLog()
        self.proxy = Proxy(_server(address), dice, self.log.listening)
        self.accounts: list[Account] = [
            numbered_account(number, frozenset()) for number in range(1, accounts + 1)
        ]
        self._path = urlsplit(address).path

    @property
    def base_url(self) -> str:
        """The address for the partners' settings."""
        return "http://{}:{}".format(*self.proxy.address) + self._path

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        self.proxy.__exit__(*failure)


class Race(Api):
    """The simulator's morning of races of two partners, some of which TCP has as well; or its archive."""

    def __init__(
        self,
        simulator: SimulatorProcess,
        accounts: int,
        dice: Random,
        over: datetime,
        healthy: Callable[[], SimulatorProcess],
    ) -> None:
        """Prepare the way to a simulator that runs.

        Args:
            simulator: the simulator.
            accounts: how many partners it has.
            dice: what decides which requests the proxy strikes.
            over: the real instant (aware) at which everything is published.
            healthy: starts a simulator of the same world without faults.
        """
        super().__init__(simulator.base_url, accounts, dice)
        self._simulator = simulator
        self._over = over
        self._healthy = healthy
        truths = [simulator.ground_truth(event_id) for event_id in simulator.event_ids()]
        self.truths = {truth["event_name"]: truth for truth in truths}
        # Whose ids the neighbours have, and what TCP has delivered.
        self.shared = self.truths.get("Harbour City Marathon", truths[0])
        self.by_tcp = self.truths.get("Harbour City 5K")

    @property
    def collected(self) -> Expected:
        """What the daemon is to bring in."""
        return [(partner, self.truths[name]) for partner, name in _COLLECTED]

    def struck(self) -> Counter[str]:
        """Return in how many answers each of the simulator's faults has struck until now, by its name."""
        return Counter(self._simulator.struck())

    def heal(self) -> None:
        """Have no faults any more: let a healthy simulator of the same world answer from now on."""
        self.proxy.turn_to(_server(self._healthy().base_url))

    def is_over(self) -> bool:
        """Return whether everything is published that ever will be."""
        return datetime.now(UTC) >= self._over


def _server(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or 80
