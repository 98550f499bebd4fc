"""The daemon's own thread tells what the watch has met, each daemon out of a memory of its own."""

from __future__ import annotations

from contextlib import ExitStack, closing

from structlog.testing import capture_logs

from providers.clock import Clock
from schedulers.notices.herald import told_changes
from tests.integration.notices.services import titles
from tests.unit.partners import make_partner, report


def test_what_the_watch_meets_is_told_at_the_latest_when_the_daemon_ends(service, tmp_path, clock):
    partner = make_partner(tmp_path, clock)
    with closing(partner.adapter), told_changes([service.url], "NOTIFY", tmp_path, clock) as watch:
        partner.refused_since = clock.now()
        watch.done(report("authentication", "failed"), partner)

    assert titles(service) == ["1 new"]


def test_of_two_daemons_with_one_state_folder_each_tells_what_it_meets_itself(
    service, other, tmp_path, clock
):
    with ExitStack() as opened:
        for hears in (service, other):
            partner = make_partner(tmp_path, clock)
            opened.callback(partner.adapter.close)
            watch = opened.enter_context(told_changes([hears.url], "NOTIFY", tmp_path, clock))
            partner.refused_since = clock.now()
            watch.done(report("authentication", "failed"), partner)

    assert (titles(service), titles(other)) == (["1 new"], ["1 new"])


def test_a_fault_of_ours_is_logged_and_reaches_nobody_else(service, tmp_path):
    class Broken(Clock):
        def now(self):
            raise LookupError("It stands still.")

    with capture_logs() as logs, told_changes([service.url], "NOTIFY", tmp_path, Broken()):
        pass

    assert [line["event"] for line in logs] == ["notices.broke"]
