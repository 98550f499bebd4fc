"""What looks for rows that are lost, or there twice, finds them."""

from __future__ import annotations

import pytest

from tests.soak.hostile_lists import WITNESS, Sent
from tests.soak.row_account import account


def row(witness, **fields):
    return Sent("", {WITNESS: witness, "name": "\x00"}, **{"is_clean": False} | fields)


def stored(witness):
    return {"additional_data": {WITNESS: witness}}


def aside(witness, reason="no id", name="\\u0000"):
    return {"reason": reason, "payload": {WITNESS: witness, "name": name}}


def accounted(sents, kept=(), refused=(), wrong=()):
    return list(account("list", [(sent, lambda _: iter(wrong)) for sent in sents], list(kept), list(refused)))


def test_rows_that_are_stored_or_set_aside_with_a_reason_are_accounted_for():
    assert accounted([row("w1"), row("w2")], [stored("w1")], [aside("w2")]) == []


@pytest.mark.parametrize(
    ("kept", "refused", "said"),
    [
        ([], [], "list: w1 is stored 0 times and set aside 0 times"),
        ([stored("w1")] * 2, [], "list: w1 is stored 2 times and set aside 0 times"),
        ([stored("w1")], [aside("w1")], "list: w1 is stored 1 times and set aside 1 times"),
        ([stored("w1"), stored("w9")], [], "list: a row that was never sent is there: w9"),
        ([stored("w1"), {"additional_data": None}], [], "list: a row that was never sent is there: None"),
        ([], [aside("w1", reason="")], "list: w1: it was set aside without a reason"),
    ],
)
def test_a_row_that_is_lost_there_twice_never_sent_or_without_a_reason_is_told(kept, refused, said):
    assert accounted([row("w1")], kept, refused) == [said]


def test_a_row_that_was_set_aside_otherwise_than_it_was_sent_is_told():
    [said] = accounted([row("w1")], refused=[aside("w1", name="")])

    assert said.startswith("list: w1: it was set aside as ")


def test_a_clean_row_that_was_set_aside_is_told():
    assert accounted([row("w1", is_clean=True)], refused=[aside("w1")]) == [
        "list: w1: it is clean, and was set aside: no id"
    ]


def test_what_is_wrong_with_a_stored_row_is_told():
    assert accounted([row("w1")], [stored("w1")], wrong=["name is 'Ada'"]) == ["list: w1: name is 'Ada'"]
