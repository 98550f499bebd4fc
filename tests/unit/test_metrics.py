"""What Prometheus is told of the scheduler's work."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from providers.clock import Clock
from providers.errors import ApiUnreachable, CredentialsRefused, EventArchived
from schedulers.metrics import Metrics
from schedulers.windows import Phase
from tests.unit.partners import make_partner, report

HARBOUR = {"partner": "7", "partner_name": "Harbour Timing"}


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def open_partner(tmp_path, clock):
    """A maker of partners whose adapters are closed in the end."""
    with ExitStack() as stack:

        def opened(**how):
            partner = make_partner(tmp_path, how.pop("clock", clock), **how)
            stack.callback(partner.adapter.close)
            return partner

        yield opened


@pytest.fixture
def partner(open_partner):
    return open_partner()


@pytest.fixture
def value(metrics):
    """Asks the registry for a figure of the partner 7."""

    def sample(name, **labels):
        return metrics.registry.get_sample_value(f"chronotrack_live_{name}", HARBOUR | labels)

    return sample


def samples(metrics):
    return [sample for family in metrics.registry.collect() for sample in family.samples]


@pytest.mark.parametrize("operation", ["events", "participants", "results"])
def test_rows_seen_written_and_set_aside_add_up(metrics, partner, value, operation):
    metrics.done(report(operation, seen=300, written=12, rejected=1), partner)
    metrics.done(report(operation, seen=301, written=0, rejected=2), partner)

    assert value("rows_seen_total", operation=operation) == 601
    assert value("rows_written_total", operation=operation) == 12
    assert value("rows_rejected_total", operation=operation) == 3


def test_operations_are_counted_by_how_they_ended(metrics, partner, value):
    for status in ("completed", "completed", "partial", "skipped", "failed"):
        metrics.done(report(status=status), partner)

    counted = {
        status: value("operations_total", operation="results", status=status)
        for status in ("completed", "partial", "skipped", "failed")
    }
    assert counted == {"completed": 2, "partial": 1, "skipped": 1, "failed": 1}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(None, "accepted"), (CredentialsRefused("no"), "refused"), (ApiUnreachable("no answer"), "failed")],
)
def test_a_test_of_the_credentials_is_accepted_refused_or_failed(metrics, partner, value, error, outcome):
    metrics.done(report("authentication", "failed" if error else "completed", error=error), partner)

    assert value("authentications_total", outcome=outcome) == 1
    assert sum(sample.name.endswith("authentications_total") for sample in samples(metrics)) == 1


def test_what_failed_is_counted_by_category_and_what_was_skipped_is_no_error(metrics, partner, value):
    metrics.done(report(status="failed", error=ApiUnreachable("no answer")), partner)
    metrics.done(report(status="skipped", error=EventArchived("locked")), partner)

    assert value("errors_total", operation="results", category="unreachable") == 1
    assert value("errors_total", operation="results", category="archived") is None


def test_what_an_operation_cost_at_the_api_is_counted(metrics, partner, value):
    cost = {
        "requests": 14,
        "answering_seconds": 2.5,
        "waited_seconds": 0.25,
        "errors": {"server_error": 2, "malformed": 1},
        "retries": {"server_error": 2},
    }
    metrics.done(report(statistics=cost), partner)
    metrics.done(report("participants", statistics=cost), partner)

    assert value("requests_total") == 28
    assert value("answering_seconds_total") == 5
    assert value("budget_waited_seconds_total") == 0.5
    assert value("request_errors_total", category="server_error") == 4
    assert value("request_errors_total", category="malformed") == 2
    assert value("retries_total", category="server_error") == 4


def test_processing_time_and_lateness_are_distributions(metrics, partner, value):
    metrics.done(report(seconds=3.0, lateness=0.02), partner)
    metrics.done(report(seconds=50.0, lateness=400.0), partner)

    assert value("processing_seconds_count", operation="results") == 2
    assert value("processing_seconds_sum", operation="results") == 53
    assert value("processing_seconds_bucket", operation="results", le="45.0") == 1
    assert value("lateness_seconds_bucket", operation="results", le="1.0") == 1
    assert value("lateness_seconds_bucket", operation="results", le="600.0") == 2


def test_what_was_not_due_at_an_instant_was_not_late(metrics, partner, value):
    metrics.done(report("events"), partner)

    assert value("lateness_seconds_count", operation="events") is None


def test_what_was_skipped_took_no_time_and_was_not_late(metrics, partner, value):
    metrics.done(report(status="skipped", seconds=0.1, lateness=10.0), partner)

    assert value("processing_seconds_count", operation="results") is None
    assert value("lateness_seconds_count", operation="results") is None


def test_only_an_operation_that_went_well_moves_the_last_success(metrics, partner, value):
    metrics.done(report(status="failed", error=ApiUnreachable("no answer")), partner)
    assert value("last_success_timestamp_seconds", operation="results") is None

    before = time.time()
    metrics.done(report(status="partial"), partner)

    assert before <= value("last_success_timestamp_seconds", operation="results") <= time.time()


@pytest.mark.parametrize("is_there", [True, False])
def test_the_database_is_up_or_down(metrics, is_there):
    metrics.stands({}, database_is_there=is_there)

    assert metrics.registry.get_sample_value("chronotrack_live_database_up") == is_there


def test_the_events_of_a_phase_are_those_that_are_followed_now(metrics, partner, value):
    metrics.stands({partner: {Phase.WAITING: 3, Phase.INTENSIVE: 1}}, database_is_there=True)
    metrics.stands({partner: {Phase.WAITING: 2, Phase.INTENSIVE: 2}}, database_is_there=True)

    counted = {phase.value: value("events", phase=phase.value) for phase in Phase}
    assert counted == {"waiting": 2, "intensive": 2, "standard": 0, "over": 0}


def test_the_budget_is_read_when_it_is_asked_for_and_stands_beside_its_limit(metrics, partner, value):
    metrics.stands({partner: {}}, database_is_there=True)
    assert value("budget_used_requests") == 0

    for _ in range(3):
        partner.adapter.budget.take()

    assert value("budget_used_requests") == 3
    assert value("budget_limit_requests") == 1500


def test_a_request_leaves_the_budget_after_60_seconds(metrics, open_partner, value):
    fast = Clock.running(datetime.now(UTC), (datetime(2025, 4, 21, 14, tzinfo=UTC), 1_000))
    partner = open_partner(clock=fast)
    metrics.stands({partner: {}}, database_is_there=True)
    partner.adapter.budget.take()

    fast.sleep(61)

    assert value("budget_used_requests") == 0


def test_a_budget_that_cannot_be_read_costs_only_its_own_figure(metrics, partner, value):
    metrics.stands({partner: {Phase.STANDARD: 4}}, database_is_there=True)
    partner.adapter.close()

    assert value("budget_used_requests") is None
    assert value("events", phase="standard") == 4


def test_a_failure_is_told_before_the_first_one_so_that_it_shows_as_a_rise(metrics, partner, value):
    metrics.stands({partner: {}}, database_is_there=True)

    assert value("authentications_total", outcome="refused") == 0
    assert value("operations_total", operation="results", status="failed") == 0


def test_a_partner_who_has_left_is_followed_no_more(metrics, partner, value):
    metrics.stands({partner: {Phase.WAITING: 1}}, database_is_there=True)
    metrics.stands({}, database_is_there=True)

    assert value("events", phase="waiting") is None
    assert value("budget_used_requests") is None


def test_nothing_is_told_of_a_partner_who_has_left_however_late_his_last_operation_ends(metrics, partner):
    of_nobody = samples(metrics)
    for left in range(2):
        metrics.done(report("authentication"), partner)
        metrics.done(report(status="failed", error=ApiUnreachable("no answer"), lateness=1.0), partner)
        metrics.done(report(statistics={"requests": 2, "errors": {"malformed": 1}}), partner)
        metrics.stands({} if left else {partner: {}}, database_is_there=True)
        assert bool([s for s in samples(metrics) if s.labels.get("partner") == "7"]) is not bool(left)

    assert len(samples(metrics)) == len(of_nobody)


def test_who_comes_back_begins_at_zero(metrics, partner, value):
    metrics.done(report(), partner)
    metrics.stands({}, database_is_there=True)
    metrics.stands({partner: {}}, database_is_there=True)

    assert value("operations_total", operation="results", status="completed") == 0


def test_no_label_names_an_event_or_a_credential(metrics, partner):
    metrics.done(report(event_id="ctlive:7:91649", lateness=1.0), partner)
    metrics.stands({partner: {Phase.WAITING: 1}}, database_is_there=True)

    told = {text for sample in samples(metrics) for text in sample.labels.values()}
    assert told & {"7", "Harbour Timing"}
    assert not any("91649" in text or "geheim" in text for text in told)
