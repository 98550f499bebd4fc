"""Asks the questions of a database: what each takes when it is warm, and how PostgreSQL answers it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from database import queries
from database.queries import all_queries, compose
from database.staging import assignments, names
from providers.errors import DatabaseRefused
from tests.benchmarks.questions import QUESTIONS, Question

_QUESTIONS = Path(__file__).with_name("questions.sql")
_QUERIES = Path(queries.__file__).with_suffix(".sql")
# A question is asked once to warm up and then so often, or until it has had so many seconds.
_RUNS, _ENOUGH = 7, 20.0

# What a poll compares and writes; less than it does in truth, but in either shape of the host's tables.
_KEY = ("timing_partner_id", "data_source", "provider_result_id")
_CONTENT = (
    "event_id", "participant_id", "results_bib", "results_first_name", "results_last_name", "chip_time",
    "gun_time", "overall_place", "gender_place", "division_place", "split_times", "result_status",
)  # fmt: skip
_MATCH = sql.SQL(" AND ").join(sql.SQL("kept.{0} = staged.{0}").format(sql.Identifier(name)) for name in _KEY)
_IDENTIFIERS: Mapping[str, sql.Composable] = {
    "table": sql.Identifier("ct_results"),
    "key": names(_KEY),
    "match": _MATCH,
    "assignments": assignments(_CONTENT),
    "columns": names(_KEY + _CONTENT),
    "kept_columns": names(_KEY + _CONTENT, "kept"),
    "staged_columns": names(_KEY + _CONTENT, "staged"),
    "api_id": sql.Identifier("provider_result_id"),
}
# What the values are that `subjects` does not tell.
_VALUES: Mapping[str, object] = {
    "partners": None,
    "set_aside": [],
    "similar": True,
    "whole": True,
    "kind": "result",
    "rows": '[{"kind": "result", "api_id": "1", "reason": "results_time is no time", "payload": {}}]',
    "credentials": "partner_provider_credentials:1",
    "gender_place_unsure": True,
    "division_place_unsure": True,
    "status_unsure": True,
    "holder": 1,
    "event_ids": None,
    "table": "ct_results",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question: how many rows, the seconds of each run, and PostgreSQL's plan."""

    question: Question
    rows: int
    seconds: tuple[float, ...]
    plan: str

    @property
    def median(self) -> float:
        """Return the seconds of the run in the middle."""
        return statistics.median(self.seconds)


def ask_all(dsn: str) -> list[Answer]:
    """Ask every question; nothing that is written stays.

    Raises:
        DatabaseRefused: a question lacks something that it came to need.
    """
    with closing(psycopg2.connect(dsn)) as connection:
        with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(compose("prepare_session"))
            cursor.execute(compose("subjects", _QUESTIONS))
            subjects: Mapping[str, object] = cursor.fetchone() or {}
        answers = []
        for question in QUESTIONS:
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                values = {**_VALUES, **subjects, **question.of}
                try:
                    answers.append(_ask(cursor, question, values))
                except psycopg2.Error as error:
                    said = error.diag.message_primary or str(error)
                    raise DatabaseRefused(
                        f"The question {question.statement} was refused: {said}."
                        " Give it what it needs in tests/benchmarks/asking.py."
                    ) from error
            connection.rollback()
        return answers


def _ask(cursor: RealDictCursor, question: Question, values: Mapping[str, object]) -> Answer:
    if question.after:
        cursor.execute(compose(question.after, _QUESTIONS), values)
    statement = _statement(question)
    cursor.execute("SAVEPOINT unasked")
    seconds: list[float] = []
    while len(seconds) < 1 + _RUNS and sum(seconds) < _ENOUGH:
        begun = time.perf_counter()
        cursor.execute(statement, values)
        seconds.append(time.perf_counter() - begun)
        rows = cursor.rowcount
        cursor.execute("ROLLBACK TO unasked")
    explain = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF) ")
    cursor.execute(explain + statement, values)
    plan = "\n".join(line["QUERY PLAN"] for line in cursor.fetchall())
    return Answer(question, rows, tuple(seconds[1:] or seconds), plan)


def _statement(question: Question) -> sql.Composed:
    file = _QUESTIONS if question.statement in all_queries(_QUESTIONS) else _QUERIES
    staged = "staged_ct_events" if question.after == "stage_events" else "staged_ct_results"
    return compose(question.statement, file, staged=sql.Identifier(staged), **_IDENTIFIERS)
