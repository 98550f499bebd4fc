"""The errors that the simulated API answers with.

ApiError
├── UnauthorizedError   401
├── NotFoundError       404
└── ArchivedError       400, an assumption: only the text of this error is known
"""

from __future__ import annotations


class ApiError(Exception):
    """The request cannot be answered."""

    status = 400

    def __str__(self) -> str:
        return super().__str__() or (self.__doc__ or "")


class UnauthorizedError(ApiError):
    """These credentials open no account."""

    status = 401


class NotFoundError(ApiError):
    """There is no such resource."""

    status = 404


class ArchivedError(ApiError):
    """Event is archived."""

    status = 400
