"""What recipients are told by one process after the other, and what those hear who wait for it."""

from __future__ import annotations

import fcntl
import json
import socket

import pytest

from database.file_lock import FileLock
from schedulers.notices.courier import open_recipients
from schedulers.notices.ledger import Ledger
from schedulers.notices.ledger_file import LedgerFile
from schedulers.notices.teller import Teller
from tests.integration.notices.services import MESSAGE, seen, titles, told


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
