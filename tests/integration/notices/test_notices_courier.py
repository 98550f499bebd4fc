"""Messages on their way: apprise, and real servers that take them or do not."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from contextlib import closing

import pytest

from providers.errors import SettingsInvalid
from schedulers.notices.courier import deliver, open_recipients
from schedulers.notices.message import Message
from tests.integration.notices.services import MESSAGE, recipients, told

PATIENCE = 30.0


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
