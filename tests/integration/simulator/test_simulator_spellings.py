"""How the simulated API may write its rows, against what it writes by default."""

import re

import pytest

SHAPES = [
    {},
    {"scalars": "number"},
    {"empty": "null"},
    {"empty": "absent"},
    {"times": "hundredths", "bracket_types": "GENDER", "bracket_owner": "bracket_race_id"},
    {"times": "tenths", "bracket_owner": "absent", "bracket_names": "absent"},
    {"times": "seconds", "entry_ids": "absent"},
    {"times": "unpadded", "columns": "ignored"},
    {"times": "short", "test_results": "some"},
]
CUT = {
    "hundredths": lambda text: text[:-1],
    "tenths": lambda text: text[:-2],
    "seconds": lambda text: text[:-4],
    "unpadded": lambda text: text[1:-2],  # nobody needs ten hours
    "short": lambda text: re.sub("^[0:]+(?=[0-9])", "", text[:-2]),
}
TIMES = [
    "results_time",
    "results_gun_time",
    "results_penalty_time",
    "results_time_with_penalty",
    "results_gun_time_with_penalty",
]
# Texts, even where they are all digits: the endings of their names.
TEXTS = ("bib", "tag", "name", "postal_code")
KINDS = ("race", "entry", "results", "bracket", "interval", "wave")


def every_list(client):
    """The lists of the marathon, and of its race, by their paths."""
    event = client.event()
    race = client.page(f"event/{event}/race")[0]["race_id"]
    paths = ["event", *(f"event/{event}/{k}" for k in KINDS), *(f"race/{race}/{k}" for k in KINDS[1:])]
    return {path: client.page(path) for path in paths}


def results(client, **query):
    return client.page(f"event/{client.event()}/results", **query)


def brackets(client):
    return client.page(f"event/{client.event()}/bracket")


def without(name, rows):
    return [{key: value for key, value in row.items() if key != name} for row in rows]


def numbered(name, text):
    if name.endswith(TEXTS) or not re.fullmatch(r"\d+(\.\d+)?", text):
        return text
    return float(text) if "." in text else int(text)


def seconds(text):
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + float(part or 0)
    return round(total, 3) if text else None


def test_ids_counts_flags_and_epochs_can_be_numbers(api, usual):
    numbers = every_list(api(scalars="number"))
    assert numbers == {
        path: [{name: numbered(name, text) for name, text in row.items()} for row in rows]
        for path, rows in every_list(usual).items()
    }
    row = numbers[f"event/{usual.event()}/results"][0]
    kinds = {
        "entry_id": int,
        "rank": int,
        "interval_full": int,
        "end_chip_time": float,
        "bib": str,
        "time": str,
    }
    assert {name: type(row[f"results_{name}"]) for name in kinds} == kinds


def test_missing_values_can_be_null(api, usual):
    nulls, blanks = every_list(api(empty="null")), every_list(usual)
    assert nulls != blanks
    assert nulls == {
        path: [{name: text or None for name, text in row.items()} for row in rows]
        for path, rows in blanks.items()
    }


def test_missing_values_can_be_absent(api, usual):
    gaps, blanks = every_list(api(empty="absent")), every_list(usual)
    assert gaps != blanks
    assert gaps == {
        path: [{name: text for name, text in row.items() if text} for row in rows]
        for path, rows in blanks.items()
    }


def test_a_missing_rank_is_written_as_other_missing_values_are(api, usual):
    place = next(n for n, row in enumerate(results(usual)) if not row["results_rank"])
    assert results(api(empty="null"))[place]["results_rank"] is None
    assert "results_rank" not in results(api(empty="absent"))[place]


def test_a_single_resource_is_written_as_a_row_of_a_list_is(api):
    for switch in ({"scalars": "number"}, {"empty": "null"}, {"empty": "absent"}):
        client = api(**switch)
        event = client.event()
        for kind in KINDS[:2] + KINDS[3:]:
            row = client.page(f"event/{event}/{kind}")[0]
            assert client.ask(f"{kind}/{row[f'{kind}_id']}").json() == {kind: row}


