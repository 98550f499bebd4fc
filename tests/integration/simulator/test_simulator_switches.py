"""How the simulated API may page, refuse and be entered, against what it does by default."""

from dataclasses import fields
from datetime import timedelta
from hashlib import sha1, sha256
from typing import get_args, get_type_hints

import pytest
import requests
from click.testing import CliRunner

from operations.cli import main
from providers.chronotrack_live.simulator.process import SimulatorError
from providers.chronotrack_live.simulator.variants import Variant
from tests.integration.simulator import test_simulator_spellings as spellings
from tests.integration.simulator.conftest import START, Client, simulator_at

SHAPES = [
    {},
    {"digests": "sha1", "token_life": "60"},
    {"digests": "sha256", "token_life": "0"},
    {"digests": "plain", "bracket_keywords": "ignored", "unknown": "error", "archived": "200"},
    {"bracket_keywords": "refused", "unknown": "nothing", "archived": "403", "paging": "query"},
    {"bracket_keywords": "empty", "archived": "410", "largest_size": "20", "paging": "headers"},
    {"bracket_keywords": "first_race", "oversize": "refuse", "refusal": "403", "page_headers": "none"},
    {"beyond_end": "repeat", "compression": "gzip"},
]
USER, CLEAR = "demo@chronotrack.test", "demo-password"
FIRST, SECOND = (USER, CLEAR), ("demo2@chronotrack.test", "demo-password-2")
FORMS = {
    "plain": CLEAR,
    "sha1": sha1(CLEAR.encode()).hexdigest(),
    "sha256": sha256(CLEAR.encode()).hexdigest(),
}
PAGE_HEADERS = {"X-Ctlive-Page": "2", "X-Ctlive-Per-Page": "7"}


def ask(client, path, auth=FIRST, headers=None, **query):
    url = f"{client.simulator.base_url}/{path}"
    return requests.get(url, auth=auth, params=query, headers=headers, timeout=30)


def results(client, event, **query):
    """The rows of all intervals, as the second account sees them."""
    path = f"event/{event}/results"
    return ask(client, path, SECOND, interval="ALL", size=1000, **query).json()["event_results"]


def token(client, password=CLEAR):
    """The answer to a password grant."""
    url = f"{client.simulator.root_url}/oauth2/token"
    grant = {"grant_type": "password", "username": USER, "password": password}
    return requests.get(url, params=grant, auth=("demo0001", sha1(b"demo0001").hexdigest()), timeout=30)


@pytest.fixture(scope="module")
def event(usual):
    return usual.event()


@pytest.fixture(scope="module")
def two_races(usual):
    """An event with two races, which only the second account sees."""
    events = ask(usual, "event", SECOND).json()["event"]
    return next(e["event_id"] for e in events if e["event_name"] == "Lakeside Half Marathon")


def test_every_value_of_every_switch_is_tried_here_or_with_the_spellings():
    shapes, kinds = SHAPES + spellings.SHAPES, get_type_hints(Variant)
    for switch in fields(Variant):
        tried = {shape.get(switch.name, str(switch.default)) for shape in shapes}
        assert set(get_args(kinds[switch.name])) <= tried
        assert len(tried) > 1


def test_naming_every_default_changes_nothing(usual):
    defaults = {switch.name: str(switch.default) for switch in fields(Variant)}
    with simulator_at(START + timedelta(days=2), athletes=60, variants=defaults) as simulator:
        named = Client(simulator)
        for path in spellings.every_list(usual):
            first, second = (client.ask(path, size=7, bracket="AGE") for client in (usual, named))
            assert first.content == second.content
            assert {**first.headers, "Date": ""} == {**second.headers, "Date": ""}
        named.session.close()


def test_pages_can_be_smaller(api, event):
    client = api(largest_size="20")
    for size in (20, 21, 1000):
        headers = {"X-Ctlive-Per-Page": str(size)}
        answer = ask(client, f"event/{event}/entry", headers=headers)
        assert len(answer.json()["event_entry"]) == 20
        assert answer.headers["X-Ctlive-Page-Size"] == "20"


def test_a_size_above_the_largest_can_be_refused(api, event):
    client = api(oversize="refuse")
    assert ask(client, f"event/{event}/entry", size=1000).status_code == 200
    answer = ask(client, f"event/{event}/entry", size=1001)
    assert answer.status_code == 400
    assert "1000" in answer.json()["error"]


