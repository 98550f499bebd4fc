"""The statements of the checks and the code that names them agree."""

from __future__ import annotations

import re

from database.queries import all_queries
from operations.checks.bench import STATEMENTS


def test_the_checks_name_each_of_their_statements_and_no_other_one():
    code = "".join(path.read_text(encoding="utf-8") for path in (STATEMENTS.parent / "checks").glob("*.py"))
    named = set(re.findall(r'compose\(\s*"(\w+)", STATEMENTS', code))
    # Those of one loop.
    named |= set(re.findall(r'\("(missing_\w+)", \{', code))

    assert named == set(all_queries(STATEMENTS))
