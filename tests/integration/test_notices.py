"""Messages on their way: ledgers in files, apprise, and real servers that take them or do not."""

from __future__ import annotations

import fcntl
import json
import logging
import socket
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from werkzeug import Response

from database.file_lock import FileLock
from providers.clock import Clock
from providers.errors import SettingsInvalid
from schedulers.notices.concern import Concern, Look
from schedulers.notices.courier import deliver, open_recipients
from schedulers.notices.herald import told_changes
from schedulers.notices.ledger import Ledger, Told
from schedulers.notices.ledger_file import LedgerFile
from schedulers.notices.message import Message
from schedulers.notices.teller import Teller
from tests.unit.partners import make_partner, report

BEGIN = datetime(2026, 4, 18, 7, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENCE = 30.0
MESSAGE = Message("ChronoTrack Live: 1 new", "partner 7: refused.\n(hub1)", is_bad=True)
SECRETS = ("Zauberwort", "Losung", "Kennung", "Datenwort")


class Service:
    """A server that takes messages: a path of its own, what came to it, and whether it takes them now."""

    def __init__(self, httpserver, path):
        self.messages, self.takes = [], True
        self.url = (
            f"json://Kennung:Zauberwort@{httpserver.host}:{httpserver.port}{path}/Losung?+X-Key=Datenwort"
        )
        httpserver.expect_request(f"{path}/Losung").respond_with_handler(self._answer)

    def _answer(self, request):
        self.messages.append(request.get_json())
        return Response(status=200 if self.takes else 500)


@pytest.fixture
def service(httpserver):
    return Service(httpserver, "/first")


@pytest.fixture
def other(httpserver):
    return Service(httpserver, "/second")


def recipients(*services):
    return open_recipients([service.url for service in services], "--notify")


@pytest.fixture
def open_teller(tmp_path):
    """A maker of tellers, each as a process of its own would have it, and of what they complain of."""

    def opened(*services):
        heard = []
        return Teller(recipients(*services), LedgerFile(tmp_path / "notices" / "a.json"), heard.append), heard

    return opened


def seen(after, *subjects):
    concerns = [Concern(subject, "refused", subject, "is refused", "Do something.") for subject in subjects]
    return Look(BEGIN + after * MINUTE, concerns, {"partner 7", "partner 8"})


def titles(service):
    return [message["title"].removeprefix("ChronoTrack Live: ") for message in service.messages]


# The courier ------------------------------------------------------------------------------------------------


def test_a_message_arrives_as_it_is(service):
    [recipient] = recipients(service)

    assert deliver({recipient: MESSAGE}, PATIENCE) == {recipient}
    [message] = service.messages
    assert (message["title"], message["message"]) == (MESSAGE.title, MESSAGE.body)
    assert message["type"] == "failure"


def test_good_news_come_as_such(service):
    [recipient] = recipients(service)

    deliver({recipient: Message("ChronoTrack Live: 1 recovered", "Well again: x", is_bad=False)}, PATIENCE)

    assert service.messages[0]["type"] == "success"


def test_whoever_does_not_take_it_is_not_among_those_who_did(service, other):
    service.takes = False
    first, second = recipients(service, other)

    assert deliver({first: MESSAGE, second: MESSAGE}, PATIENCE) == {second}


def test_whoever_never_answers_is_waited_for_no_longer_than_said_and_holds_nobody_up_nor_the_end(service):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging, taking = open_recipients(
            [f"json://127.0.0.1:{silent.getsockname()[1]}/?rto=60", service.url], "--notify"
        )

        began, before = time.monotonic(), set(threading.enumerate())
        taken = deliver({hanging: MESSAGE, taking: MESSAGE}, 2.0)

        assert time.monotonic() - began < 20
        assert all(thread.daemon for thread in set(threading.enumerate()) - before)
        assert taken == {taking}
        assert (hanging.is_busy, taking.is_busy) == (True, False)


@pytest.mark.parametrize("status", [500, 404, 302])
def test_no_failure_tells_a_secret(httpserver, service, caplog, capfd, status):
    caplog.set_level(logging.DEBUG)
    [recipient] = recipients(service)
    httpserver.clear()
    httpserver.expect_request("/first/Losung").respond_with_data("Losung", status, {"Location": "/Losung"})

    assert deliver({recipient: MESSAGE}, PATIENCE) == set()
    logged = [str(record.__dict__) for record in caplog.records if record.name != "werkzeug"]
    assert told(*logged, *capfd.readouterr(), repr(recipient), repr(vars(recipient))) == []


def test_an_answer_that_is_not_http_tells_no_secret(caplog, capfd):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer():
            for text in (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", b"Losung\r\n\r\n"):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(text)

        answering = threading.Thread(target=answer)
        answering.start()
        [recipient] = open_recipients(
            [f"json://Kennung:Zauberwort@127.0.0.1:{server.getsockname()[1]}/Losung"], "--notify"
        )
        for _ in range(2):
            deliver({recipient: MESSAGE}, PATIENCE)
        answering.join()

    assert told(caplog.text, *capfd.readouterr()) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "Zauberwort",
        "Zauberwort://Losung",
        "json://[Losung",
        "slack://Losung",
        "file:///Losung",
        "mailto://",
    ],
)
def test_a_url_to_which_nothing_can_be_sent_is_refused_by_its_place_alone(service, caplog, url):
    caplog.set_level(logging.DEBUG)

    with pytest.raises(SettingsInvalid, match="--notify: URL 2 ") as raised:
        open_recipients([service.url, url], "--notify")

    assert told(str(raised.value), caplog.text) == []


