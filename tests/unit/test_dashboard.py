"""The Grafana dashboard shows just what the metrics endpoint tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from providers.clock import Clock
from providers.errors import CredentialsRefused
from schedulers.metrics import Metrics
from schedulers.windows import Phase
from tests.unit.partners import make_partner, report

FILE = Path(__file__).resolve().parents[2] / "operations" / "grafana" / "chronotrack_live.json"
DASHBOARD = json.loads(FILE.read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
# A series as PromQL names it, with its matchers if it has any.
SERIES = re.compile(r"(chronotrack_live_\w+)(?:\{([^}]*)\})?")
# What a metric of a kind is called in PromQL.
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    """Every metric as the endpoint tells it when there is something to tell of each."""
    metrics = Metrics()
    partner = make_partner(tmp_path_factory.mktemp("budget"), Clock())
    cost = {"requests": 1, "errors": {"malformed": 1}, "retries": {"server_error": 1}}
    failed = CredentialsRefused("no")
    metrics.done(report("authentication", "failed", error=failed, lateness=1.0, statistics=cost), partner)
    metrics.done(report("authentication"), partner)
    metrics.stands({partner: {Phase.WAITING: 1}}, database_is_there=True)
    found = list(metrics.registry.collect())
    partner.adapter.close()
    return found


@pytest.fixture(scope="module")
def told(families):
    """The series that the endpoint tells: name -> labels."""
    labels = {}
    for family in families:
        assert family.samples, f"{family.name} is not told here"
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_asks_for_series_that_are_told_and_for_labels_that_they_have(told, expression):
    asked = SERIES.findall(expression)

    assert asked
    for name, matchers in asked:
        labels = told[name]
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= labels
        grouped = re.findall(r"\bby \(([^)]*)\)", expression)
        assert {label.strip() for group in grouped for label in group.split(",")} <= labels


def test_every_metric_has_a_panel(families):
    shown = {name for expression in EXPRESSIONS for name, _ in SERIES.findall(expression)}

    for family in families:
        assert shown & {f"{family.name}{suffix}" for suffix in SUFFIXES[family.type]}, family.name


def test_a_panel_for_partners_follows_the_choice_of_partners(told):
    for expression in EXPRESSIONS:
        for name, matchers in SERIES.findall(expression):
            assert ('partner_name=~"$partner"' in matchers) == ("partner_name" in told[name])


def test_a_legend_names_only_labels_that_its_expression_keeps():
    for panel in PANELS:
        for target in panel["targets"]:
            kept = {
                label.strip()
                for group in re.findall(r"\bby \(([^)]*)\)", target["expr"])
                for label in group.split(",")
            }
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_every_panel_asks_the_data_source_that_is_chosen_on_the_dashboard():
    chosen = {"type": "prometheus", "uid": "${datasource}"}

    assert VARIABLES["datasource"]["type"] == "datasource"
    assert VARIABLES["datasource"]["query"] == "prometheus"
    assert VARIABLES["partner"]["datasource"] == chosen
    for panel in PANELS:
        assert panel["datasource"] == chosen
        assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])


def test_no_panel_lies_upon_another_and_each_says_what_it_shows():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells

    assert len(set(ids)) == len(ids)
    assert all(panel["title"] and panel["description"] for panel in PANELS)
