"""The settings of a credentials row: what is taken, and what is refused with partner and field."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest

from providers.chronotrack_live.auth import sent_password
from providers.chronotrack_live.settings import PRODUCTION_URL, ChronoTrackLiveSettings
from providers.chronotrack_live_adapter import ChronoTrackLiveAdapter
from providers.errors import SettingsInvalid
from providers.rate_limit import Limit
from providers.records import Credentials


def credentials(config=None, *, principal="user@example.test", secret="open-sesame"):
    return Credentials(
        credentials_id=3,
        timing_partner_id=7,
        partner_name="Harbour Timing",
        provider_id=1,
        data_source="chronotrack_live",
        principal=principal,
        secret=secret,
        additional_config=config,
    )


def settings(**config):
    return ChronoTrackLiveSettings.of(credentials(config))


@pytest.mark.parametrize("config", [{}, None, dict.fromkeys(["base_url", "timeout", "rate_limit", "auth"])])
def test_an_empty_config_means_the_public_api(config):
    assert ChronoTrackLiveSettings.of(credentials(config)) == ChronoTrackLiveSettings(
        base_url=PRODUCTION_URL,
        user="user@example.test",
        secret="open-sesame",
        timeout=30,
        rate_limit=1500,
        auth="basic",
        password_digest="sha256",
        client_id=None,
    )


@pytest.mark.parametrize(
    ("config", "field", "read"),
    [
        ({"base_url": "http://127.0.0.1:8088/api/"}, "base_url", "http://127.0.0.1:8088/api"),
        ({"base_url": ""}, "base_url", PRODUCTION_URL),
        ({"base_url": "https://[::1]:8088/api"}, "base_url", "https://[::1]:8088/api"),
        ({"timeout": "2.5"}, "timeout", 2.5),
        ({"timeout": 1}, "timeout", 1),
        ({"rate_limit": "750"}, "rate_limit", 750),
        ({"rate_limit": 1}, "rate_limit", 1),
        ({"rate_limit": 100.0}, "rate_limit", 100),
        ({"auth": "simple", "client_id": "abcd1234"}, "auth", "simple"),
        ({"password_digest": "plain"}, "password_digest", "plain"),
        ({"client_id": 12345678}, "client_id", "12345678"),
        ({"client_id": ""}, "client_id", None),
        ({"similar_name_is_duplicate": True}, "similar_name_is_duplicate", True),
        ({"similar_name_is_duplicate": None}, "similar_name_is_duplicate", False),
    ],
)
def test_a_setting_is_read(config, field, read):
    assert getattr(settings(**config), field) == read


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (["base_url"], "additional_config"),
        ('{"auth": "basic"}', "additional_config"),
        (7, "additional_config"),
        *(
            ({"base_url": url}, "base_url")
            for url in (
                "api.chronotrack.com",
                "ftp://api.chronotrack.com/api",
                "https://",
                "https:///api",
                "https://user:pass-word@api.chronotrack.com/api",
                "https://:pass-word@api.chronotrack.com/api",
                "https://@api.chronotrack.com/api",
                "https://api.chronotrack.com/api?user_pass=pass-word",
                "https://api.chronotrack.com/api?",
                "https://api.chronotrack.com/api#top",
                "https://api.chronotrack.com:port/api",
                "https://api.chronotrack.com:99999/api",
                "https://api.chronotrack.com:0/api",
                "https://[::1/api",
                "https://api.chronotrack.com/my api",
                "https://api.chronotrack.com\n/api",
                "https://api.chronotrack.com\\api",
                7,
                False,
                ["https://api.chronotrack.com/api"],
            )
        ),
        *(
            ({"timeout": timeout}, "timeout")
            for timeout in (0, -1, "soon", True, [], {}, "nan", float("inf"), 10**400, 1e9)
        ),
        *(
            ({"rate_limit": limit}, "rate_limit")
            for limit in (0, -1, "abc", 0.5, 1.5, True, False, "", [], "nan", 1e300, 10**400, 90_001)
        ),
        *(({"auth": auth}, "auth") for auth in ("", "Basic", "digest", True, ["basic"], {})),
        *(({"password_digest": digest}, "password_digest") for digest in ("", "md5", "SHA256", 1, [])),
        *(({"client_id": client}, "client_id") for client in (["abcd1234"], {"id": 1}, True, 1.5)),
        ({"auth": "simple"}, "client_id"),
        ({"auth": "simple", "client_id": ""}, "client_id"),
        *(
            ({"similar_name_is_duplicate": similar}, "similar_name_is_duplicate")
            for similar in ("true", "pass-word", 1, 0, [], {})
        ),
    ],
)
def test_an_impossible_setting_is_refused_with_partner_and_field(config, field):
    with pytest.raises(SettingsInvalid) as refusal:
        ChronoTrackLiveSettings.of(credentials(config))

    assert field in str(refusal.value)
    assert "partner 7 (Harbour Timing)" in str(refusal.value)
    assert "pass-word" not in str(refusal.value)


@pytest.mark.parametrize(
    "missing",
    [{"principal": None}, {"principal": ""}, {"principal": " "}, {"secret": None}, {"secret": ""}],
)
def test_a_row_without_login_or_secret_is_refused(missing):
    with pytest.raises(SettingsInvalid, match=r"principal or secret is missing .* partner 7"):
        ChronoTrackLiveSettings.of(credentials({}, **missing))


def test_a_digest_put_in_the_place_of_its_name_is_not_repeated():
    digest = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
    with pytest.raises(SettingsInvalid, match="password_digest") as refusal:
        settings(password_digest=digest)
    assert digest not in str(refusal.value)


def test_a_login_with_a_colon_cannot_go_by_basic_auth():
    with pytest.raises(SettingsInvalid, match=r"principal holds a colon .* partner 7"):
        ChronoTrackLiveSettings.of(credentials({}, principal="harbour:timing"))
    by_query = {"auth": "simple", "client_id": "abcd1234"}
    assert ChronoTrackLiveSettings.of(credentials(by_query, principal="a:b")).user == "a:b"


def test_the_settings_show_no_secret():
    assert "open-sesame" not in repr(settings())


@pytest.mark.parametrize("password", ["open-sesame", "ö", "0" * 64, "F" * 64, "0" * 40])
@pytest.mark.parametrize("digest", ["sha256", "sha1", "plain"])
def test_what_is_kept_of_a_password_makes_the_api_get_what_it_wants(digest, password):
    kept = settings(password_digest=digest).kept_secret(password)

    wanted = hashlib.new(digest, password.encode()).hexdigest() if digest != "plain" else password
    assert sent_password(kept, digest) == wanted
    assert (password == kept) is (digest == "plain")


def test_the_rate_limit_is_the_partners_requests_in_a_minute():
    assert ChronoTrackLiveAdapter.limit(credentials({"rate_limit": 200})) == Limit(per_minute=200)


def test_any_mapping_will_do():
    class Config(Mapping):
        def __getitem__(self, name):
            return {"rate_limit": 5}[name]

        def __iter__(self):
            return iter(["rate_limit"])

        def __len__(self):
            return 1

    assert ChronoTrackLiveSettings.of(credentials(Config())).rate_limit == 5


@pytest.mark.parametrize(
    ("base_url", "token_url"),
    [
        ("https://api.chronotrack.com/api", "https://api.chronotrack.com/oauth2/token"),
        ("https://chronotrack.com/api/v1", "https://chronotrack.com/oauth2/token"),
        ("http://127.0.0.1:8088/api/", "http://127.0.0.1:8088/oauth2/token"),
        ("https://proxy.example.test/ctlive/api", "https://proxy.example.test/ctlive/oauth2/token"),
        ("https://api.example.test", "https://api.example.test/oauth2/token"),
    ],
)
def test_tokens_are_asked_for_beside_the_api(base_url, token_url):
    assert settings(base_url=base_url).token_url == token_url


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_oauth2_needs_a_client_that_can_prove_itself(missing):
    config = {"auth": "oauth2", "client_id": "abcd1234", "client_secret": "f" * 40}
    del config[missing]
    with pytest.raises(SettingsInvalid, match=f"{missing} is missing .*Harbour Timing.*oauth2 auth needs it"):
        settings(**config)


def test_oauth2_sends_the_password_itself_so_a_digest_of_it_makes_no_sense():
    config = {"auth": "oauth2", "client_id": "abcd1234", "client_secret": "f" * 40}
    assert settings(**config).password_digest == "plain"
    with pytest.raises(SettingsInvalid, match="password_digest does not go with oauth2"):
        settings(**config, password_digest="sha256")


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("api.chronotrack.com", True),
        ("qa-api.chronotrack.com:443", True),
        ("chronotrack.com", True),
        ("127.0.0.1:8088", False),
        ("chronotrack.com.example.test", False),
        ("notchronotrack.com", False),
    ],
)
def test_the_public_api_is_known_by_its_host(host, public):
    assert settings(base_url=f"https://{host}/api").is_public_api is public
