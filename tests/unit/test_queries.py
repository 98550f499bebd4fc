"""The named SQL and the code that names it agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from psycopg2 import sql

import database
from database.queries import all_queries, compose

FOLDER = Path(database.__file__).parent
TEXT = (FOLDER / "queries.sql").read_text(encoding="utf-8")
MODULES = [ast.parse(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.py")]


def test_every_query_named_in_code_exists():
    named = {
        call.args[0].value
        for module in MODULES
        for call in ast.walk(module)
        if isinstance(call, ast.Call)
        and (getattr(call.func, "id", None) == "compose" or getattr(call.func, "attr", None) == "_ask")
        and isinstance(call.args[0], ast.Constant)
    }

    assert {"stage", "claim"} <= named
    assert named - set(all_queries()) == set()


def test_every_query_is_used_by_the_code():
    words = {node.value for module in MODULES for node in ast.walk(module) if isinstance(node, ast.Constant)}

    assert set(all_queries()) - words == set()


def test_every_query_says_what_it_is_for():
    headers = re.findall(r"^-- name: (\w+)$", TEXT, re.MULTILINE)
    purposes = re.findall(r"^-- name: (\w+)\n-- [A-Z%][^\n]{15,}", TEXT, re.MULTILINE)

    assert purposes == headers
    assert sorted(all_queries()) == sorted(headers)


def test_no_query_swallows_its_neighbour():
    assert [name for name, text in all_queries().items() if "-- name:" in text or ";" in text] == []


def test_a_query_that_does_not_exist_is_a_mistake_in_the_code():
    with pytest.raises(KeyError, match="no_such_query"):
        compose("no_such_query")


def test_lists_of_identifiers_are_quoted_and_values_stay_bound(tmp_path):
    file = tmp_path / "some.sql"
    file.write_text("-- name: one\n-- The one.\nSELECT {columns} FROM t WHERE a = %(a)s;\n", encoding="utf-8")

    statement = compose("one", file, columns=sql.Identifier('a"b'))

    assert statement == sql.Composed(
        [sql.SQL("SELECT "), sql.Identifier('a"b'), sql.SQL(" FROM t WHERE a = %(a)s")]
    )
