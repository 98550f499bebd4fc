"""database/chronotrack_live_credentials_setup.sql, run by psql itself."""

from __future__ import annotations

import hashlib
import json
import subprocess

import pytest
from psycopg2.extras import Json

from database.migrate import EXTENSION
from providers.chronotrack_live.auth import sent_password
from providers.chronotrack_live.settings import ChronoTrackLiveSettings

SCRIPT = EXTENSION.with_name("chronotrack_live_credentials_setup.sql")
PASSWORD = "Zauberwort"
SHA256 = hashlib.sha256(PASSWORD.encode()).hexdigest()
SHA1 = hashlib.sha1(PASSWORD.encode()).hexdigest()
CLIENT_SECRET = "Geheimnis"
SECRETS = (PASSWORD, SHA256, SHA1, CLIENT_SECRET)


@pytest.fixture
def partners(query):
    """Partners 1 and 2, without credentials."""
    for name in ("Harbour Timing", "Lakeside Timing"):
        query("INSERT INTO timing_partners (company_name) VALUES (%s)", name)


@pytest.fixture
def kept(query):
    """What is kept of everybody's credentials, with the version of each row."""
    return lambda: query(
        "SELECT *, xmin::text AS version FROM partner_provider_credentials ORDER BY timing_partner_id"
    )


@pytest.fixture
def setup(psql, dsn, partners):
    """Runs the script with psql variables; nothing that it says may tell a secret."""

    def run(*, environ=None, database=dsn, **variables):
        options = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        done = psql(database, SCRIPT, *options, **(environ or {}))
        assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
        return done

    return run


def test_a_partner_gets_credentials_with_which_the_store_and_the_provider_can_work(setup, store):
    done = setup(partner=1, principal="harbour", digest=SHA256, config='{"rate_limit": 750}')

    assert done.returncode == 0, done.stderr
    assert "credentials of partner 1 (Harbour Timing) are added" in done.stderr
    [credentials] = store.credentials("ChronoTrack Live")
    settings = ChronoTrackLiveSettings.of(credentials)
    assert (settings.user, settings.rate_limit) == ("harbour", 750)
    assert sent_password(settings.secret, settings.password_digest) == sent_password(PASSWORD, "sha256")


def test_a_second_run_changes_nothing_and_a_changed_one_moves_updated_at(setup, kept):
    given = {"partner": 1, "principal": "harbour", "digest": SHA256, "config": '{"timeout": 5}'}
    setup(**given)
    [first] = kept()

    again = setup(**given)
    assert "were so already" in again.stderr
    assert kept() == [first]

    changed = setup(**given | {"principal": "other"})
    assert "are changed" in changed.stderr
    [second] = kept()
    assert second["updated_at"] > first["updated_at"]
    assert second["partner_provider_credential_id"] == first["partner_provider_credential_id"]


def test_the_instants_are_utc_wherever_the_session_is(setup, kept, query):
    setup(partner=1, principal="harbour", digest=SHA256, environ={"PGTZ": "Pacific/Auckland"})

    [row] = kept()
    [now] = query("SELECT now() AT TIME ZONE 'UTC' AS utc")
    assert abs((now["utc"] - row["updated_at"]).total_seconds()) < 3600
    assert row["created_at"] == row["updated_at"]


def test_a_config_that_is_not_given_is_the_one_that_was_there(setup, kept):
    setup(partner=1, principal="harbour", digest=SHA1, config='{"password_digest": "sha1", "own": [1]}')
    setup(partner=1, principal="changed", digest=SHA1)
    setup(partner=2, principal="lakeside", digest=SHA256)

    assert [(row["principal"], row["additional_config"]) for row in kept()] == [
        ("changed", {"password_digest": "sha1", "own": [1]}),
        ("lakeside", {}),
    ]


@pytest.mark.parametrize(
    "config", [{"password_digest": "plain"}, {"auth": "oauth2", "client_secret": CLIENT_SECRET}]
)
def test_where_the_api_takes_the_password_itself_any_text_is_one(setup, kept, config):
    done = setup(partner=1, principal="harbour", digest=PASSWORD, config=json.dumps(config))

    assert done.returncode == 0, done.stderr
    assert "the password itself" in done.stdout
    assert kept()[0]["secret"] == PASSWORD


