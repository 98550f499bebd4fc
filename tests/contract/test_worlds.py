"""The worlds of ChronoTrack Live leave out nothing that its API may be."""

from __future__ import annotations

import pytest

from tests.contract.worlds import NUMBERS, WORLDS, other_values


@pytest.mark.parametrize(("name", "value"), other_values())
def test_every_value_of_every_switch_is_under_contract(name, value):
    there = {world.variants[name] for world in WORLDS.values() if name in world.variants}
    assert there if name in NUMBERS else value in there


def test_the_usual_world_and_every_login_are_under_contract():
    assert any(not world.variants for world in WORLDS.values())
    logins = {(world.config.get("auth"), world.config.get("password_digest")) for world in WORLDS.values()}
    assert {(None, None), (None, "plain"), ("simple", "sha1"), ("oauth2", None)} <= logins
