"""The ChronoTrack Live REST API over HTTP: requests and answers, nothing of what they mean.

Source of every path, wrapper key and header: the fact sheet of the API, sections 1 to 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

import structlog
from requests.auth import AuthBase

from providers import statistics
from providers.chronotrack_live.answers import (
    EVENTS,
    BadRequest,
    Forbidden,
    Reply,
    check,
    not_visible,
    page_of,
    token_of,
)
from providers.chronotrack_live.auth import Token, client_auth, login_of, secrets_of
from providers.chronotrack_live.pages import Page, Reading, Row
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.chronotrack_live.transport import Request, Transport
from providers.errors import CredentialsRefused, IntegrationError
from providers.recording import Recording

AnswerT = TypeVar("AnswerT")

# Page sizes, the best first: two independent clients name 1000 as the maximum, 50 is the API's default, and
# those between were seen to work (fact sheet, section 3). What the API does with a size that is too large is
# not known: if it clamps it, its headers say so; if it answers 400, the next size is tried.
_PAGE_SIZES = (1000, 500, 200, 100, 50)
# Pages after the first that are under way at once, over all lists of a partner. Each list has a few of
# them, so that one event that is slow to answer leaves room for the others.
_CONNECTIONS = 40
# What people know the request for a token by.
_TOKEN = "oauth2/token"  # noqa: S105 - a path


class Attempt(Protocol):
    """Makes a request within the budget, and repeats it when that may help."""

    def __call__(self, request: Callable[[], AnswerT]) -> AnswerT:
        """Return what the request returns."""


class ChronoTrackLiveClient:
    """One partner's connection to the API. May be used from several threads at once."""

    def __init__(
        self,
        settings: ChronoTrackLiveSettings,
        attempt: Attempt,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        """Prepare the connections.

        Args:
            settings: where the API is and who asks.
            attempt: makes a request within the budget and repeats it when that may help.
            log: the partner's.
        """
        self._settings = settings
        self._attempt = attempt
        self._transport = Transport(settings.base_url, settings.timeout, log)
        self._sizes: tuple[int, ...] = _PAGE_SIZES
        self._taken_size = 0
        self._takes_columns: bool | None = None
        self._login = login_of(settings, lambda: attempt(self._grant))
        self._workers = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="chronotrack-live-api")

    def listing(
        self, path: str, wrapper: str, is_new: Callable[[Row], bool], **parameters: str
    ) -> Reading[Reply]:
        """Read a list, page after page, for example `event/89332/entry` wrapped in "event_entry".

        Args:
            path: below the base URL.
            wrapper: the key of the list in the answer.
            is_new: told every row in order; whether it is not a repeat.
            parameters: of the query.

        Raises (while iterating):
            NotFound, EventArchived, CredentialsRefused, AnswerUnusable, RetryLater.
        """
        return Reading(
            partial(self._page, path, parameters), partial(_counted_page, wrapper), is_new, self._workers
        )

    def announced_rows(self, path: str, wrapper: str, **parameters: str) -> int | None:
        """Ask for the smallest page of a list; return how many rows the whole list is said to have.

        None when the answer does not say.

        Raises:
            NotFound, EventArchived, CredentialsRefused, AnswerUnusable, RetryLater.
        """
        smallest = {**parameters, "page": "1", "size": "1"}
        return _counted_page(wrapper, self._asked(path, smallest)).row_count

    def probe(self) -> None:
        """Ask for the smallest list that there is.

        Raises:
            CredentialsRefused, AnswerUnusable, RetryLater.
        """
        _counted_page(EVENTS, self._asked(EVENTS, {"page": "1", "size": "1"}))

    def record_to(self, recording: Recording) -> None:
        """Keep from now on what the API answers, without what is secret in it."""
        for secret in secrets_of(self._settings):
            recording.hide(secret)
        self._transport.recording = recording

    def close(self) -> None:
        """Close the connections."""
        self._workers.shutdown(cancel_futures=True)
        self._transport.close()

    def _page(self, path: str, parameters: Mapping[str, str], number: int) -> Reply:
        """Ask for a page of a list, with the columns that are needed where the API allows to name them."""
        if "columns" not in parameters:
            return self._sized_page(path, parameters, number)
        if self._takes_columns is not False:
            try:
                reply = self._sized_page(path, parameters, number)
            except BadRequest:
                if self._takes_columns:
                    raise
            else:
                self._takes_columns = True
                return reply
        every = {name: value for name, value in parameters.items() if name != "columns"}
        reply = self._sized_page(path, every, number)
        # It is taken without them, so they were to blame.
        self._takes_columns = False
        return reply

    def _sized_page(self, path: str, parameters: Mapping[str, str], number: int) -> Reply:
        """Ask for a page of a list, in the largest size that the API takes."""
        while True:
            sizes = self._sizes
            query = {**parameters, "page": str(number), "size": str(sizes[0])}
            try:
                reply = self._asked(path, query)
            except BadRequest:
                # Once the size was taken, it is something else that the API does not like.
                if sizes[0] == self._taken_size:
                    raise
                if len(sizes) == 1:
                    # It was not the size.
                    self._sizes = _PAGE_SIZES
                    raise
                # Another thread may be further down already.
                self._sizes = min(self._sizes, sizes[1:], key=len)
            else:
                self._taken_size = sizes[0]
                return reply

    def _asked(self, path: str, query: Mapping[str, str]) -> Reply:
        """Make a request. Below an event a refusal may mean the event or the login: the event list tells."""
        try:
            return self._signed(path, query)
        except CredentialsRefused as refusal:
            if path == EVENTS:
                raise
            may_be_the_token = not isinstance(refusal, Forbidden) and self._settings.auth == "oauth2"
        self.probe()
        if may_be_the_token:
            # The lists that are read side by side may have used up a token that the API soon forgets.
            with suppress(CredentialsRefused):
                return self._signed(path, query)
        raise not_visible(path, self._settings)

    def _signed(self, path: str, query: Mapping[str, str]) -> Reply:
        """Make a request with what signs it now; once more when that has just been renewed."""
        auth = self._login.current()
        try:
            return self._attempt(partial(self._ask, path, query, auth))
        except CredentialsRefused as refusal:
            if isinstance(refusal, Forbidden) or not self._login.is_renewed(auth):
                raise
        return self._attempt(partial(self._ask, path, query, self._login.current()))

    def _ask(self, path: str, query: Mapping[str, str], auth: AuthBase) -> Reply:
        client = {"client_id": self._settings.client_id} if self._settings.client_id else {}
        reply = self._transport.send(
            Request(
                path=path,
                url=f"{self._settings.base_url}/{path}",
                shown={"format": "json", **query},
                hidden=client,
                headers={"X-Ctlive-Page": query["page"], "X-Ctlive-Per-Page": query["size"]},
                auth=auth,
            )
        )
        check(reply, self._settings)
        return reply

    def _grant(self) -> Token:
        """Ask for a token by login and password: the one call that is not below the base URL."""
        reply = self._transport.send(
            Request(
                path=_TOKEN,
                url=self._settings.token_url,
                shown={"grant_type": "password"},
                hidden={"username": self._settings.user, "password": self._settings.secret},
                auth=client_auth(self._settings),
                is_secret=True,
            )
        )
        token = token_of(reply, self._settings)
        if self._transport.recording:
            self._transport.recording.hide(token.access)
        return token


def _counted_page(wrapper: str, reply: Reply) -> Page:
    try:
        page = page_of(reply, wrapper)
    except IntegrationError as error:
        statistics.current().count_error(error.category)
        raise
    statistics.current().count_rows(len(page.rows))
    return page
