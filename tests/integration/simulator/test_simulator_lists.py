"""The simulator's lists over HTTP: keys, headers, pages, columns, and what is left out."""


def test_every_list_has_its_wrapper_key_and_the_four_headers(finished):
    event = finished.event()
    race = finished.rows(f"event/{event}/race")[0]["race_id"]
    entry = finished.rows(f"race/{race}/entry")[0]["entry_id"]
    bracket = finished.rows(f"race/{race}/bracket")[0]["bracket_id"]
    interval = finished.rows(f"race/{race}/interval")[0]["interval_id"]
    lists = {"event": "event"}
    lists |= {
        f"event/{event}/{k}": f"event_{k}"
        for k in ("race", "entry", "results", "bracket", "interval", "wave")
    }
    lists |= {f"race/{race}/{k}": f"race_{k}" for k in ("entry", "results", "bracket", "interval", "wave")}
    lists |= {
        f"bracket/{bracket}/results": "bracket_results",
        f"interval/{interval}/results": "interval_results",
        f"entry/{entry}/results": "entry_results",
    }
    for path, key in lists.items():
        for answer in (
            finished.ask(path),
            finished.ask(path.replace("/", ".json/", 1)),
            finished.ask(path, format="json"),
        ):
            assert list(answer.json()) == [key]
            assert answer.json()[key]
            assert all(isinstance(value, str) for row in answer.json()[key] for value in row.values())
            for name in ("Row-Count", "Page-Count", "Page-Size", "Current-Page"):
                assert answer.headers[f"X-Ctlive-{name}"].isdecimal()


def test_every_single_resource_has_its_wrapper_key(finished):
    event = finished.event()
    ids = {"event": event}
    for kind in ("race", "entry", "bracket", "interval", "wave"):
        ids[kind] = finished.rows(f"event/{event}/{kind}")[0][f"{kind}_id"]
    for kind, number in ids.items():
        answer = finished.ask(f"{kind}/{number}")
        assert list(answer.json()) == [kind]
        assert answer.json()[kind][f"{kind}_id"] == number
        assert "X-Ctlive-Row-Count" not in answer.headers


def test_plural_paths_and_unknown_ids_are_not_found(finished):
    event = finished.event()
    for path in (
        "events",
        f"event/{event}/races",
        "event/1",
        "entry/x",
        f"entry/{event}",
        f"event/{event}/",
        "results",
    ):
        answer = finished.ask(path)
        assert answer.status_code == 404
        assert answer.json()["error"]


def test_pages_cover_every_row_once(finished):
    event = finished.event()
    for kind, key in (("entry", ("entry_id",)), ("results", ("results_entry_id", "results_interval_id"))):
        small = finished.rows(f"event/{event}/{kind}", size="37", interval="ALL")
        large = finished.rows(f"event/{event}/{kind}", interval="ALL")
        assert small == large
        assert len({tuple(row[name] for name in key) for row in small}) == len(small)


def test_headers_page_as_the_query_does(finished):
    path = f"{finished.simulator.base_url}/event/{finished.event()}/entry"
    headers = {"X-Ctlive-Page": "2", "X-Ctlive-Per-Page": "7"}
    answer = finished.session.get(path, headers=headers, timeout=30)
    assert answer.json() == finished.ask(f"event/{finished.event()}/entry", page=2, size=7).json()
    assert answer.headers["X-Ctlive-Current-Page"] == "2"
    assert answer.headers["X-Ctlive-Page-Size"] == "7"


def test_a_page_beyond_the_end_is_an_empty_list(finished):
    answer = finished.ask(f"event/{finished.event()}/results", page=999)
    assert answer.status_code == 200
    assert answer.json() == {"event_results": []}
    assert int(answer.headers["X-Ctlive-Row-Count"]) > 0


def test_columns_narrow_the_rows(finished):
    path = f"event/{finished.event()}/results"
    whole = finished.rows(path, bracket="SEX")
    for columns in (
        ["results_bib", "results_time"],
        ["results_rank"],
        ["results_bracket_name", "results_bib"],
        ["nothing"],
    ):
        narrow = finished.rows(path, bracket="SEX", columns=",".join(columns))
        assert narrow == [{name: row[name] for name in columns if name in row} for row in whole]


def test_test_entries_can_be_left_out(finished):
    path = f"event/{finished.event()}/entry"
    everyone, people = finished.rows(path), finished.rows(path, include_test_entries="false")
    assert len(everyone) == len(people) + 5 == 305
    assert finished.rows(path, include_test_entries="1") == everyone


def test_without_interval_the_full_course_and_the_leaderboard_splits_come(finished):
    path = f"event/{finished.event()}/results"
    names = {row["results_interval_name"] for row in finished.rows(path)}
    assert names == {"Half", "30K", "Full Course"}
    assert len({row["results_interval_name"] for row in finished.rows(path, interval="all")}) == 9
    by_name = finished.rows(path, interval="5K")
    assert {row["results_interval_name"] for row in by_name} == {"5K"}
    ids = {row["results_interval_id"] for row in by_name}
    by_path = [row for number in sorted(ids) for row in finished.rows(f"interval/{number}/results")]
    assert by_path == by_name


def test_brackets_by_name_by_id_and_by_path_are_the_same_list(finished):
    event = finished.event()
    race = finished.rows(f"event/{event}/race")[0]["race_id"]
    brackets = {b["bracket_name"]: b["bracket_id"] for b in finished.rows(f"race/{race}/bracket")}
    for name in ("Female", "M 40-44", "Female Locals"):
        by_path = finished.rows(f"bracket/{brackets[name]}/results")
        assert by_path
        assert by_path == finished.rows(f"race/{race}/results", bracket=name)
        assert by_path == finished.rows(f"race/{race}/results", bracket=brackets[name])
        assert {row["results_bracket_name"] for row in by_path} == {name}


def test_a_custom_sex_bracket_is_not_taken_for_the_plain_one(finished):
    rows = finished.rows(f"event/{finished.event()}/results", bracket="sex")
    assert {row["results_bracket_name"] for row in rows} == {"Female", "Male"}