def test_without_the_package_a_sentence_says_how_this_python_gets_it(service, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(SettingsInvalid) as raised:
        recipients(service)

    assert str(raised.value) == (
        "--notify wants the Python package apprise, and apprise is missing: run "
        f"`{sys.executable} -m pip install 'apprise>=2.0'`."
    )


def told(*texts):
    return [secret for text in texts for secret in SECRETS if secret in text]


# The teller -------------------------------------------------------------------------------------------------


def test_what_was_told_is_not_told_again_after_a_restart(open_teller, service):
    for after in (0, 1, 10):
        teller, heard = open_teller(service)
        teller.tell(seen(after, "partner 7"))

    assert (titles(service), heard) == (["1 new"], [])


def test_a_recovery_is_told_by_another_process_than_the_one_that_told_of_the_concern(open_teller, service):
    for look in (seen(0, "partner 7"), seen(5), seen(9), seen(10), seen(20)):
        open_teller(service)[0].tell(look)

    assert titles(service) == ["1 new", "1 recovered"]
    assert "Well again: partner 7" in service.messages[1]["message"]


def test_whoever_did_not_take_it_is_told_later_and_nobody_else_again(open_teller, service, other):
    service.takes = False
    teller, heard = open_teller(service, other)
    for after in (0, 1, 4, 5, 6):
        teller.tell(seen(after, "partner 7"))
    service.takes = True
    teller.tell(seen(15, "partner 7"))
    teller.tell(seen(25, "partner 7"))

    assert titles(other) == ["1 new"]
    assert titles(service) == ["1 new"] * 3
    assert heard == ["Notification URL 1 (json) took no message: it is tried again, ever more rarely."]


def test_a_failure_is_said_again_when_it_comes_again(open_teller, service):
    teller, heard = open_teller(service)
    for after, takes in ((0, False), (5, True), (10, False), (15, False)):
        service.takes = takes
        teller.tell(seen(after, "partner 7", *(["partner 8"] if after > 5 else [])))

    assert len(heard) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "5",
        '{"1 (json)": 5}',
        '{"1 (json)": {"told": {}, "tried": "soon"}}',
        '{"1 (json)": {"told": {}, "tried": "2026-04-18T07:30:00"}}',
        '{"1 (json)": {"told": {"partner 7": {}}, "tried": null}}',
        '{"1 (json)": {"told": [], "tried": null}}',
        "\x00\xff",
    ],
)
def test_a_damaged_ledger_is_begun_anew_with_a_word(open_teller, service, tmp_path, text):
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "a.json").write_text(text, encoding="latin-1")
    teller, heard = open_teller(service)
    teller.tell(seen(0, "partner 7"))
    teller.tell(seen(10, "partner 7"))

    assert titles(service) == ["1 new"]
    [damage] = heard
    assert "a.json is damaged" in damage


