"""The errors that the simulated API answers with.

ApiError                400
├── OversizeError       400
├── UnauthorizedError   401
├── NotFoundError       404
│   └── UnknownEventError
└── ArchivedError       400, an assumption: only the text of this error is known

Where the status is not publicly known, a variant may answer with another one.
"""

from __future__ import annotations


class ApiError(Exception):
    """The request cannot be answered."""

    status = 400

    def __str__(self) -> str:
        return super().__str__() or (self.__doc__ or "")


class OversizeError(ApiError):
    """There are fewer rows to a page."""


class UnauthorizedError(ApiError):
    """These credentials open no account."""

    status = 401


class NotFoundError(ApiError):
    """There is no such resource."""

    status = 404


class UnknownEventError(NotFoundError):
    """There is no such resource."""  # an event: of these alone it is not known what the API says


class ArchivedError(ApiError):
    """Event is archived."""

    status = 400
