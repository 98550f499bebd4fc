"""A few strikes of every kind of fault, and that what looks for damage finds it. `make soak` has many."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from providers.chronotrack_live.simulator.accounts import numbered_account
from tests.integration.builders import RUN, athlete, entry
from tests.soak import (
    broken_api,
    broken_database,
    failing_api,
    killed_backfill,
    killed_daemon,
    killed_postgres,
)
from tests.soak.line import Way
from tests.soak.promises import over_budget
from tests.soak.proxy import Proxy
from tests.soak.request_log import RequestLog
from tests.soak.secrets import DATABASE_PASSWORD, forms_of, telling
from tests.soak.stage import Stage
from tests.soak.truth import differences

SEED = 2013
SCENARIOS = (
    broken_api,
    broken_database,
    failing_api,
    killed_daemon,
    killed_backfill,
    killed_postgres,
)
PATIENCE = 30


@pytest.mark.waits
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__.rpartition(".")[2])
def test_whatever_breaks_the_database_equals_the_truth_afterwards(server, template, tmp_path, scenario):
    [trial] = scenario.trials(Stage(server, template, tmp_path, SEED, is_short=True))

    assert trial.wrong == ()
    assert trial.struck > 1


# The proxy ------------------------------------------------------------------------------------------


ANSWER = b"a" * 10_000


@pytest.fixture
def upstream():
    """The address of a server that answers each piece that it gets with a long text."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_all, args=(listener,), daemon=True).start()
        yield listener.getsockname()


def answer_all(listener):
    while listener.fileno() >= 0:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(client,), daemon=True).start()


def answer(client):
    with closing(client):
        try:
            while client.recv(1000):
                client.sendall(ANSWER)
        except OSError:
            return


def asked(proxy, patience=PATIENCE):
    with closing(socket.create_connection(proxy.address, patience)) as client:
        return asked_on(client)


def asked_on(client):
    """Ask once; return how it ended: with the whole answer, its end before that, a reset, or nothing more."""
    client.sendall(b"question")
    came = 0
    while came < len(ANSWER):
        try:
            some = client.recv(65_536)
        except ConnectionResetError:
            return "reset"
        except TimeoutError:
            return "nothing"
        if not some:
            return "end"
        came += len(some)
    return "whole"


def test_a_proxy_that_strikes_nobody_hands_everything_on(upstream):
    with Proxy(upstream) as proxy:
        assert asked(proxy) == "whole"
        assert proxy.struck.total() == 0


@pytest.mark.parametrize(
    ("way", "end"),
    [
        (Way.DELAY, "whole"),
        (Way.RESET, "reset"),
        (Way.TRUNCATE, "end"),
        (Way.THROTTLE, "whole"),
        (Way.BLACKHOLE, "nothing"),
    ],
)
def test_each_way_ends_an_exchange_as_it_says(upstream, way, end):
    with Proxy(upstream, Random(SEED)) as proxy:
        proxy.strike(1.0, way, longest=0.01)
        ends = [asked(proxy, 0.5 if way is Way.BLACKHOLE else PATIENCE) for _ in range(5)]

        assert set(ends) <= {end, "whole"}
        assert ends.count(end) == proxy.struck[way] > 1


def test_who_is_spared_gets_the_whole_answer_on_the_connection_that_was_there(upstream):
    with Proxy(upstream, Random(SEED)) as proxy, closing(socket.create_connection(proxy.address)) as client:
        proxy.strike(1.0, Way.DELAY, longest=0.01)
        assert asked_on(client) == "whole"
        proxy.spare()
        assert asked_on(client) == "whole"
        assert proxy.struck == {Way.DELAY: 1}


# What looks for the damage --------------------------------------------------------------------------


def head(target, *headers):
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: api", *headers, "", ""]).encode()


def test_requests_are_counted_for_whoever_makes_them_however_their_bytes_come():
    log = RequestLog()
    listen, listen_to_another = log.listening(), log.listening()
    heard = head("/api/event?page=1&client_id=one") * 3
    for byte in heard:
        listen(bytes([byte]))
    listen_to_another(head("/api/event?page=1&client_id=two"))

    assert log.most_within(timedelta(minutes=1)) == {"one": 3, "two": 1}
    assert log.most_within(timedelta.resolution) == {"one": 1, "two": 1}


def test_what_proves_somebody_is_remembered_from_headers_and_queries():
    log = RequestLog()
    log.listening()(
        head("/api/event?client_id=one", "Authorization: Bearer token-1")
        + head("/api/event?client_id=one&user_id=login&user_pass=digest")
        + head("/oauth2/token?username=login&password=clear", "Authorization: Basic b25lOmhpZGRlbg==")
    )

    assert log.credentials == {"token-1", "digest", "clear", "b25lOmhpZGRlbg=="}
    # The client of a request for a token stands in its header.
    assert log.most_within(timedelta(minutes=1)) == {"one": 3}


def test_a_secret_is_found_in_each_form_and_a_login_is_none():
    account = numbered_account(2, frozenset())
    told = telling(forms_of([account]) | {"token-1"})

    for secret in [*forms_of([account]), "TOKEN-1", DATABASE_PASSWORD]:
        assert told(f"so {secret} it is"), secret
    assert told(f"{account.user} {account.client_id}") == []


def test_a_client_who_makes_more_requests_than_it_may_is_told(clock):
    log = RequestLog()
    log.listening()(head("/api/event?client_id=one") * 3 + head("/api/event?client_id=two") * 2)

    assert over_budget(log, 2, clock) == ["one made 3 requests within 60 seconds, 2 are allowed"]


def test_what_is_missing_from_a_database_and_what_is_too_much_are_told(hub, query):
    truth = {
        "event_id": "5",
        "event_name": RUN.name,
        "start_time": f"{RUN.start_time.isoformat()}",
        "athletes": [],
    }
    partner = hub.partner.timing_partner_id
    assert len(differences(query, [partner], [(partner, truth)])) == 1

    hub.save_events(replace(RUN, races=()))
    assert differences(query, [partner], [(partner, truth)]) == []
    hub.save_participants("5", entry(1))
    assert len(differences(query, [partner], [(partner, truth)])) == 1
    hub.save_results("5", athlete(1))
    assert len(differences(query, [partner], [(partner, truth)])) == 2
    assert len(differences(query, [partner], [])) == 1


def test_a_race_that_is_missing_or_too_much_is_told(hub, query):
    athlete = {"entry_id": "1", "bib": "1", "first_name": "A", "last_name": "B", "sex": "F", "status": None}
    truth = {"event_id": "5", "event_name": RUN.name, "start_time": RUN.start_time.isoformat()}
    hub.save_events(RUN)

    def told(*races):
        athletes = [athlete | {"race_id": race, "splits": []} for race in races]
        partner = hub.partner.timing_partner_id
        return [
            sentence
            for sentence in differences(query, [partner], [(partner, truth | {"athletes": athletes})])
            if "race " in sentence
        ]

    assert told("77") == []
    assert told("77", "78") == [f"{RUN.name}: race 78 is missing"]
    assert told() == [f"{RUN.name}: race 77 is there, and should not be"]


def test_a_fault_that_struck_fewer_times_than_it_was_to_is_wrong(server, template, tmp_path):
    with Stage(server, template, tmp_path, SEED).scene("too seldom") as scene:
        (scene.folder / "000.log").write_text("budget.taken\nbudget.waited\nbudget.waited\n")
        trial = scene.trial("too seldom", 2, 3)

    assert "it struck 2 times, and was to strike 3 times" in trial.wrong
    assert trial.waits == 2