def test_quotes_and_backslashes_arrive_as_they_are(setup, kept):
    odd = r"""o'hara"\ $$ ; -- %s"""

    done = setup(partner=1, principal=odd, digest=SHA256, config=json.dumps({"note": odd}))

    assert done.returncode == 0, done.stderr
    assert (kept()[0]["principal"], kept()[0]["additional_config"]) == (odd, {"note": odd})


GIVEN = {"partner": "1", "principal": "harbour", "digest": SHA256}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"partner": ""}, "Missing: partner;"),
        ({"principal": "  "}, "Missing: principal;"),
        ({"partner": "", "principal": "", "digest": ""}, "Missing: partner, principal, digest;"),
        ({"partner": "99"}, "There is no timing partner 99; nothing was changed."),
        ({"partner": "99"}, "Known: 1 (Harbour Timing), 2 (Lakeside Timing)."),
        ({"partner": "Harbour"}, "There is no timing partner Harbour;"),
        ({"digest": PASSWORD}, "digest is not the sha256 of a password, which has 64 hexadecimal digits"),
        ({"digest": SHA1}, "which has 64 hexadecimal digits"),
        ({"digest": SHA256 + "0"}, "which has 64 hexadecimal digits"),
        ({"digest": SHA256[:-1] + "g"}, "which has 64 hexadecimal digits"),
        ({"config": '{"password_digest": "sha1"}'}, "which has 40 hexadecimal digits"),
        ({"config": f'{{"password_digest": "{SHA256}"}}'}, "auth or password_digest of config is unknown"),
        ({"config": '{"auth": "digest"}'}, "auth or password_digest of config is unknown"),
        ({"config": '{"auth": "oauth2", "password_digest": "sha1"}'}, "does not go with oauth2"),
        ({"config": f'{{"client_secret": "{CLIENT_SECRET}"'}, "config is not JSON"),
        ({"config": f'{{"client_secret": "{CLIENT_SECRET}\\u0000"}}'}, "config is not JSON"),
        ({"config": f'["{CLIENT_SECRET}"]'}, "config is a JSON array, not an object"),
        ({"config": "null"}, "config is a JSON null, not an object"),
    ],
)
@pytest.mark.parametrize("there", [False, True], ids=["new", "over what is there"])
def test_what_is_impossible_is_refused_in_words_and_changes_nothing(setup, kept, there, changed, said):
    if there:
        setup(**GIVEN | {"config": '{"timeout": 5}'})
    before = kept()

    done = setup(**GIVEN | changed)

    assert done.returncode == 3
    assert said in done.stderr
    assert "nothing was changed" in done.stderr
    assert kept() == before


def test_without_any_variable_it_says_what_is_missing(setup, kept):
    done = setup()

    assert done.returncode == 3
    assert "Missing: partner, principal, digest; nothing was changed." in done.stderr
    assert kept() == []


def test_without_the_extension_it_says_what_to_apply(setup, make_dsn):
    done = setup(**GIVEN, database=make_dsn())

    assert done.returncode == 3
    assert "apply database/chronotrack_live_schema_extension.sql first" in done.stderr


def test_the_provider_is_found_by_its_name(setup, query, kept):
    query("DELETE FROM providers")
    query("INSERT INTO providers (provider_id, name) VALUES (1, 'RunSignUp'), (14, 'ChronoTrack Live')")

    assert setup(**GIVEN).returncode == 0
    assert [row["provider_id"] for row in kept()] == [14]


def test_credentials_of_another_provider_stay(setup, query, kept):
    query("INSERT INTO providers (provider_id, name) VALUES (77, 'RunSignUp')")
    query(
        "INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret)"
        " VALUES (1, 77, 'theirs', 'theirs')"
    )
    [theirs] = kept()

    assert setup(**GIVEN).returncode == 0
    assert theirs in kept()


