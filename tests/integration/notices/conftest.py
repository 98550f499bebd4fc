"""Two services that take messages, and tellers of all of them."""

from __future__ import annotations

import pytest

from schedulers.notices.ledger_file import LedgerFile
from schedulers.notices.teller import Teller
from tests.integration.notices.services import Service, recipients


@pytest.fixture
def service(httpserver):
    return Service(httpserver, "/first")


@pytest.fixture
def other(httpserver):
    return Service(httpserver, "/second")


@pytest.fixture
def open_teller(tmp_path):
    """A maker of tellers, each as a process of its own would have it, and of what they complain of."""

    def opened(*services):
        heard = []
        return Teller(recipients(*services), LedgerFile(tmp_path / "notices" / "a.json"), heard.append), heard

    return opened