@pytest.mark.parametrize("taken", ["notices", "notices/a.json/x", "notices/a.lock/x"])
def test_nobody_is_told_anything_where_the_ledger_cannot_be_kept(open_teller, service, tmp_path, taken):
    (tmp_path / taken).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / taken).write_text("taken")
    teller, heard = open_teller(service)
    for after in (0, 10, 20):
        teller.tell(seen(after, "partner 7"))

    assert service.messages == []
    [problem] = heard
    assert problem.startswith("Nothing is told: What people were told: ")
    assert str(tmp_path / "notices") in problem


def test_a_ledger_that_can_be_read_and_not_written_is_said_once_each_time_that_it_begins(
    open_teller, service, tmp_path
):
    ledger = tmp_path / "notices" / "a.json"
    ledger.parent.mkdir()
    teller, heard = open_teller(service)

    for after in (0, 1, 2, 3, 4, 5):
        if after in (0, 4):
            ledger.unlink(missing_ok=True)
            ledger.symlink_to(tmp_path / "nowhere" / "a.json")
        if after == 3:
            ledger.unlink()
        teller.tell(seen(after, "partner 7"))

    assert titles(service) == ["1 new"]
    assert [problem.partition(": ")[0] for problem in heard] == ["Nothing is told"] * 2


def test_nobody_is_sent_a_message_while_one_is_on_its_way_to_him(tmp_path):
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        [hanging] = open_recipients([f"json://127.0.0.1:{silent.getsockname()[1]}/?rto=60"], "--notify")
        sending = hanging.send(MESSAGE)

        file = LedgerFile(tmp_path / "notices" / "a.json")
        Teller([hanging], file, heard.append).tell(seen(0, "partner 7"))

        assert (sending.is_alive(), file.read(), heard) == (True, {"1 (json)": Ledger()}, [])


def test_while_another_process_tells_nothing_is_done(open_teller, service, tmp_path):
    teller, heard = open_teller(service)
    (tmp_path / "notices").mkdir()
    with FileLock(tmp_path / "notices" / "a.lock", fcntl.LOCK_EX):
        teller.tell(seen(0, "partner 7"))
        assert service.messages == []

    teller.tell(seen(1, "partner 7"))
    assert (titles(service), heard) == (["1 new"], [])


def test_the_ledger_holds_nothing_of_a_url_and_is_for_its_owner_alone(open_teller, service, tmp_path):
    open_teller(service)[0].tell(seen(0, "partner 7"))

    file = tmp_path / "notices" / "a.json"
    text = file.read_text(encoding="utf-8")
    assert list(json.loads(text)) == ["1 (json)"]
    assert told(text) == []
    assert "127.0.0.1" not in text
    assert file.stat().st_mode & 0o077 == 0


# The daemon's thread ----------------------------------------------------------------------------------------


def test_what_the_watch_meets_is_told_at_the_latest_when_the_daemon_ends(service, tmp_path, clock):
    partner = make_partner(tmp_path, clock)
    with closing(partner.adapter), told_changes([service.url], "NOTIFY", tmp_path, clock) as watch:
        partner.refused_since = clock.now()
        watch.done(report("authentication", "failed"), partner)

    assert titles(service) == ["1 new"]


def test_a_fault_of_ours_is_logged_and_reaches_nobody_else(service, tmp_path):
    class Broken(Clock):
        def now(self):
            raise LookupError("It stands still.")

    with capture_logs() as logs, told_changes([service.url], "NOTIFY", tmp_path, Broken()):
        pass

    assert [line["event"] for line in logs] == ["notices.broke"]


# The ledger's file ------------------------------------------------------------------------------------------

instants = st.none() | st.datetimes(timezones=st.just(UTC))
words = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=20)  # each is written to the disk
@given(
    st.dictionaries(
        words,
        st.builds(
            Ledger,
            told=st.dictionaries(
                words, st.builds(Told, words, st.dictionaries(words, instants), instants, instants)
            ),
            tried=instants,
            untaken=st.integers(0, 50),
        ),
        max_size=3,
    )
)
def test_ledgers_come_back_from_their_file_as_they_were(tmp_path_factory, ledgers):
    file = LedgerFile(tmp_path_factory.getbasetemp() / "ledgers.json")
    file.write(ledgers)

    assert file.read() == ledgers
