"""Every failure is made to happen with marked secrets, and nothing that is left behind tells one of them."""

from __future__ import annotations

import gzip
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import cycle, product
from urllib.parse import quote

import pytest
from psycopg2.extensions import make_dsn, parse_dsn
from psycopg2.extras import Json

from database.connection import Database
from providers.clock import Clock
from providers.errors import IntegrationError
from providers.recording import read_recording
from tests.acceptance.conftest import ROOT
from tests.acceptance.secrets_marked import (
    DATABASE_PASSWORD,
    FORMS,
    IMPOSSIBLE,
    MODES,
    PASSWORD,
    told,
    ways_of,
)
from tests.acceptance.secrets_search import told_by_error, told_in_folder, told_in_tables
from tests.acceptance.secrets_server import FAILURES, REPEATED_LATER, careless_server

QUICK = [failure for failure in FAILURES if failure not in REPEATED_LATER]
NO_ACCESS = (("event", MODES), ("token", ["oauth2"]))
# Each command has every failure at another of these places.
BELOW = ("race", "entry", "results")
PATIENCE = 60


@pytest.fixture
def careless():
    with careless_server() as running:
        yield running


@pytest.fixture
def environment(environment, daemon_dsn):
    """As for any command, but the database has a password."""
    return environment | {"DATABASE_URL": make_dsn(daemon_dsn, password=DATABASE_PASSWORD)}


@pytest.fixture
def add_failing(add_partner, careless):
    """A maker of partners with marked secrets, whose API fails in some way at some place."""
    turns = {mode: cycle(ways_of(mode)) for mode in MODES}

    def add(failure, place, mode, **config):
        patience = 0.5 if failure == "silent" else 60
        config = {"base_url": careless.base_url(failure, place), "timeout": patience} | config
        return add_partner(f"{failure} {place} {mode}", **next(turns[mode]), **config)

    return add


@pytest.fixture
def add_impossible(add_failing, query):
    """Adds a partner for each way to have a secret in a wrong field."""

    def add():
        for number, config in enumerate(IMPOSSIBLE):
            partner = add_failing(number, "settings", "basic")
            if isinstance(config, dict):
                config = {**partner.additional_config, **config}
            query(
                "UPDATE partner_provider_credentials SET additional_config = %s WHERE timing_partner_id = %s",
                Json(config),
                partner.timing_partner_id,
            )

    return add


@pytest.fixture
def assert_nothing_told(tmp_path, query):
    def search(*outputs):
        assert [form for output in outputs for form in told(output)] == []
        assert told_in_folder(tmp_path) == []
        assert told_in_tables(query) == []

    return search


def kept_bodies(recording):
    return [answer.body for partner in recording.iterdir() for answer in read_recording(partner)]


def test_a_pass_tells_nothing_whatever_the_apis_do(
    run, add_failing, careless, nowhere, query, tmp_path, assert_nothing_told
):
    added = [
        add_failing(failure, place, mode)
        for place, modes in NO_ACCESS
        for failure, mode in product(FAILURES, modes)
    ]
    further = list(zip(QUICK, cycle(BELOW), cycle(MODES)))
    for failure, place, mode in further:
        partner = add_failing(failure, place, mode)
        if place != "race":  # without its races, an event stands all the same
            added.append(partner)
    addresses = (f"http://{nowhere}", f"https://{careless.address}", "http://[fe80::1%25nowhere]")
    for mode, address in product(MODES, addresses):
        added.append(add_failing("unreachable", address, mode, base_url=f"{address}/api"))

    done = run("scheduler", "--once", "--verbose", "--record", tmp_path / "recording")

    failed = query(
        "SELECT DISTINCT timing_partner_id AS id FROM sync_history WHERE error_category IS NOT NULL"
    )
    assert {row["id"] for row in failed} >= {partner.timing_partner_id for partner in added}
    assert careless.failed == {*product(FAILURES, ("event", "token")), *(scene[:2] for scene in further)}
    assert all(told(sent) for sent in careless.sent if sent)
    assert any(b"[redacted]" in body for body in kept_bodies(tmp_path / "recording"))
    assert done.returncode == 1
    assert_nothing_told(done.stdout, done.stderr)


