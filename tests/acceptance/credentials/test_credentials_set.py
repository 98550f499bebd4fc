"""`chronotrack-live credentials set`: where the password comes from, and what is kept."""

from __future__ import annotations

import hashlib
import re

import pytest
from psycopg2.extras import Json

from tests.acceptance.credentials.conftest import CLIENT, LOGIN, PASSWORD, SHA256


def test_from_standard_input_only_the_digest_is_kept_and_the_api_accepts_it(
    set_up, credentials, kept, simulator
):
    done = set_up("--base-url", simulator.base_url)

    assert (done.returncode, done.stdout) == (0, "The credentials of partner 1 (Harbour Timing) are kept.\n")
    [row] = kept()
    assert (row["principal"], row["secret"]) == (LOGIN, SHA256)
    assert row["additional_config"] == {"base_url": simulator.base_url}
    tested = credentials("test", 1)
    assert tested.returncode == 0, tested.stderr
    assert re.fullmatch(r"partner 1 \(Harbour Timing\): accepted in \d+\.\d s\n", tested.stdout)


def test_from_a_file_that_others_may_read_the_password_is_taken_with_a_warning(credentials, kept, tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    file.chmod(0o644)

    done = credentials("set", 1, "--principal", LOGIN, "--password-file", file)

    assert done.returncode == 0
    assert f"chmod 600 {file}" in done.stderr
    assert kept()[0]["secret"] == SHA256


def test_what_is_no_single_line_of_text_is_no_password(set_up, kept):
    done = set_up(given=f"{PASSWORD}\nand more\n")

    assert done.returncode == 2
    assert done.stderr == (
        "chronotrack-live: standard input is to hold the secret alone, as one line of UTF-8 text.\n"
    )
    assert kept() == []


def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(at_terminal, kept):
    first, second = f"Password of {LOGIN} at ChronoTrack Live: ", "Repeat for confirmation: "

    with at_terminal("set", 1, "--principal", LOGIN) as terminal:
        terminal.answer(first, PASSWORD)
        terminal.answer(second, "mistyped")
        terminal.answer(first, PASSWORD)
        terminal.answer(second, PASSWORD)
        assert terminal.end() == 0

    assert "do not match" in terminal.screen
    assert PASSWORD not in terminal.screen
    assert "mistyped" not in terminal.screen
    assert kept()[0]["secret"] == SHA256


def test_without_a_terminal_nothing_is_asked(credentials, kept):
    done = credentials("set", 1, "--principal", LOGIN, given=f"{PASSWORD}\n{PASSWORD}\n")

    assert done.returncode == 2
    assert done.stderr == (
        "chronotrack-live: There is no terminal to ask for the password: "
        "give it with --password-stdin or --password-file.\n"
    )
    assert kept() == []


@pytest.mark.parametrize("option", ["--password", "--secret", "--client-secret"])
def test_no_option_takes_a_secret_as_an_argument(credentials, option):
    done = credentials("set", 1, "--principal", LOGIN, option, "typed-here")

    assert done.returncode == 2
    assert f"No such option '{option}'" in done.stderr or f"No such option: {option}" in done.stderr
    assert "typed-here" not in done.stderr


def test_only_one_source_of_the_password_can_be_chosen(set_up, kept, tmp_path):
    (tmp_path / "password").write_text(PASSWORD)

    done = set_up("--password-file", tmp_path / "password")

    assert done.returncode == 2
    assert "Choose one of --password-file and --password-stdin." in done.stderr
    assert kept() == []


def test_a_password_that_looks_like_a_digest_is_digested_as_any_other(set_up, kept):
    set_up(given=SHA256)

    assert kept()[0]["secret"] == hashlib.sha256(SHA256.encode()).hexdigest()


def test_settings_that_are_not_named_stay_also_those_of_others(set_up, kept, query):
    set_up("--timeout", 5, "--client-id", "abcd1234")
    theirs = {"of_others": [1.5], "similar_name_is_duplicate": True}
    query("UPDATE partner_provider_credentials SET additional_config = additional_config || %s", Json(theirs))

    done = set_up("--auth", "simple", "--rate-limit", 750, "--password-digest", "sha1")

    assert done.returncode == 0, done.stderr
    [row] = kept()
    assert row["secret"] == hashlib.sha1(PASSWORD.encode()).hexdigest()
    assert row["additional_config"] == {
        "timeout": 5,
        "client_id": "abcd1234",
        **theirs,
        "auth": "simple",
        "rate_limit": 750,
        "password_digest": "sha1",
    }


def test_the_same_once_more_changes_no_row(set_up, kept):
    set_up("--timeout", 5)
    before = kept()

    done = set_up()

    assert done.stdout == "The credentials of partner 1 (Harbour Timing) are so already.\n"
    assert kept() == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rate-limit", 0], "rate_limit in additional_config of the credentials of partner 1"),
        (["--timeout", "nan"], "timeout in additional_config"),
        (["--base-url", f"https://me:{PASSWORD}@api.test"], "base_url in additional_config"),
        (["--auth", "simple"], "client_id is missing"),
        (["--auth", "oauth2", "--client-id", "demo0001"], "client_secret is missing"),
        (["--auth", "oauth2", "--password-digest", "sha1"], "password_digest does not go with oauth2"),
        (["--principal", "with:colon"], "principal holds a colon"),
        (["--principal", " "], "principal or secret is missing"),
        (["--principal", b"\xff".decode("utf-8", "surrogateescape")], "principal is no text"),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_written(set_up, kept, options, said):
    done = set_up(*options)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert kept() == []


def test_a_config_that_is_no_object_is_not_lost_in_silence(set_up, kept, query):
    set_up()
    query("UPDATE partner_provider_credentials SET additional_config = '[\"theirs\"]'")
    before = kept()

    done = set_up()

    assert done.returncode == 2
    assert "chronotrack-live credentials remove 1" in done.stderr
    assert kept() == before


@pytest.fixture
def client_secret(tmp_path):
    """A file that holds the client secret of the demo."""
    file = tmp_path / "client_secret"
    file.write_text(CLIENT["client_secret"])
    file.chmod(0o600)
    return file


def test_a_script_keeps_the_password_itself_only_when_it_says_so(
    set_up, credentials, kept, simulator, client_secret
):
    oauth2 = ["--auth", "oauth2", "--client-id", "demo0001", "--client-secret-file", client_secret]

    refused = set_up("--base-url", simulator.base_url, *oauth2)
    assert refused.returncode == 2
    assert "say so with --yes" in refused.stderr
    assert kept() == []

    done = set_up("--base-url", simulator.base_url, *oauth2, "--yes")
    assert done.returncode == 0, done.stderr
    assert "With oauth2 the API wants the password itself: the database keeps it as it is" in done.stderr
    assert kept()[0]["secret"] == PASSWORD
    assert credentials("test").returncode == 0


@pytest.mark.parametrize(("answer", "secrets"), [("y", [PASSWORD]), ("n", [])])
def test_at_a_terminal_the_password_itself_is_kept_after_a_question(
    at_terminal, kept, tmp_path, answer, secrets
):
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    arguments = ("set", 1, "--principal", LOGIN, "--password-file", file, "--password-digest", "plain")

    with at_terminal(*arguments) as terminal:
        terminal.answer("Keep the password itself? [y/N]: ", answer)
        assert "the database keeps it as it is" in terminal.screen
        assert terminal.end() == (0 if secrets else 1)

    assert [row["secret"] for row in kept()] == secrets
