"""The daemon's figures for Prometheus: what it did for each partner, and how things stand at present.

What is counted are the specification's "Monitoring Points". Labels are a partner's id and name, and words
of our own: never an event, of which there would be series without end, and nothing of the credentials.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from itertools import chain, product
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from providers.accounts import SyncReport
from providers.errors import CredentialsRefused, RetryLater
from schedulers.partner import Partner
from schedulers.windows import Phase

_Labelled = TypeVar("_Labelled", Counter, Gauge, Histogram)
_Series = tuple[Counter | Gauge | Histogram, tuple[str, ...]]

_NAMESPACE = "chronotrack_live"
_PARTNER = ("partner", "partner_name")
_OPERATION = (*_PARTNER, "operation")

_OUTCOMES = ("accepted", "refused", "failed")
_OPERATIONS = ("authentication", "events", "participants", "results")
_STATUSES = ("completed", "partial", "failed", "skipped")

# Seconds. A request with its repeats may take 45, a collection comes every 90: both are edges.
_PROCESSING = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45, 90, 300)
# Seconds. Below 1 is on time, 90 is a whole interval, and what passed while the daemon was down is later.
_LATENESS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 45, 90, 600, 3600)


class Metrics:
    """Counts what the scheduler does, in a registry of its own. May be used from several threads at once."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # By whom they are about: the series that there are.
        self._series: defaultdict[tuple[str, ...], set[_Series]] = defaultdict(set)
        self._lock = threading.Lock()
        self._partners = _Partners()
        self.registry.register(self._partners)
        self._authentications = self._counter(
            "authentications",
            "Tests of the credentials: accepted, refused, or failed when nobody could tell.",
            *_PARTNER,
            "outcome",
        )
        self._requests = self._counter("requests", "Requests to the API, repeated ones too.", *_PARTNER)
        self._answering = self._counter(
            "answering_seconds", "Time the API took to answer, over all requests.", *_PARTNER
        )
        self._waited = self._counter(
            "budget_waited_seconds", "Time requests waited for the partner's budget.", *_PARTNER
        )
        self._request_errors = self._counter(
            "request_errors", "Requests that went wrong, by category.", *_PARTNER, "category"
        )
        self._retries = self._counter(
            "retries", "Requests made once more, by the category of what went wrong.", *_PARTNER, "category"
        )
        self._operations = self._counter(
            "operations", "Operations, by how they ended.", *_OPERATION, "status"
        )
        self._errors = self._counter(
            "errors", "Operations that failed, by category.", *_OPERATION, "category"
        )
        self._seen = self._counter("rows_seen", "Rows that were read.", *_OPERATION)
        self._written = self._counter("rows_written", "Rows that were new or had changed.", *_OPERATION)
        self._rejected = self._counter("rows_rejected", "Rows that were set aside.", *_OPERATION)
        self._processing = self._histogram("processing_seconds", "How long an operation took.", _PROCESSING)
        self._lateness = self._histogram(
            "lateness_seconds", "How long after its due instant an operation began.", _LATENESS
        )
        self._last_success = self._gauge(
            "last_success_timestamp_seconds", "When an operation last went well, in real time.", *_OPERATION
        )
        self._database_up = self._gauge("database_up", "Whether the database answers.")

    def done(self, report: SyncReport, partner: Partner) -> None:
        """Count an operation that has ended."""
        who = _labels(partner)
        operation = (*who, report.sync_type)
        went_well = report.status in ("completed", "partial")
        self._of(self._operations, *operation, report.status).inc()
        if report.sync_type == "authentication":
            self._of(self._authentications, *who, _outcome(report)).inc()
        if report.error is not None and report.status == "failed":
            self._of(self._errors, *operation, report.error.category).inc()
        self._of(self._seen, *operation).inc(report.seen)
        self._of(self._written, *operation).inc(report.written)
        self._of(self._rejected, *operation).inc(report.rejected)
        # What was left to another process, or paused, took no time and was not late.
        if report.status != "skipped":
            self._of(self._processing, *operation).observe(report.seconds)
            if report.lateness is not None:
                self._of(self._lateness, *operation).observe(report.lateness)
        if went_well:
            self._of(self._last_success, *operation).set_to_current_time()
        self._count_requests(report.statistics, who)

    def stands(self, followed: Mapping[Partner, Mapping[Phase, int]], *, database_is_there: bool) -> None:
        """Take how things stand: every partner, with how many events are in each phase, and the database.

        Who is none of them has left: of him nothing is told any more.
        """
        self._database_up.set(database_is_there)
        self._partners.are(followed)
        known = {_labels(partner) for partner in followed}
        for who in known:
            self._begin_at_zero(who)
        self._forget_all_but(known)

    def _of(self, metric: _Labelled, *labels: str) -> _Labelled:
        """Return a metric's series with these labels, the first two of which say whom it is about."""
        with self._lock:
            self._series[labels[:2]].add((metric, labels))
            return metric.labels(*labels)

    def _forget_all_but(self, known: Collection[tuple[str, ...]]) -> None:
        with self._lock:
            left = [self._series.pop(who) for who in self._series.keys() - known]
            for metric, labels in chain.from_iterable(left):
                metric.remove(*labels)

    def _begin_at_zero(self, who: tuple[str, str]) -> None:
        """Tell a partner's figures before there are any: Prometheus sees no rise from nothing to 1."""
        for outcome in _OUTCOMES:
            self._of(self._authentications, *who, outcome)
        for operation, status in product(_OPERATIONS, _STATUSES):
            self._of(self._operations, *who, operation, status)

    def _count_requests(self, statistics: Mapping[str, object], who: tuple[str, str]) -> None:
        """Count what an operation cost; see `providers.statistics`."""
        for counter, name in (
            (self._requests, "requests"),
            (self._answering, "answering_seconds"),
            (self._waited, "waited_seconds"),
        ):
            self._of(counter, *who).inc(_number(statistics.get(name)))
        for counter, name in ((self._request_errors, "errors"), (self._retries, "retries")):
            for category, number in _counts(statistics.get(name)):
                self._of(counter, *who, category).inc(number)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(name, says, labels, namespace=_NAMESPACE, registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(name, says, labels, namespace=_NAMESPACE, registry=self.registry)

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(
            name, says, _OPERATION, namespace=_NAMESPACE, registry=self.registry, buckets=buckets
        )


class _Partners(Collector):
    """How things stand with each partner, asked when Prometheus asks."""

    def __init__(self) -> None:
        self._followed: Mapping[Partner, Mapping[Phase, int]] = {}

    def are(self, followed: Mapping[Partner, Mapping[Phase, int]]) -> None:
        """Take the partners as they are now, in place of those before."""
        self._followed = dict(followed)

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        events = _gauge("events", "Events that are followed, by phase.", *_PARTNER, "phase")
        used = _gauge("budget_used_requests", "Requests of the last 60 seconds, by all processes.", *_PARTNER)
        limit = _gauge("budget_limit_requests", "Requests allowed in any 60 seconds.", *_PARTNER)
        for partner, phases in self._followed.items():
            labels, budget = _labels(partner), partner.adapter.budget
            for phase in Phase:
                events.add_metric((*labels, phase.value), phases.get(phase, 0))
            limit.add_metric(labels, budget.limit.per_minute)
            # No figure rather than a wrong one: whoever makes requests says what is the matter.
            with suppress(RetryLater):
                used.add_metric(labels, budget.used())
        yield from (events, used, limit)


def _gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_NAMESPACE}_{name}", says, labels=labels)


def _labels(partner: Partner) -> tuple[str, str]:
    return str(partner.timing_partner_id), partner.adapter.credentials.partner_name


def _outcome(report: SyncReport) -> str:
    if report.error is None:
        return "accepted"
    return "refused" if isinstance(report.error, CredentialsRefused) else "failed"


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0


def _counts(value: object) -> Iterator[tuple[str, int]]:
    yield from value.items() if isinstance(value, Mapping) else ()
