"""Schedulers over the hub of a test, each as a process of its own would have it."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing

from database.connection import Database
from database.store import Store
from schedulers.partner import Partner
from schedulers.scheduler import ChronoTrackLiveScheduler
from schedulers.settings import SchedulerSettings
from tests.integration.scripted_provider import ScriptedProvider

PATIENCE = 60


class WatchedProvider(ScriptedProvider):
    """Counts the discoveries; one can be held up, and credentials refused.

    Attributes:
        error: what a test of the credentials raises; None while they are accepted.
        discovering: set when a discovery is under way.
        go_on: while it is not set, a discovery gets no answer.
        tests: how often the credentials were tested.
        discoveries: how often events were asked for.
    """

    def __init__(self, credentials, folder, clock):
        super().__init__(credentials, folder, clock)
        self.error = None
        self.discovering, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.tests = self.discoveries = 0

    def authenticate(self):
        self.tests += 1
        if self.error is not None:
            raise self.error

    def get_events(self, since, until):
        self.discoveries += 1
        self.discovering.set()
        assert self.go_on.wait(PATIENCE)
        return super().get_events(since, until)


class Schedulers:
    """A context manager: inside, schedulers may be started; at its end they are stopped."""

    def __init__(self, dsn, folder):
        self._dsn, self._folder = dsn, folder
        self._opened = ExitStack()
        self._running = []
        self._stores = {}

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self._opened.close()

    def start(self, credentials, clock, *, prepare=None, observer=None, **settings):
        """Start one for a partner; return it and its provider, which `prepare` is given before."""
        database = self._opened.enter_context(closing(Database(self._dsn)))
        store = self._opened.enter_context(closing(Store(database)))
        partner, provider = self.partner(credentials, clock, store)
        scheduler = ChronoTrackLiveScheduler(
            [partner], store, clock, SchedulerSettings.from_env(settings), observer
        )
        self._stores[scheduler] = store
        self._opened.callback(self.stop, scheduler)
        self._opened.callback(provider.go_on.set)
        if prepare is not None:
            prepare(provider)
        self._running.append(scheduler)
        scheduler.start()
        return scheduler, provider

    def admit(self, scheduler, credentials, clock, error=None):
        """Give a scheduler a partner anew, as with other credentials; return his provider.

        A test of the credentials raises the error, if there is one.
        """
        partner, provider = self.partner(credentials, clock, self._stores[scheduler])
        provider.error = error
        scheduler.admit(partner)
        return provider

    def stop(self, scheduler):
        """Stop one, as a process stops that ends; once is enough."""
        if scheduler in self._running:
            self._running.remove(scheduler)
            scheduler.stop()

    def partner(self, credentials, clock, store):
        """Return a partner of these credentials, and his provider."""
        provider = WatchedProvider(credentials, self._folder, clock)
        self._opened.callback(provider.close)
        return Partner(provider, store, clock), provider
