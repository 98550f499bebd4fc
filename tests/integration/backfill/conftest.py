"""A run over partners whose provider says what a test tells it to say."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from backfill.board import Board
from backfill.options import Options, scope_of
from backfill.outage import Outage
from backfill.partner import PastPartner
from backfill.run import Run
from providers.room import Room
from tests.integration.backfill.past_provider import PastProvider


@pytest.fixture
def provide(add_partner, tmp_path, clock):
    """A maker of partners with past events."""
    with ExitStack() as stack:

        def make(events):
            credentials = add_partner()
            folder = tmp_path / f"partner-{credentials.timing_partner_id}"
            provider = PastProvider(credentials, folder, clock, events)
            stack.callback(provider.close)
            return provider

        yield make


@pytest.fixture
def prepared(store, clock):
    """A maker of runs over some providers."""

    def prepare(
        *providers, answers=store.answers, patience=300.0, lists_patience=60.0, again=False, **options
    ):
        chosen = Options(api_delay=0, **options)
        room, board = Room(), Board(moving=False)
        partners = [PastPartner(p, store, clock, chosen, room, board.say) for p in providers]
        scope = scope_of(clock.now(), days=None, since=None, until=None, event_ids=(), again=again)
        return Run(partners, scope, chosen, board, Outage(answers, patience), lists_patience)

    return prepare


@pytest.fixture
def go(prepared):
    """Runs a backfill of some providers to its end."""
    return lambda *providers, **options: prepared(*providers, **options).go()
