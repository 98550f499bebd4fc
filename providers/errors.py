"""Every error of the integration, named by what the caller does about it.

    IntegrationError
    ├── RetryLater              the same call may go well later
    │   ├── ApiUnreachable        no connection, or no answer in time
    │   ├── TooManyRequests       429; knows how long to wait when the API says so
    │   ├── ServerFailed          the API answers 5xx
    │   └── DatabaseUnavailable   PostgreSQL cannot be reached, or the connection broke
    ├── SkipThis                leave this event or row out and go on with its neighbours
    │   ├── EventArchived         the provider has locked the event away
    │   ├── NotFound              the API does not know it
    │   ├── DuplicateEvent        the hub already has it from another source
    │   ├── CollectedElsewhere    another process is collecting it this very moment
    │   └── RowRejected           one row cannot be understood; carries the row
    ├── AnswerUnusable          an answer that is not data; this poll failed, the next may not
    ├── DatabaseRefused         PostgreSQL refused a statement; this transaction wrote nothing
    └── StopPartner             nothing more can be done for this partner until a person acts
        ├── CredentialsRefused    401 or 403
        ├── SettingsInvalid       a setting or a credentials row is impossible
        └── SchemaNotReady        the database lacks the integration's tables or columns

`category` is the word under which statistics, `sync_history` and logs count an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

# What a row of a provider's list would have been.
RowKind = Literal["event", "race", "participant", "result"]


class IntegrationError(Exception):
    """Something went wrong in the integration."""

    category: ClassVar[str] = "error"


class RetryLater(IntegrationError):
    """It did not work this time; the same call may go well later."""

    category = "retry"


class ApiUnreachable(RetryLater):
    """The API could not be reached, or did not answer in time."""

    category = "unreachable"


class TooManyRequests(RetryLater):
    """The API says that it was asked too often.

    `retry_after` is the wait in seconds that the API asked for, None when it named none.
    """

    category = "rate_limited"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerFailed(RetryLater):
    """The API reports a failure of its own (HTTP 5xx).

    `retry_after` is the wait in seconds that the API asked for, None when it named none.
    """

    category = "server_error"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DatabaseUnavailable(RetryLater):
    """PostgreSQL cannot be reached, or the connection broke."""

    category = "database"


class SkipThis(IntegrationError):
    """An event or row that is left out; its neighbours are not concerned."""

    category = "skipped"


class EventArchived(SkipThis):
    """The provider has locked the event away; its owner may be able to open it again."""

    category = "archived"


class NotFound(SkipThis):
    """The API does not know it, or these credentials may not see it."""

    category = "not_found"


class DuplicateEvent(SkipThis):
    """The hub already has this event from another source."""

    category = "duplicate"


class CollectedElsewhere(SkipThis):
    """Another process is collecting this event at this very moment."""

    category = "collected_elsewhere"


class RowRejected(SkipThis):
    """One row of an answer cannot be understood.

    Args:
        reason: why, in words for a person.
        kind: what it would have been.
        payload: the row as the API sent it.
        api_id: the API's id of it, as text or number; None when it has none.
    """

    category = "rejected_row"

    def __init__(
        self, reason: str, *, kind: RowKind, payload: Mapping[str, object], api_id: str | int | None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.payload = payload
        self.api_id = None if api_id is None else str(api_id)


class AnswerUnusable(IntegrationError):
    """The API answered with something that is not the data that was asked for."""

    category = "malformed"


class DatabaseRefused(IntegrationError):
    """PostgreSQL refused a statement; its transaction wrote nothing."""

    category = "database_refused"


class StopPartner(IntegrationError):
    """Nothing more can be done for this partner until a person acts."""

    category = "stopped"


class CredentialsRefused(StopPartner):
    """The API refuses the partner's credentials."""

    category = "refused"


class SettingsInvalid(StopPartner):
    """A setting or a credentials row holds something impossible."""

    category = "settings"


class SchemaNotReady(StopPartner):
    """The database lacks tables or columns of the integration; run `chronotrack-live migrate`."""

    category = "schema"