def test_a_pass_tells_nothing_of_secrets_in_wrong_fields(run, add_impossible, tmp_path, assert_nothing_told):
    add_impossible()

    done = run("scheduler", "--once", "--verbose", "--record", tmp_path / "recording")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == len(IMPOSSIBLE)
    assert_nothing_told(done.stdout, done.stderr)


def test_testing_and_listing_credentials_tells_nothing_whatever_the_apis_do(
    run, add_failing, add_impossible, careless, assert_nothing_told
):
    for place, modes in NO_ACCESS:
        for failure, mode in product(QUICK, modes):
            add_failing(failure, place, mode)
    add_impossible()

    tested, listed, as_json = (
        run("credentials", *words) for words in (["test"], ["list"], ["list", "--json"])
    )

    assert careless.failed == set(product(QUICK, ("event", "token")))
    assert (tested.returncode, listed.returncode, as_json.returncode) == (1, 0, 0)
    assert "refuses the credentials" in listed.stdout
    assert_nothing_told(*(said for done in (tested, listed, as_json) for said in (done.stdout, done.stderr)))


def test_a_backfill_tells_nothing_whatever_the_apis_and_the_database_do(
    run, add_failing, careless, query, tmp_path, assert_nothing_told
):
    for failure, place, mode in zip(QUICK, cycle(BELOW[1:] + BELOW[:1]), cycle(MODES)):
        add_failing(failure, place, mode)
    refused = add_failing("none", "none", "simple")
    query(f"ALTER TABLE ct_events ADD CHECK (timing_partner_id <> {refused.timing_partner_id})")

    done = run("backfill", "--yes", "--verbose", "--api-delay", "0", "--record", tmp_path / "recording")

    assert {failure for failure, _ in careless.failed} == set(QUICK)
    assert "violates check constraint" in done.stderr
    assert any(b"[redacted]" in body for body in kept_bodies(tmp_path / "recording"))
    assert done.returncode == 1
    assert_nothing_told(done.stdout, done.stderr)