def test_the_headers_of_a_list_can_be_missing(api, usual, event):
    bare, full = (ask(client, f"event/{event}/entry") for client in (api(page_headers="none"), usual))
    assert bare.content == full.content
    assert sum(name.lower().startswith("x-ctlive-") for name in full.headers) == 4
    assert not any(name.lower().startswith("x-ctlive-") for name in bare.headers)


def test_a_page_beyond_the_end_can_repeat_the_last_page(api, usual, event):
    path = f"event/{event}/entry"
    last, beyond = (ask(api(beyond_end="repeat"), path, size=20, page=page) for page in (4, 9))
    assert beyond.content == last.content == ask(usual, path, size=20, page=4).content
    assert ask(usual, path, size=20, page=9).json() == {"event_entry": []}


@pytest.mark.parametrize(
    ("paging", "page"), [("both", ["3", "5"]), ("query", ["3", "5"]), ("headers", ["2", "7"])]
)
def test_pages_can_be_read_from_the_query_or_from_the_headers(api, event, paging, page):
    path = f"event/{event}/entry"
    shown = ask(api(paging=paging), path, headers=PAGE_HEADERS, page=3, size=5).headers
    assert [shown["X-Ctlive-Current-Page"], shown["X-Ctlive-Page-Size"]] == page


def test_paging_that_is_not_read_is_as_if_it_were_not_there(api, event):
    path = f"event/{event}/entry"
    unread = [
        ask(api(paging="query"), path, headers=PAGE_HEADERS),
        ask(api(paging="headers"), path, page=3, size=5),
    ]
    assert [answer.headers["X-Ctlive-Current-Page"] for answer in unread] == ["1", "1"]
    assert [answer.headers["X-Ctlive-Page-Size"] for answer in unread] == ["50", "20"]


@pytest.mark.parametrize("word", ["SEX", "AGE", "sex"])
def test_a_bracket_keyword_can_be_ignored_refused_or_match_nothing(api, usual, two_races, word):
    path = f"event/{two_races}/results"
    usually = results(usual, two_races)
    assert results(api(bracket_keywords="ignored"), two_races, bracket=word) == usually
    assert results(usual, two_races, bracket=word) != usually
    refused = ask(api(bracket_keywords="refused"), path, SECOND, bracket=word)
    assert (refused.status_code, list(refused.json())) == (400, ["error"])
    empty = ask(api(bracket_keywords="empty"), path, SECOND, bracket=word)
    assert empty.json() == {"event_results": []}
    assert empty.headers["X-Ctlive-Row-Count"] == "0"


def test_a_bracket_keyword_can_mean_the_first_race_only(api, usual, two_races):
    client = api(bracket_keywords="first_race")
    first, second = (
        race["race_id"] for race in ask(usual, f"event/{two_races}/race", SECOND).json()["event_race"]
    )
    everyone = results(usual, two_races, bracket="SEX")
    of_first = [row for row in everyone if row["results_race_id"] == first]
    assert 0 < len(of_first) < len(everyone)
    assert results(client, two_races, bracket="SEX") == of_first
    assert results(client, two_races) == results(usual, two_races)
    of_race = [ask(c, f"race/{second}/results", SECOND, bracket="SEX").content for c in (client, usual)]
    assert of_race[0] == of_race[1]


@pytest.mark.parametrize("keywords", ["ignored", "refused", "empty", "first_race"])
def test_brackets_by_name_and_by_path_are_understood_all_the_same(api, usual, event, keywords):
    client = api(bracket_keywords=keywords)
    brackets = usual.page(f"event/{event}/bracket")
    number = next(b["bracket_id"] for b in brackets if b["bracket_name"] == "Female")
    for path, query in ((f"event/{event}/results", {"bracket": "Female"}), (f"bracket/{number}/results", {})):
        rows, expected = (ask(c, path, **query, headers={"X-Ctlive-Per-Page": "20"}) for c in (client, usual))
        (rows,), (expected,) = rows.json().values(), expected.json().values()
        assert rows[:20] == expected[:20] != []


def test_an_unknown_event_can_be_an_error_with_status_200(api, two_races):
    for path in ("event/1", "event/1/entry", f"event/{two_races}/results"):
        answer = ask(api(unknown="error"), path)
        assert (answer.status_code, list(answer.json())) == (200, ["error"])


