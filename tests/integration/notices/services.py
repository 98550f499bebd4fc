"""Servers that take messages or do not, what is told them, and what may never be told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from werkzeug import Response

from schedulers.notices.concern import Concern, Look
from schedulers.notices.courier import open_recipients
from schedulers.notices.message import Message

BEGIN = datetime(2026, 4, 18, 7, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MESSAGE = Message("ChronoTrack Live: 1 new", "partner 7: refused.\n(hub1)", is_bad=True)
SECRETS = ("Zauberwort", "Losung", "Kennung", "Datenwort")


class Service:
    """A server that takes messages: a path of its own, what came to it, and whether it takes them now."""

    def __init__(self, httpserver, path):
        self.messages, self.takes = [], True
        self.url = (
            f"json://Kennung:Zauberwort@{httpserver.host}:{httpserver.port}{path}/Losung?+X-Key=Datenwort"
        )
        httpserver.expect_request(f"{path}/Losung").respond_with_handler(self._answer)

    def _answer(self, request):
        self.messages.append(request.get_json())
        return Response(status=200 if self.takes else 500)


def recipients(*services):
    return open_recipients([service.url for service in services], "--notify")


def seen(after, *subjects):
    concerns = [Concern(subject, "refused", subject, "is refused", "Do something.") for subject in subjects]
    return Look(BEGIN + after * MINUTE, concerns, {"partner 7", "partner 8"})


def titles(service):
    return [message["title"].removeprefix("ChronoTrack Live: ") for message in service.messages]


def told(*texts):
    return [secret for text in texts for secret in SECRETS if secret in text]
