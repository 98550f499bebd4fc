"""The secrets of a scene, and where they were told: files, tables."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable
from pathlib import Path

from providers.chronotrack_live.simulator.accounts import Account
from tests.acceptance import secrets_marked
from tests.acceptance.secrets_search import told_in_folder, told_in_tables
from tests.soak.truth import Query

# In the address of every scene's database; who trusts us does not ask for it.
DATABASE_PASSWORD = secrets_marked.DATABASE_PASSWORD


def forms_of(accounts: Iterable[Account]) -> set[str]:
    """Return what would give accounts away: passwords as they are and as they are sent, client secrets."""
    forms = set()
    for account in accounts:
        password = account.password.encode()
        digests = [hashlib.new(name, password).hexdigest() for name in ("sha1", "sha256")]
        forms |= {account.password, account.client_secret, *digests}
        forms |= {
            b64encode(f"{account.user}:{sent}".encode()).decode() for sent in (account.password, *digests)
        }
    return forms


def telling(forms: Iterable[str]) -> Callable[[str | bytes], list[str]]:
    """Return what finds, in a text, these forms and those of the database's password."""
    wanted = [form.lower().encode() for form in forms]

    def told(said: str | bytes) -> list[str]:
        text = (said.encode("utf-8", "surrogateescape") if isinstance(said, str) else said).lower()
        found = [form.decode() for form in wanted if form in text]
        return [*found, *secrets_marked.told(text)]

    return told


def told(folder: Path, query: Query, forms: Iterable[str]) -> list[str]:
    """Return a sentence for each of these forms that stands in a file of a folder or in a table."""
    found = telling(forms)
    places = (*told_in_folder(folder, found), *told_in_tables(query, found))
    return [f"a secret was told: {place}" for place in places]