def test_an_unknown_event_can_be_an_empty_list(api, two_races):
    for path, key in (("event/1", "event"), ("event/1/entry", "event_entry")):
        answer = ask(api(unknown="nothing"), path)
        assert (answer.status_code, answer.json()) == (200, {key: []})
    answer = ask(api(unknown="nothing"), f"event/{two_races}/results")
    assert answer.json() == {"event_results": []}
    assert answer.headers["X-Ctlive-Row-Count"] == "0"


@pytest.mark.parametrize("unknown", ["missing", "error", "nothing"])
def test_unknown_paths_and_entries_are_missing_whatever_unknown_events_are(api, event, unknown):
    for path in ("entry/1", "race/1/entry", "events", f"event/{event}/races"):
        assert ask(api(unknown=unknown), path).status_code == 404


@pytest.mark.parametrize("status", ["400", "200", "403", "410"])
def test_an_archived_event_can_have_another_status_and_says_the_same(api, usual, status):
    archived = usual.event("Founders Mile")
    answer = ask(api(archived=status), f"event/{archived}/entry")
    assert (answer.status_code, answer.json()) == (int(status), {"error": "Event is archived."})


@pytest.mark.parametrize("status", ["401", "403"])
def test_wrong_credentials_can_have_another_status(api, status):
    client = api(refusal=status)
    assert ask(client, "event", (USER, "wrong")).status_code == int(status)
    assert ask(client, "event", None).status_code == int(status)
    assert token(client, "wrong").status_code == int(status)
    assert ask(client, "event").status_code == 200


@pytest.mark.parametrize(
    ("digests", "by_basic", "by_simple"),
    [
        ("any", ["plain", "sha1", "sha256"], ["sha1", "sha256"]),
        ("plain", ["plain"], ["plain"]),
        ("sha1", ["sha1"], ["sha1"]),
        ("sha256", ["sha256"], ["sha256"]),
    ],
)
def test_each_form_of_the_password_can_be_the_only_one(api, digests, by_basic, by_simple):
    client = api(digests=digests)
    simple = {"client_id": "demo0001", "user_id": USER}
    basic_ways = {form: ask(client, "event", (USER, secret)) for form, secret in FORMS.items()}
    simple_ways = {form: ask(client, "event", None, **simple, user_pass=s) for form, s in FORMS.items()}
    assert [form for form, answer in basic_ways.items() if answer.status_code == 200] == by_basic
    assert [form for form, answer in simple_ways.items() if answer.status_code == 200] == by_simple
    assert token(client).status_code == 200
    assert token(client, FORMS["sha1"]).status_code == 401


def test_a_token_can_live_for_less_long(api):
    assert 0 < token(api(token_life="60")).json()["expires_in"] <= 60
    client = api(token_life="0")
    dead = token(client).json()["access_token"]
    bearer = {"Authorization": f"Bearer {dead}"}
    assert ask(client, "event", None, bearer, client_id="demo0001").status_code == 401
    assert token(client).json()["access_token"] != dead


def test_lists_can_be_compressed_for_whoever_accepts_it(api, usual, event):
    client, path = api(compression="gzip"), f"event/{event}/entry"
    packed = ask(client, path)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < len(packed.content) / 2
    plain = ask(client, path, headers={"Accept-Encoding": "identity"})
    assert plain.content == packed.content == ask(usual, path).content
    for answer in (plain, ask(client, f"event/{event}"), ask(usual, path)):
        assert "Content-Encoding" not in answer.headers


def test_a_simulator_with_a_wrong_switch_says_what_there_is():
    with (
        pytest.raises(SimulatorError, match="milliseconds, hundredths"),
        simulator_at(START, variants={"times": "x"}),
    ):
        pass
    with pytest.raises(SimulatorError, match="server_error, unavailable"), simulator_at(START, faults=["x"]):
        pass


def test_the_help_of_the_command_lists_every_switch_and_fault():
    shown = CliRunner().invoke(main, ["simulate", "--help"]).output
    assert all(f"  {switch.name}={switch.default}" in shown for switch in fields(Variant))
    assert all(f"  {name}" in shown for name in ("server_error", "slow=SECONDS", "moving", "doubled"))
    assert max(map(len, shown.splitlines())) <= 80
