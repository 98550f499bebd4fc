"""The daemon as a process: signals, the service manager, a database that is away, what is read again."""

from __future__ import annotations

import math
import os
import queue
import signal
import threading
from contextlib import closing
from datetime import timedelta

import structlog

from database.refusal import refuses
from providers.errors import DatabaseUnavailable, SettingsInvalid
from providers.exit_codes import COULD_NOT_START, INTERRUPTED
from schedulers.credentials_watch import CredentialsWatch
from schedulers.database_watch import FIRST_WAIT, LONGEST_WAIT
from schedulers.lanes import Job
from schedulers.observer import Observer
from schedulers.partner import Partner, Source
from schedulers.scheduler import BEAT, HOUSE, ChronoTrackLiveScheduler
from schedulers.settings import SchedulerSettings
from schedulers.settings_file import SettingsFile
from schedulers.systemd import Systemd

# How long collections under way may go on after a signal, in seconds; what is not done then is rolled back
# by the database. systemd and whoever else waits are promised 30.
_LAST_MOMENT = 28.0
# The scheduler gives a sign of life so often, in seconds, or twice in what the watchdog allows. It notices
# then, too, that the clock was set forward.
_BEAT_SECONDS = 10.0
# When the credentials could not be read again for want of the database, the next try.
_READ_AGAIN = timedelta(seconds=5)

log = structlog.get_logger()


class Daemon:
    """Runs the scheduler until a signal ends it."""

    def __init__(
        self, source: Source, settings_file: SettingsFile, observer: Observer, systemd: Systemd
    ) -> None:
        """Take what it works with; the settings are read here.

        Raises:
            SettingsInvalid: they are impossible.
        """
        self._source = source
        self._credentials = CredentialsWatch(source)
        self._settings_file = settings_file
        self._environ = settings_file.read()
        self._settings = SchedulerSettings.from_env(self._environ)
        self._observer = observer
        self._systemd = systemd
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._ending = False

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return the exit code.

        What is under way then has 28 seconds; a second signal ends the process at once. SIGHUP reads the
        settings again, and at once the partners' credentials, which are read once an interval anyway. A
        database that does not answer yet is waited for.

        Raises:
            IntegrationError: it cannot start, and waiting would not help.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._take)
        partners = self._awaited_partners()
        if partners is None:
            return 0
        if not partners:
            return COULD_NOT_START
        source = self._source
        self._scheduler = ChronoTrackLiveScheduler(
            partners, source.store, source.clock, self._settings, self._observer, self._follow_the_credentials
        )
        with closing(self._scheduler.roster):
            self._scheduler.start()
            log.info("scheduler.started", partners=[partner.timing_partner_id for partner in partners])
            self._systemd.ready(self._scheduler.tell_how_things_stand())
            self._go_on()
            self._systemd.stopping()
            log.info("scheduler.stopping")
            self._scheduler.stop()
        log.info("scheduler.stopped")
        return 0

    def _take(self, number: int, _frame: object) -> None:
        """Note a signal; the main thread, which only waits, hears of it at once."""
        if number == signal.SIGHUP:
            self._signals.put(number)
            return
        if self._ending:
            os._exit(INTERRUPTED)
        self._ending = True
        self._signals.put(number)
        # Whatever hangs now, an API or the database: nothing is waited for any longer than this.
        last_moment = threading.Timer(_LAST_MOMENT, _give_up)
        last_moment.daemon = True
        last_moment.start()

    def _signal_within(self, seconds: float) -> int | None:
        try:
            return self._signals.get(timeout=seconds)
        except queue.Empty:
            return None

    def _awaited_partners(self) -> list[Partner] | None:
        """Wait until the database answers, and return the partners that can work.

        None when a signal to end comes first.

        Raises:
            IntegrationError: it answers, and refuses, or nobody has credentials: waiting would not help.
        """
        wait = FIRST_WAIT
        while not self._ending:
            try:
                self._source.store.answers()
                # It may break between one answer and the next.
                return self._credentials.open()
            except DatabaseUnavailable as error:
                if refuses(error):
                    raise
                if wait == FIRST_WAIT:
                    log.warning("database.awaited", reason=str(error))
                    self._observer.stands({}, database_is_there=False)
                self._systemd.starting("Waiting for the database", (wait + LONGEST_WAIT).total_seconds())
                self._signal_within(wait.total_seconds())
                wait = min(2 * wait, LONGEST_WAIT)
        return None

    def _go_on(self) -> None:
        """Give signs of life and read settings and credentials again, until a signal to end comes."""
        every = min(_BEAT_SECONDS, (self._systemd.watchdog or math.inf) / 2)
        clock, lanes = self._source.clock, self._scheduler.lanes
        while not self._ending:
            # By way of the scheduler's own thread and a worker: whoever is stuck gives no sign.
            lanes.plan(Job("beat", BEAT, clock.now(), self._beat))
            if self._signal_within(every) == signal.SIGHUP:
                self._systemd.reloading()
                lanes.plan(Job("settings", HOUSE, clock.now(), self._read_settings))
                lanes.plan(Job("credentials", HOUSE, clock.now(), self._read_credentials))

    def _beat(self) -> None:
        self._scheduler.look_at_the_clock()
        self._scheduler.look_whether_the_database_hangs()
        self._systemd.alive(self._scheduler.tell_how_things_stand())

    def _read_settings(self) -> None:
        """Go by the settings as they are now; by those before, when these are impossible."""
        try:
            environ = self._settings_file.read()
            settings = SchedulerSettings.from_env(environ)
        except SettingsInvalid as problem:
            log.warning("settings.invalid", reason=str(problem))
            return
        warn_of_unknown(self._settings_file)
        before = self._settings
        if settings != before:
            self._scheduler.go_by(settings)
        for name, value in settings.values.items():
            if value != before.values[name]:
                log.info("setting.changed", setting=name, before=before.values[name], now=value)
        changed = {name for name, _ in self._environ.items() ^ environ.items()} - settings.values.keys()
        if changed:
            # By their names alone: one of them is the database's address, with its password.
            log.warning("settings.want_restart", settings=sorted(changed))
        self._settings, self._environ = settings, environ

    def _follow_the_credentials(self) -> None:
        self._credentials.follow(self._scheduler)

    def _read_credentials(self) -> Job | None:
        """Take the partners as they are in the database now, and say again what is wrong with them."""
        try:
            self._credentials.follow(self._scheduler, afresh=True)
        except DatabaseUnavailable:
            again = self._source.clock.now() + _READ_AGAIN
            return Job("credentials", HOUSE, again, self._read_credentials)
        self._systemd.ready(self._scheduler.tell_how_things_stand())
        return None


def warn_of_unknown(settings_file: SettingsFile) -> None:
    """Say which settings of the file, as it was last read, nobody knows: they may be misspelt."""
    if settings_file.unknown:
        log.warning("settings.unknown", settings=settings_file.unknown)


def _give_up() -> None:
    """End the process though something still runs: its transaction, if it has one, is rolled back."""
    log.warning("scheduler.gave_up", reason=f"What ran had {_LAST_MOMENT:.0f} seconds to end.")
    os._exit(0)
