"""Who looks on while the scheduler works: the metrics, whoever tells people of changes, or nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from providers.accounts import SyncReport
from schedulers.partner import Partner
from schedulers.windows import Phase


class Observer(Protocol):
    """Is told what happens, from several threads at once; it answers at once and raises nothing."""

    def done(self, report: SyncReport, partner: Partner) -> None:
        """Take the report of an operation that has ended."""

    def stands(self, followed: Mapping[Partner, Mapping[Phase, int]], *, database_is_there: bool) -> None:
        """Take how things stand: every partner, with how many events are in each phase, and the database."""


class Nobody:
    """The observer where there is none."""

    def done(self, report: SyncReport, partner: Partner) -> None:
        """Look away."""

    def stands(self, followed: Mapping[Partner, Mapping[Phase, int]], *, database_is_there: bool) -> None:
        """Look away."""


class Observers:
    """Several of them, of whom each is told everything."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def done(self, report: SyncReport, partner: Partner) -> None:
        """Pass the report on."""
        for observer in self._observers:
            observer.done(report, partner)

    def stands(self, followed: Mapping[Partner, Mapping[Phase, int]], *, database_is_there: bool) -> None:
        """Pass on how things stand."""
        for observer in self._observers:
            observer.stands(followed, database_is_there=database_is_there)
