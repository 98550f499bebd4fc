"""The bare reference: threads, orjson, COPY into a temporary table, one upsert; nothing is looked at.

It is what an able engineer writes in an afternoon, for an API that never fails: no validation, no retries, no
budget, no account, no removed results; a row of the API is a row of a table, in text.
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter

import orjson
import psycopg2
import requests

from tests.benchmarks.peers import protocol

_SIZE = 1000
# Lists that are brought in side by side, and requests under way.
_LISTS, _REQUESTS = 4, 16

_PLACE = (
    "results_entry_id results_interval_id results_bib results_first_name results_last_name results_race_id "
    "results_interval_name results_interval_full results_rank results_bracket_name"
)
_RESULT = (
    "results_sex results_age results_hometown results_state_code results_postal_code results_country_code "
    "results_time results_gun_time results_end_chip_time results_pace results_gun_pace "
    "results_primary_bracket_name"
)
_ENTRY = (
    "entry_id entry_name entry_status entry_bib entry_race_age athlete_id athlete_first_name "
    "athlete_last_name athlete_sex athlete_birthdate location_city location_region race_id bracket_name"
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the list that it takes, and its columns; so many of the first ones are the primary key."""

    name: str
    path: str
    parameters: dict[str, str]
    words: str
    keys: int

    @property
    def columns(self) -> list[str]:
        """Return the columns' names."""
        return self.words.split()

    def definition(self) -> str:
        """Return the statement that makes it."""
        columns = ", ".join(f"{column} text" for column in self.columns)
        key = ", ".join(self.columns[: self.keys])
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({columns}, PRIMARY KEY ({key}))"

    def upsert(self) -> str:
        """Return the statement that takes over what was copied."""
        key, columns = ", ".join(self.columns[: self.keys]), self.columns[self.keys :]
        excluded = ", ".join(f"excluded.{column}" for column in columns)
        return (
            f"INSERT INTO {self.name} SELECT * FROM new_{self.name} ON CONFLICT ({key}) "
            f"DO UPDATE SET ({', '.join(columns)}) = ROW ({excluded}) "
            f"WHERE ({', '.join(f'{self.name}.{column}' for column in columns)}) "
            f"IS DISTINCT FROM ({excluded})"
        )


_TABLES = (
    Table("entries", "entry", {}, _ENTRY, keys=1),
    Table("results", "results", {"interval": "ALL"}, f"{_PLACE} {_RESULT}", keys=2),
    Table("sex_places", "results", {"bracket": "SEX"}, _PLACE, keys=2),
    Table("age_places", "results", {"bracket": "AGE"}, _PLACE, keys=2),
)


class BareLoader:
    """Brings everything in, again and again."""

    def __init__(self, api: str, database: str) -> None:
        self._api = api
        self._database = database
        self._own = threading.local()
        self._requests = ThreadPoolExecutor(_REQUESTS)
        self._lists = ThreadPoolExecutor(_LISTS)
        with closing(self._connected()) as connection, connection.cursor() as cursor:
            for table in _TABLES:
                cursor.execute(table.definition())

    def load(self) -> None:
        """Bring in every list of every event."""
        events = orjson.loads(self._ask("event", {}, 1).content)["event"]
        lists = [(event["event_id"], table) for event in events for table in _TABLES]
        for _ in self._lists.map(lambda one: self._bring_in(*one), lists):
            pass

    def _bring_in(self, event_id: str, table: Table) -> None:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._connected()
        text = io.StringIO("".join(self._pages(f"event/{event_id}/{table.path}", table)))
        with self._own.connection.cursor() as cursor:
            temporary = f"CREATE TEMPORARY TABLE IF NOT EXISTS new_{table.name} (LIKE {table.name})"
            cursor.execute(f"BEGIN; {temporary} ON COMMIT DELETE ROWS")
            cursor.copy_expert(f"COPY new_{table.name} FROM STDIN (FORMAT csv)", text)
            cursor.execute(table.upsert())
            cursor.execute("COMMIT")

    def _pages(self, path: str, table: Table) -> Iterator[str]:
        """Yield the list's pages as CSV; those after the first are asked for side by side."""
        values = itemgetter(*table.columns)

        def written(answer: requests.Response) -> str:
            text = io.StringIO()
            [rows] = orjson.loads(answer.content).values()
            csv.writer(text).writerows(map(values, rows))
            return text.getvalue()

        first = self._ask(path, table.parameters, 1)
        others = range(2, int(first.headers["X-Ctlive-Page-Count"]) + 1)
        rest = self._requests.map(lambda number: written(self._ask(path, table.parameters, number)), others)
        yield written(first)
        yield from rest

    def _ask(self, path: str, parameters: dict[str, str], number: int) -> requests.Response:
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
        page = {"size": str(_SIZE), "page": str(number)}
        answer: requests.Response = self._own.session.get(
            f"{self._api}/{path}", params=parameters | page, timeout=60
        )
        answer.raise_for_status()
        return answer

    def _connected(self) -> psycopg2.extensions.connection:
        connection = psycopg2.connect(self._database)
        connection.autocommit = True
        return connection


if __name__ == "__main__":
    loader = BareLoader(protocol.api(), protocol.database())
    protocol.serve(loader.load, loader.load)
