"""Where Prometheus asks: an HTTP server for the daemon's figures, when a port is set."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import CollectorRegistry, MetricsHandler, disable_created_metrics

from providers.errors import SettingsInvalid
from schedulers.metrics import Metrics

log = structlog.get_logger()


@contextmanager
def served_metrics(host: str, port: int) -> Iterator[Metrics]:
    """Serve the figures at http://HOST:PORT/metrics for the length of the block.

    Raises:
        SettingsInvalid: the port is taken, or the host is no address of this machine.
    """
    metrics = Metrics()
    # When a series began is of no use here, and doubles their number.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's function is untyped
    with _listening(host, port, metrics.registry) as server:
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        log.info("metrics.served", address=server.server_address[:2])
        try:
            yield metrics
        finally:
            server.shutdown()


class _Handler(MetricsHandler):
    """Gives up a connection that says nothing."""

    timeout = 10  # seconds


class _Server(socketserver.ThreadingTCPServer):
    """Answers each connection in a thread of its own, and lets none of them hold up the end."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        super().__init__((host, port), _Handler.factory(registry))

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - socketserver's
        """Say so at DEBUG only: a client that goes away is no fault of ours."""
        log.debug("metrics.client_gone", reason=repr(sys.exc_info()[1]))


def _listening(host: str, port: int, registry: CollectorRegistry) -> _Server:
    try:
        return _Server(host, port, registry)
    except (OSError, UnicodeError) as error:
        raise SettingsInvalid(
            f"The metrics cannot be served on {host}, port {port} ({error}): set "
            "CHRONOTRACK_LIVE_METRICS_PORT to a port that is free, and CHRONOTRACK_LIVE_METRICS_HOST to an "
            "address of this machine."
        ) from error
