"""What the scheduler's log says of each partner."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def lines(run, add_partner, simulator, nowhere):
    """The log of a pass with a partner who is collected, one who is refused and one who is out of reach."""
    add_partner(base_url=simulator.base_url)
    add_partner("Broken Timing", base_url=simulator.base_url, secret="wrong")
    add_partner("Distant Timing", base_url=f"http://{nowhere}/api", timeout=1)
    said = run("scheduler", "--once", "--verbose").stderr
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def test_every_line_names_its_partner_and_what_is_done_for_it(lines):
    assert {line["partner"] for line in lines} == {1, 2, 3}
    assert all(line["operation"] for line in lines if not line["event"].startswith("partner."))
    assert all(line["event_id"] for line in lines if line.get("operation") in ("participants", "results"))


def test_every_request_is_logged_with_how_it_went_and_how_much_of_the_budget_is_used(lines):
    answered = [line for line in lines if line["event"] == "request.answered" and line["partner"] == 1]
    taken = [line for line in lines if line["event"] == "budget.taken" and line["partner"] == 1]

    assert len(answered) == len(taken) > 10
    assert {line["status"] for line in answered} == {200}
    assert all(line["path"] and line["seconds"] >= 0 for line in answered)
    assert max(line["used"] for line in taken) == len(taken)
    assert {line["limit"] for line in taken} == {1500}


@pytest.mark.parametrize(("partner", "category"), [(2, "refused"), (3, "unreachable")])
def test_what_failed_is_logged_with_the_category_of_its_error(lines, partner, category):
    failed = [line for line in lines if line["partner"] == partner and line["event"].endswith(".failed")]

    assert {line.get("category", category) for line in failed} == {category}
    assert any("category" in line for line in failed)


def test_what_went_well_says_what_it_cost(lines):
    done = [line for line in lines if line["event"] == "results.completed"]

    assert done
    assert all(line["category"] is None and line["requests"] > 0 and line["seen"] > 0 for line in done)
