"""How the simulator's faults are read, and whose turn it is."""

import pytest

from providers.chronotrack_live.simulator.faults import IN_TURN, STANDING, Fault, Faults, faults_help


def test_without_faults_every_asking_is_answered_rightly():
    assert [Faults().at(asking) for asking in (1, 2, 3)] == [None] * 3


def test_a_fault_has_every_odd_asking():
    faults = Faults.read(["html"])
    assert [faults.at(asking) for asking in (1, 2, 3, 4)] == [Fault("html"), None, Fault("html"), None]


def test_several_faults_take_turns_in_their_order():
    faults = Faults.read(["reset", "slow=0.2", "array"])
    met = [fault.name if (fault := faults.at(asking)) else "" for asking in range(1, 9)]
    assert met == ["reset", "", "slow", "", "array", "", "reset", ""]


def test_standing_faults_take_no_turns():
    faults = Faults.read([*STANDING, "html"])
    assert faults.standing == set(STANDING)
    assert faults.in_turn == (Fault("html"),)


@pytest.mark.parametrize("name", ["slow", "trickle", "huge"])
def test_some_faults_have_an_amount(name):
    assert Faults.read([f"{name}=0.5"]).in_turn == (Fault(name, 0.5),)
    for amount in ("", "=", "=-1", "=much", "=inf", "=nan"):
        with pytest.raises(ValueError, match=f"Write {name}=[A-Z]+ with a number"):
            Faults.read([name + amount])


def test_the_others_have_none():
    with pytest.raises(ValueError, match="takes no value"):
        Faults.read(["html=1"])


@pytest.mark.parametrize("text", ["fire", "", "fire=1"])
def test_an_unknown_fault_is_refused_with_those_that_there_are(text):
    with pytest.raises(ValueError, match="There is no fault") as caught:
        Faults.read([text])
    assert all(form in str(caught.value) for form, _ in faults_help({**IN_TURN, **STANDING}))
