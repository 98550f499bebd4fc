"""An API of one event whose lists a test makes, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import orjson
from pytest_httpserver.httpserver import QueryMatcher
from werkzeug import Response

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


def epoch(instant):
    """The instant as the API writes it."""
    return str(int(instant.timestamp()))


class QueryHas(QueryMatcher):
    """Matches a query that has one parameter, whatever else it has."""

    def __init__(self, name, value):
        self.name, self.value = name, value

    def get_comparing_values(self, request_query_string):
        return parse_qs(request_query_string.decode()).get(self.name, [""])[0].upper(), self.value


class ResultLists:
    """A ChronoTrack Live API that answers with the lists it is given, announcing what it is told to."""

    def __init__(self, httpserver):
        self.lists = {"event": [], "race": [], "entry": [], "bracket": [], "ALL": [], "SEX": [], "AGE": []}
        self.announced = {}
        self.failing = {}
        self.asked = []
        httpserver.expect_request("/api/event").respond_with_handler(self.answer("event", "event"))
        for what in ("race", "entry", "bracket"):
            httpserver.expect_request(f"/api/event/5/{what}").respond_with_handler(
                self.answer(what, f"event_{what}")
            )
        for name, parameter in (("ALL", "interval"), ("SEX", "bracket"), ("AGE", "bracket")):
            httpserver.expect_request(
                "/api/event/5/results", query_string=QueryHas(parameter, name)
            ).respond_with_handler(self.answer(name, "event_results"))

    def answer(self, name, wrapper):
        def handler(_request):
            self.asked.append(name)
            if name in self.failing:
                return Response(status=self.failing[name])
            rows = self.lists[name]
            if wrapper == "event_results":
                rows = [{"results_bracket_name": f"Bracket of {name}", **row} for row in rows]
            count = self.announced.get(name, len(rows))
            headers = {"X-Ctlive-Row-Count": str(count), "X-Ctlive-Page-Count": "1"}
            return Response(orjson.dumps({wrapper: rows}), headers=headers, content_type="application/json")

        return handler


def finish(entry, rank, **fields):
    return {
        "results_entry_id": str(entry),
        "results_interval_id": "1",
        "results_interval_full": "1",
        "results_time": "00:40:00.000",
        "results_rank": str(rank),
    } | fields
