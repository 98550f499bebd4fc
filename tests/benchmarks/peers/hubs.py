"""The contenders' databases and folders: one of each, made afresh, filled up, and compared with the API."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import requests
from psycopg2 import sql
from psycopg2.extensions import parse_dsn
from psycopg2.extras import RealDictCursor

from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from database.queries import compose
from database.state_folder import make_folder
from providers.errors import SettingsInvalid
from tests.benchmarks.peers.contenders import OURS, Contender
from tests.benchmarks.peers.protocol import API, DATABASE, FOLDER
from tests.benchmarks.prepared_server import Api
from tests.benchmarks.race_day_stage import make_hub

_STATEMENTS = Path(__file__).with_name("statements.sql")
# The id of the API's first event: a copied row has another one in its place.
_FIRST_EVENT = "100000"
# Tables with the rows of the API's lists; the first has the results.
_TABLES = {True: ("ct_results", "ct_participants"), False: ("results", "entries", "sex_places", "age_places")}


@dataclass(frozen=True, slots=True)
class Hubs:
    """The databases of one server, for one API."""

    server: EmbeddedPostgres
    folder: Path
    api: Api

    def fresh(self, contender: Contender) -> None:
        """Make the contender's database and folder afresh."""
        shutil.rmtree(self._own(contender), ignore_errors=True)
        make_folder(self._own(contender))
        if contender is OURS:
            # The budget is kept, but it is not what is measured.
            make_hub(self.server, self._name(contender), 1, self.api, rate_limit=90_000)
        else:
            self.drop(contender)
            create_database(self.server.dsn("postgres"), self._name(contender))
        self.ask(contender, "wait_for_the_disk", database=sql.Identifier(self._name(contender)))

    def drop(self, contender: Contender) -> None:
        """Drop the contender's database."""
        drop_database(self.server.dsn("postgres"), self._name(contender))

    def dsn(self, contender: Contender) -> str:
        """Return how the benchmark reaches the contender's database."""
        return self.server.dsn(self._name(contender))

    def environment(self, contender: Contender) -> dict[str, str]:
        """Return what the contender is told."""
        where = parse_dsn(self.dsn(contender))
        # As a URL, which all understand. The private server trusts whoever says a name.
        user = "chronotrack_live" if contender is OURS else where["user"]
        address = f"postgresql://{user}:unused@localhost:{where['port']}/{where['dbname']}"
        own = str(self._own(contender))
        return {
            API: f"{self.api.address}/1/api",
            DATABASE: f"{address}?host={quote(where['host'], safe='')}",
            FOLDER: own,
            "DLT_DATA_DIR": own,
            "DLT_PROJECT_DIR": own,
            # Every pass finds the events due.
            "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS": "1",
            "NO_PROXY": "127.0.0.1",
        }

    def log(self, contender: Contender) -> Path:
        """Return the file that takes what the contender says."""
        return self.folder / f"{contender.key}.log"

    def settle(self, contender: Contender) -> None:
        """Vacuum the contender's tables, so that nothing is left for the autovacuum to do."""
        self.ask(contender, "settle")

    def compare(self, contender: Contender, events: int) -> None:
        """Compare the contender's rows with the API's, all of whose events are alike.

        Raises:
            SettingsInvalid: they differ; what the contender took means nothing then.
        """
        kind = "ours" if contender is OURS else "theirs"
        [found] = self.ask(contender, f"digest_of_{kind}", schema=sql.Identifier(contender.schema))
        truth = {name: number * events for name, number in self._truth().items()}
        if found != truth:
            raise SettingsInvalid(f"{contender.name} has {found}, and the API {truth}.")

    def add_other_events(self, contender: Contender, results: int) -> None:
        """Copy the contender's rows as those of other events until it has so many results."""
        [of_one, *others] = _TABLES[contender is OURS]
        tables = sql.Identifier(contender.schema, of_one)
        [count] = self.ask(contender, "count", table=tables)
        copies = -(-results // count["rows"])
        if contender is OURS:
            self.ask(contender, "copy_our_event", copies=sql.Literal(copies))
        for name in (of_one, *others):
            columns = self.ask(
                contender, "columns", schema=sql.Literal(contender.schema), table=sql.Literal(name)
            )
            self.ask(
                contender,
                "copy_rows",
                table=sql.Identifier(contender.schema, name),
                columns=sql.SQL(", ").join(sql.Identifier(row["name"]) for row in columns),
                copied=sql.SQL(", ").join(map(_copied, columns)),
                copies=sql.Literal(copies),
            )
        self.settle(contender)

    def ask(self, contender: Contender, name: str, **parts: sql.Composable) -> list[dict[str, Any]]:
        """Return what one of the benchmark's statements answers in the contender's database."""
        with closing(psycopg2.connect(self.dsn(contender))) as connection:
            connection.autocommit = True
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(compose(name, _STATEMENTS, **parts))
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def _truth(self) -> dict[str, int]:
        """Return what the API has of one event."""
        full = [row for row in self._list("results", interval="ALL") if row["results_interval_full"] == "1"]
        return {
            "entries": len(self._list("entry")),
            "finishers": len(full),
            "overall": sum(int(row["results_rank"]) for row in full),
            "gender": sum(int(row["results_rank"]) for row in self._list("results", bracket="SEX")),
            "division": sum(int(row["results_rank"]) for row in self._list("results", bracket="AGE")),
            "seconds": sum(_seconds(row["results_time"]) for row in full),
        }

    def _list(self, path: str, **parameters: str) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = []
        number, pages = 1, 1
        while number <= pages:
            answer = requests.get(
                f"{self.api.address}/1/api/event/{_FIRST_EVENT}/{path}",
                params=parameters | {"page": str(number), "size": "1000"},
                timeout=60,
            )
            [page] = answer.json().values()
            rows += page
            number, pages = number + 1, int(answer.headers["X-Ctlive-Page-Count"])
        return rows

    def _name(self, contender: Contender) -> str:
        return f"side_by_side_{contender.key}"

    def _own(self, contender: Contender) -> Path:
        return self.folder / contender.key


def _copied(column: dict[str, Any]) -> sql.Composable:
    """Return a column of a copied row: texts name the copy where they named the event."""
    name = sql.Identifier(column["name"])
    if column["name"] == "_dlt_id":
        return sql.SQL("{} || copy").format(name)
    if column["is_text"]:
        return sql.SQL("replace({}, {}, (200000 + copy)::text)").format(name, sql.Literal(_FIRST_EVENT))
    return name


def _seconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(float(seconds))