def test_the_digest_may_come_from_the_environment(setup, kept):
    done = setup(partner=1, principal="harbour", environ={"CHRONOTRACK_LIVE_DIGEST": SHA256})

    assert done.returncode == 0, done.stderr
    assert kept()[0]["secret"] == SHA256


def test_within_psql_the_script_takes_its_variables_and_leaves_none_for_the_next_partner(
    psql, dsn, partners, tmp_path, kept
):
    session = tmp_path / "session.sql"
    session.write_text(
        rf"""
        \set partner 1
        \set principal harbour
        \set digest `printf %s "$DIGEST"`
        \i {SCRIPT}
        \i {SCRIPT}
        """
    )

    done = psql(dsn, session, DIGEST=SHA256)

    assert [row["secret"] for row in kept()] == [SHA256]
    assert "are added" in done.stderr
    assert "Missing: partner, principal, digest" in done.stderr


def test_the_checks_show_everybody_and_nothing_secret(setup, query, psql, dsn):
    setup(**GIVEN)
    for number, config in enumerate(
        (
            {"auth": PASSWORD},
            {"base_url": f"https://me:{PASSWORD}@api.test"},
            {"base_url": f"https://api.test/api?user_pass={SHA256}"},
            [PASSWORD],
            PASSWORD,
            {"client_secret": CLIENT_SECRET, "rate_limit": 5, "base_url": "https://api.test/api"},
        ),
        start=10,
    ):
        query("INSERT INTO timing_partners VALUES (%s, %s)", number, f"Partner {number}")
        query(
            "INSERT INTO partner_provider_credentials"
            " (timing_partner_id, provider_id, principal, secret, additional_config)"
            " SELECT %s, provider_id, 'login', %s, %s FROM providers WHERE name = 'ChronoTrack Live'",
            number,
            PASSWORD,
            Json(config),
        )
    query(
        "INSERT INTO sync_history (provider_id, timing_partner_id, sync_type, sync_time, status, reason)"
        " SELECT provider_id, 1, 'authentication', now() - make_interval(days => age), status, reason"
        " FROM providers, (VALUES (2, 'completed', NULL), (1, 'failed', 'it refuses'))"
        " AS tested (age, status, reason) WHERE name = 'ChronoTrack Live'"
    )

    shown = setup(**GIVEN).stdout

    assert "a SHA-256" in shown
    assert "base_url, client_secret, rate_limit" in shown
    assert "https://api.test/api" in shown
    without = shown[shown.index("Timing partners without:") : shown.index("How their last test went:")]
    assert "Lakeside Timing" in without
    assert "Harbour Timing" not in without
    assert "it refuses" in shown
    assert "completed" not in shown


def test_the_commands_that_the_script_recommends_make_the_digest(tmp_path):
    text = SCRIPT.read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if "getpass" in line]
    command = line.removeprefix("--").strip() + ' && printf %s "$CHRONOTRACK_LIVE_DIGEST"'

    # Without a terminal, getpass reads standard input.
    made = subprocess.run(
        ["sh", "-c", command],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )

    assert made.stdout == SHA256


def test_what_a_refused_partner_was_given_does_not_pass_to_the_next_one(psql, dsn, partners, kept, tmp_path):
    # An interactive session goes on after a refusal.
    going_on = SCRIPT.read_text(encoding="utf-8").replace("ON_ERROR_STOP on", "ON_ERROR_STOP off")
    (tmp_path / "script.sql").write_text(going_on, encoding="utf-8")
    session = tmp_path / "session.sql"
    session.write_text(
        "\\set partner 1\n\\set principal harbour\n\\set digest none\n\\set config '{\"rate_limit\": 5}'\n"
        f"\\i {tmp_path}/script.sql\n"
        f"\\set partner 2\n\\set principal lakeside\n\\set digest {SHA256}\n\\i {tmp_path}/script.sql\n"
    )

    done = psql(dsn, session)

    assert "digest is not the sha256" in done.stderr
    assert [(row["timing_partner_id"], row["additional_config"]) for row in kept()] == [(2, {})]