@pytest.mark.parametrize("times", CUT)
def test_race_times_can_have_fewer_digits_at_the_same_ranks(api, usual, times):
    cut = results(api(times=times))
    whole = [row for row in results(usual) if row["results_bib"]]
    found = {(row["results_bib"], row["results_interval_id"]): row for row in cut}
    for row in whole:
        other = found[row["results_bib"], row["results_interval_id"]]
        assert {name: other[name] for name in TIMES} == {name: CUT[times](row[name]) for name in TIMES}
        for name in ("results_rank", "results_begin_chip_time", "results_pace"):
            assert other[name] == row[name]


@pytest.mark.parametrize("times", CUT)
def test_the_ground_truth_tells_the_times_that_were_published(api, usual, times):
    client = api(times=times)
    truth = client.simulator.ground_truth(client.event())
    published = {
        (row["results_bib"], row["results_interval_name"]): (
            seconds(row["results_time"]),
            seconds(row["results_gun_time"]),
        )
        for row in results(client)
    }
    checked = 0
    for athlete in truth["athletes"]:
        if athlete["status"] == "finished" and athlete["bib"]:
            times = [{**athlete, "name": "Full Course"}, *athlete["splits"]]
            for time in times:
                told = time["chip_seconds"], time["gun_seconds"]
                assert published[athlete["bib"], time["name"]] == told
                checked += 1
    assert checked > 100
    exact = usual.simulator.ground_truth(usual.event())["athletes"]
    assert [a["overall_place"] for a in truth["athletes"]] == [a["overall_place"] for a in exact]


def test_gender_brackets_can_be_of_type_gender(api, usual):
    renamed = [b["bracket_type"].replace("SEX", "GENDER") for b in brackets(usual)]
    assert "GENDER" in renamed
    assert [b["bracket_type"] for b in brackets(api(bracket_types="GENDER"))] == renamed


def test_a_bracket_can_name_its_race_otherwise_or_not_at_all(api, usual):
    owners = [b["race_id"] for b in brackets(usual)]
    assert [b["bracket_race_id"] for b in brackets(api(bracket_owner="bracket_race_id"))] == owners
    assert not any("race_id" in b for b in brackets(api(bracket_owner="bracket_race_id")))
    assert brackets(api(bracket_owner="absent")) == without("race_id", brackets(usual))


def test_result_rows_can_lack_the_bracket_name(api, usual):
    rows = results(api(bracket_names="absent"), bracket="SEX")
    assert [row.keys() for row in rows] == [
        row.keys() for row in without("results_bracket_name", results(usual, bracket="SEX"))
    ]


def test_result_rows_can_lack_the_entry_id(api, usual):
    client = api(entry_ids="absent")
    expected = [row.keys() for row in without("results_entry_id", results(usual))]
    assert [row.keys() for row in results(client)] == expected
    assert results(client, columns="results_entry_id,results_rank")[0].keys() == {"results_rank"}
    entry = client.page(f"event/{client.event()}/entry")[0]["entry_id"]
    assert client.page(f"entry/{entry}/results")


def test_columns_can_be_ignored(api):
    client = api(columns="ignored")
    assert results(client, columns="results_bib") == results(client)
    assert len(results(client)[0]) > 20


def test_test_entries_can_have_results_behind_everybody_else(api, usual):
    client = api(test_results="some")
    path = f"event/{client.event()}/entry"
    testers = {e["entry_id"] for e in client.page(path) if e["entry_name"].startswith("Test Chip")}
    people = client.page(path, include_test_entries="false")
    assert len(testers) == 5
    assert not testers & {e["entry_id"] for e in people}
    truth = client.simulator.ground_truth(client.event())["athletes"]
    assert {a["entry_id"] for a in truth} == {e["entry_id"] for e in people}
    for bracket in ("", "SEX", "AGE"):
        rows = results(client, bracket=bracket)
        tested = [row for row in rows if row["results_entry_id"] in testers]
        assert len(tested) == 45
        for row in tested:
            context = [
                int(other["results_rank"])
                for other in rows
                if other["results_rank"]
                and other["results_entry_id"] not in testers
                and other["results_interval_id"] == row["results_interval_id"]
                and other["results_bracket_name"] == row["results_bracket_name"]
            ]
            assert int(row["results_rank"]) > max(context, default=0)
        ranks = [row["results_rank"] for row in rows if row["results_entry_id"] not in testers]
        assert ranks == [row["results_rank"] for row in results(usual, bracket=bracket)]
