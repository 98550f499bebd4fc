"""The partners as the database has them: who is new, who has changed, who has left, and who cannot work."""

from __future__ import annotations

import structlog

from database.store import NoCredentials
from providers.errors import DatabaseUnavailable, IntegrationError, SettingsInvalid
from providers.records import Credentials
from providers.registry import adapter_class
from schedulers.partner import PROVIDER, Partner, Source, open_partner
from schedulers.scheduler import ChronoTrackLiveScheduler

log = structlog.get_logger()


class CredentialsWatch:
    """Keeps a scheduler's partners as the database has them; says once what is wrong with which.

    Who cannot work is tried again with each reading: what is wrong may be mended elsewhere than in his row.
    Not to be used from several threads at once.
    """

    def __init__(self, source: Source) -> None:
        """Take where the partners come from; nothing is read yet."""
        self._source = source
        self._provider_name = adapter_class(PROVIDER).provider_name
        # What was said last of a partner who cannot work, and of all of them together.
        self._said_of: dict[int, tuple[Credentials, str]] = {}
        self._said: str | None = None

    def open(self) -> list[Partner]:
        """Return the partners that can work; what is wrong with the others is in the log.

        Raises:
            IntegrationError: nobody has credentials, or the database does not say.
        """
        opened = [self._opened(credentials) for credentials in self._found()]
        return [partner for partner in opened if partner is not None]

    def follow(self, scheduler: ChronoTrackLiveScheduler, *, afresh: bool = False) -> None:
        """Let the scheduler work for the partners of now; who has not changed goes on undisturbed.

        `afresh` says again what is still wrong.

        Raises:
            DatabaseUnavailable: the database does not say.
        """
        if afresh:
            self._said_of, self._said = {}, None
        try:
            found = self._found()
            self._said = None
        except DatabaseUnavailable:
            raise
        except NoCredentials as nobody:
            found = []
            if self._is_news(str(nobody)):
                log.warning("partners.none", reason=str(nobody))
        except IntegrationError as error:
            if self._is_news(str(error)):
                log.warning("credentials.not_read", reason=str(error))
            return
        known = {partner.timing_partner_id: partner.adapter.credentials for partner in scheduler.roster}
        present = {credentials.timing_partner_id for credentials in found}
        for partner_id in self._said_of.keys() - present:
            del self._said_of[partner_id]
        for partner_id in known.keys() - present:
            scheduler.dismiss(partner_id)
            log.info("partner.removed", partner=partner_id)
        for credentials in found:
            if known.get(credentials.timing_partner_id) != credentials:
                self._take_over(scheduler, credentials, is_new=credentials.timing_partner_id not in known)

    def _is_news(self, problem: str) -> bool:
        """Note what is wrong with all of them together; return whether that was not said last."""
        is_news, self._said = problem != self._said, problem
        return is_news

    def _found(self) -> list[Credentials]:
        """Return the partners' credentials as they are in the database now.

        Raises:
            IntegrationError: there are none, or the database does not say.
        """
        return self._source.store.credentials(self._provider_name, self._source.only)

    def _take_over(
        self, scheduler: ChronoTrackLiveScheduler, credentials: Credentials, *, is_new: bool
    ) -> None:
        partner_id, partner = credentials.timing_partner_id, self._opened(credentials)
        if partner is not None:
            scheduler.admit(partner)
            log.info("partner.added" if is_new else "partner.changed", partner=partner_id)
        elif not is_new:
            scheduler.dismiss(partner_id)

    def _opened(self, credentials: Credentials) -> Partner | None:
        """Return the partner of these credentials; None, and a word in the log, when they cannot work."""
        source, partner_id = self._source, credentials.timing_partner_id
        try:
            opened = open_partner(credentials, source.store, source.state, source.clock, source.record)
        except SettingsInvalid as problem:
            said = credentials, str(problem)
            if self._said_of.get(partner_id) != said:
                log.warning("partner.invalid", partner=partner_id, reason=str(problem))
            self._said_of[partner_id] = said
            return None
        self._said_of.pop(partner_id, None)
        return opened