def test_the_daemon_tells_nothing_when_apis_fail_and_the_database_goes(
    environment, add_failing, careless, server, dsn, open_query, tmp_path, assert_nothing_told
):
    for failure, place, mode in zip(QUICK, cycle(BELOW[2:] + BELOW[:2]), cycle(MODES)):
        add_failing(failure, place, mode)
    admin, name = open_query(server.dsn("postgres")), parse_dsn(dsn)["dbname"]
    log, now = tmp_path / "daemon.log", datetime.now(UTC)

    def wait_until(condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")[-2000:]
            time.sleep(0.05)

    with log.open("wb") as output:
        daemon = subprocess.Popen(
            [
                *(sys.executable, ROOT / "schedulers" / "chronotrack_live_scheduler.py"),
                *("--verbose", "--record", tmp_path / "recording"),
            ],
            env=environment | {"CHRONOTRACK_LIVE_CLOCK": str(Clock.running(now, (now, 100.0)))},
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: {failure for failure, _ in careless.failed} == set(QUICK))
        admin(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name = 'chronotrack-live'",
            name,
        )
        wait_until(lambda: b"not currently accepting connections" in log.read_bytes())
        admin(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(PATIENCE) == 0
    finally:
        daemon.kill()
        daemon.wait()

    assert any(b"[redacted]" in body for body in kept_bodies(tmp_path / "recording"))
    assert_nothing_told(log.read_bytes())


ADDRESSES = [
    f"postgresql://hub:{DATABASE_PASSWORD}@NOWHERE/hub",
    f"postgresql://hub:{quote(DATABASE_PASSWORD, safe='')}@NOWHERE/hub",
    # Here a part of the password is taken for the port, the host or the name of the database.
    "postgresql://hub:Datenwort/6@NOWHERE/hub",
    "postgresql://hub:6@Datenwort@NOWHERE/hub",
    "postgresql://localhost:6/Datenwort@NOWHERE/hub",
    f"postgresql://NOWHERE/hub?user=hub&password={quote(DATABASE_PASSWORD)}&pasword=x",
    f"host=127.0.0.1 port=9 password={DATABASE_PASSWORD}",
    f"host=127.0.0.1 port=9 password='{DATABASE_PASSWORD}'",
    f"host=127.0.0.1 port=9 password='{DATABASE_PASSWORD}",
    DATABASE_PASSWORD,
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_error_tells_the_password_of_a_database_that_cannot_be_reached(nowhere, address):
    with pytest.raises(IntegrationError) as raised:
        Database(address.replace("NOWHERE", nowhere)).connect()

    assert told_by_error(raised.value) == []


@pytest.mark.parametrize("address", ADDRESSES[:2])
def test_no_command_tells_the_password_of_a_database_that_cannot_be_reached(
    run, nowhere, assert_nothing_told, address
):
    done = run("scheduler", "--once", "--verbose", DATABASE_URL=address.replace("NOWHERE", nowhere))

    assert done.returncode == 2
    assert_nothing_told(done.stdout, done.stderr)


@pytest.mark.parametrize(("wrong", "said"), [({"user": "stranger"}, "stranger"), ({}, "migrate")])
def test_no_command_tells_the_password_of_a_database_that_refuses(
    run, server, assert_nothing_told, wrong, said
):
    refusing = make_dsn(server.dsn("postgres"), password=DATABASE_PASSWORD, **wrong)

    done = run("scheduler", "--once", "--verbose", DATABASE_URL=refusing)

    assert done.returncode == 2
    assert said in done.stderr
    assert_nothing_told(done.stdout, done.stderr)


@pytest.mark.parametrize("taken", ["state", "state/budget", "recording"])
def test_a_folder_that_cannot_be_written_makes_nothing_told(
    run, add_failing, tmp_path, assert_nothing_told, taken
):
    add_failing("none", "none", "simple")
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("no folder")

    done = run("scheduler", "--once", "--verbose", "--record", tmp_path / "recording")

    assert done.returncode == 2
    assert_nothing_told(done.stdout, done.stderr)


def test_the_search_finds_each_form_in_texts_and_errors():
    for name, form in FORMS.items():
        cause, consequence = ValueError(form.decode("utf-8", "surrogateescape")), LookupError("lost")
        consequence.__cause__ = cause
        noted = LookupError("lost")
        noted.add_note(str(cause))
        for found in (told(b"so " + form.upper()), told_by_error(consequence), told_by_error(noted)):
            assert any(line.startswith(f"{name}: ") for line in found), name


def test_the_search_finds_each_form_in_files(tmp_path):
    plain, packed, account = tmp_path / "log", tmp_path / "body.gz", tmp_path / "account.sqlite"
    with closing(sqlite3.connect(account)) as kept:
        kept.execute("CREATE TABLE notes (note text)")
        for name, form in FORMS.items():
            plain.write_bytes(b"so " + form)
            packed.write_bytes(gzip.compress(b"so " + form))
            # Longer than a page of that file, in which it then stands in pieces.
            kept.execute("DELETE FROM notes")
            kept.execute("INSERT INTO notes VALUES (?)", ("so " * 1500 + form.decode("latin-1"),))
            kept.commit()
            found = told_in_folder(tmp_path)
            assert any(line.startswith(f"{plain}: {name}: ") for line in found), name
            assert any(line.startswith(f"{packed}: {name}: ") for line in found), name
            assert any(line.startswith(f"{account}: ") for line in found), name
        plain.rename(tmp_path / PASSWORD.partition(" ")[0])
        plain.write_bytes(b"")
        assert any("password its first word" in line for line in told_in_folder(tmp_path))


def test_the_search_finds_each_form_in_tables(query):
    for name, form in FORMS.items():
        text = form.decode("utf-8", "replace")
        query("DELETE FROM sync_history")
        query("INSERT INTO sync_history (error_details) VALUES (%s)", Json({"error": [{"message": text}]}))
        in_json = told_in_tables(query)
        query("UPDATE sync_history SET error_details = NULL, reason = %s", text)
        for found in (in_json, told_in_tables(query)):
            # The name of a form in Latin-1 is another's here: a database holds Unicode.
            assert any(f": {name.replace('in Latin-1', 'its first word')}: " in line for line in found), name
