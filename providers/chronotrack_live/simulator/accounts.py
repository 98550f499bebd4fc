"""The simulator's accounts: who may ask, and for which events."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Account:
    """A ChronoTrack Live user with the API keys that belong to them."""

    client_id: str
    client_secret: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    event_ids: frozenset[str]

    def is_client(self, client_id: str) -> bool:
        """Tell whether `client_id` is this account's."""
        return same(client_id, self.client_id)

    def is_secret(self, client_secret: str) -> bool:
        """Tell whether `client_secret` is this account's."""
        return same(client_secret, self.client_secret)

    def is_user(self, user: str) -> bool:
        """Tell whether `user` is this account's e-mail address."""
        return same(user, self.user)

    def is_password(self, given: str, forms: Iterable[str]) -> bool:
        """Tell whether `given` is the password in one of the forms plain, sha1 and sha256 (in hex)."""
        clear = self.password.encode()
        right = {
            "plain": same(given, self.password),
            "sha1": same(given.lower(), hashlib.sha1(clear, usedforsecurity=False).hexdigest()),
            "sha256": same(given.lower(), hashlib.sha256(clear).hexdigest()),
        }
        return any(right[form] for form in forms)


def same(given: str, true: str) -> bool:
    """Compare two texts in a time that says nothing about where they differ."""
    return hmac.compare_digest(given.encode(), true.encode())


def numbered_account(number: int, event_ids: frozenset[str]) -> Account:
    """Return the invented account with a number, from 1 on, that sees the events with these ids.

    The first is demo@chronotrack.test with `demo-password`, the others are demo2@ with `demo-password-2` and
    so on; their client ids are demo0001, demo0002 and so on.
    """
    client_id = f"demo{number:04}"
    return Account(
        client_id=client_id,
        client_secret=hashlib.sha1(client_id.encode(), usedforsecurity=False).hexdigest(),
        user=f"demo{number if number > 1 else ''}@chronotrack.test",
        password=f"demo-password{f'-{number}' if number > 1 else ''}",
        event_ids=event_ids,
    )


def demo_accounts(first_events: frozenset[str], second_events: frozenset[str]) -> tuple[Account, Account]:
    """Return the two accounts of the demo, who see the events with these ids."""
    return numbered_account(1, first_events), numbered_account(2, second_events)
