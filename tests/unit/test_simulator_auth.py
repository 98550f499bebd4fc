"""Who is let in, by which of the three schemes."""

from base64 import b64encode
from hashlib import sha1, sha256

import pytest

from providers.chronotrack_live.simulator.accounts import demo_accounts
from providers.chronotrack_live.simulator.auth import Gate
from providers.chronotrack_live.simulator.errors import ApiError, UnauthorizedError
from providers.chronotrack_live.simulator.faults import Faults
from providers.chronotrack_live.simulator.variants import Variant

FIRST, SECOND = demo_accounts(frozenset(), frozenset())
CLEAR = "demo-password"
SHA1, SHA256 = sha1(CLEAR.encode()).hexdigest(), sha256(CLEAR.encode()).hexdigest()
GRANT = {"grant_type": "password", "username": FIRST.user, "password": CLEAR}


def basic(user, password):
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


CLIENT = basic(FIRST.client_id, FIRST.client_secret)


@pytest.fixture
def gate():
    return Gate((FIRST, SECOND), Variant(), Faults())


@pytest.mark.parametrize("password", [CLEAR, SHA1, SHA256])
@pytest.mark.parametrize("query", [{}, {"client_id": "demo0001"}])
def test_basic_takes_the_password_clear_or_digested_with_or_without_client_id(gate, password, query):
    assert gate.account(basic(FIRST.user, password), query, 0) is FIRST


@pytest.mark.parametrize(
    ("authorization", "query"),
    [
        (basic(FIRST.user, "wrong"), {}),
        (basic(SECOND.user, CLEAR), {}),
        (basic(FIRST.user, CLEAR), {"client_id": "demo0002"}),
        ("Basic ???", {}),
        ("Basic", {}),
        ("Bearer nothing", {"client_id": "demo0001"}),
        ("", {}),
        ("", {"client_id": "demo0001", "user_id": FIRST.user, "user_pass": CLEAR}),
        ("", {"client_id": "demo0002", "user_id": FIRST.user, "user_pass": SHA1}),
        ("", {"user_id": FIRST.user, "user_pass": SHA1}),
        (basic("Zoë@chronotrack.test", "Ω"), {}),
    ],
)
def test_wrong_credentials_open_nothing(gate, authorization, query):
    with pytest.raises(UnauthorizedError):
        gate.account(authorization, query, 0)


@pytest.mark.parametrize("digest", [SHA1, SHA256])
def test_the_simple_scheme_takes_a_digest_in_the_query(gate, digest):
    query = {"client_id": "demo0001", "user_id": FIRST.user, "user_pass": digest}
    assert gate.account("", query, 0) is FIRST


def test_a_token_stays_the_same_while_it_lives_and_its_life_counts_down(gate):
    first, later = gate.grant(CLIENT, GRANT, 1000.0), gate.grant(CLIENT, GRANT, 1600.0)
    assert first["expires_in"] == 259_199
    assert first["token_type"] == "bearer"
    assert later == {**first, "expires_in": 258_599}
    assert gate.grant(CLIENT, GRANT, 1000.0 + 259_199)["access_token"] != first["access_token"]


def test_a_token_opens_its_account_until_it_dies_and_only_with_its_client_id(gate):
    bearer = "Bearer " + gate.grant(CLIENT, GRANT, 0.0)["access_token"]
    assert gate.account(bearer, {"client_id": "demo0001"}, 10.0) is FIRST
    for query, at in (({}, 10.0), ({"client_id": "demo0002"}, 10.0), ({"client_id": "demo0001"}, 259_199.0)):
        with pytest.raises(UnauthorizedError):
            gate.account(bearer, query, at)


def test_a_token_that_expires_early_opens_five_times_and_is_then_replaced():
    gate = Gate((FIRST, SECOND), Variant(), Faults.read(["expired_tokens"]))
    query = {"client_id": "demo0001"}
    first = gate.grant(CLIENT, GRANT, 0.0)["access_token"]
    for _ in range(5):
        assert gate.grant(CLIENT, GRANT, 0.0)["access_token"] == first
        assert gate.account(f"Bearer {first}", query, 0.0) is FIRST
    with pytest.raises(UnauthorizedError):
        gate.account(f"Bearer {first}", query, 0.0)
    second = gate.grant(CLIENT, GRANT, 0.0)["access_token"]
    assert gate.account(f"Bearer {second}", query, 0.0) is FIRST


def test_a_token_of_a_short_life_dies_at_its_end():
    gate = Gate((FIRST, SECOND), Variant(token_life=60), Faults())
    bearer = "Bearer " + gate.grant(CLIENT, GRANT, 0.0)["access_token"]
    assert gate.account(bearer, {"client_id": "demo0001"}, 59.9) is FIRST
    with pytest.raises(UnauthorizedError):
        gate.account(bearer, {"client_id": "demo0001"}, 60.0)


@pytest.mark.parametrize(
    ("authorization", "changed"),
    [
        (basic(FIRST.client_id, "0" * 40), {}),
        (basic(SECOND.client_id, SECOND.client_secret), {}),
        ("", {}),
        (CLIENT, {"password": "wrong"}),
        (CLIENT, {"password": SHA1}),
    ],
)
def test_no_token_for_the_wrong_client_or_user(gate, authorization, changed):
    with pytest.raises(UnauthorizedError):
        gate.grant(authorization, {**GRANT, **changed}, 0.0)


def test_only_the_password_grant_is_known(gate):
    with pytest.raises(ApiError, match="unsupported_grant_type"):
        gate.grant(CLIENT, {**GRANT, "grant_type": "refresh_token"}, 0.0)


def test_an_account_shows_no_secret():
    assert CLEAR not in repr(FIRST)
    assert FIRST.client_secret not in repr(FIRST)
    assert len(FIRST.client_secret) == 40
