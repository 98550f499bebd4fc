"""The partners that the daemon works for; they may change while it runs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from schedulers.partner import Partner


class Roster:
    """One partner an id. May be used from several threads at once.

    Who leaves, or is replaced, is closed when the work for him that is under way has ended.
    """

    def __init__(self, partners: Iterable[Partner]) -> None:
        self._lock = threading.Lock()
        self._partners = {partner.timing_partner_id: partner for partner in partners}
        self._open = set(self._partners.values())
        self._at_work: Counter[Partner] = Counter()

    def __iter__(self) -> Iterator[Partner]:
        """Go over the partners as they are now."""
        with self._lock:
            return iter(list(self._partners.values()))

    def __contains__(self, partner: Partner) -> bool:
        """Return whether this is the partner of his id now."""
        with self._lock:
            return self._partners.get(partner.timing_partner_id) is partner

    @contextmanager
    def at_work(self, timing_partner_id: int) -> Iterator[Partner | None]:
        """Lend a partner for the length of the block, within which he is not closed; None: he has left."""
        with self._lock:
            partner = self._partners.get(timing_partner_id)
            if partner is not None:
                self._at_work[partner] += 1
        try:
            yield partner
        finally:
            if partner is not None:
                with self._lock:
                    self._at_work[partner] -= 1
                self._close_if_left(partner)

    def put(self, partner: Partner) -> None:
        """Take a partner in, in place of the one of the same id if there is one."""
        with self._lock:
            before = self._partners.get(partner.timing_partner_id)
            self._partners[partner.timing_partner_id] = partner
            self._open.add(partner)
        if before is not None:
            self._close_if_left(before)

    def remove(self, timing_partner_id: int) -> None:
        """Let a partner go."""
        with self._lock:
            before = self._partners.pop(timing_partner_id)
        self._close_if_left(before)

    def stop(self) -> None:
        """Let nobody wait for anything any more: see `BaseProviderAdapter.stop`."""
        with self._lock:
            still_open = list(self._open)
        for partner in still_open:
            partner.adapter.stop()

    def close(self) -> None:
        """Let everybody go."""
        for partner in self:
            self.remove(partner.timing_partner_id)

    def _close_if_left(self, partner: Partner) -> None:
        with self._lock:
            current = self._partners.get(partner.timing_partner_id)
            if current is partner or self._at_work[partner] > 0 or partner not in self._open:
                return
            del self._at_work[partner]
            self._open.discard(partner)
        partner.adapter.close()
