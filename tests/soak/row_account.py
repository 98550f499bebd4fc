"""What became of the rows of a list: each is stored as it was sent, or set aside with a reason, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.soak.hostile_lists import WITNESS, Sent
from tests.soak.value_truth import same, spelt

Rows = Sequence[Mapping[str, Any]]
# Yields what is wrong with a row as it is stored.
Judge = Callable[[Mapping[str, Any]], Iterator[str]]


def account(name: str, sents: Sequence[tuple[Sent, Judge]], stored: Rows, aside: Rows) -> Iterator[str]:
    """Yield a sentence for each row that is lost, there twice, never sent, or not as it was sent.

    Args:
        name: of the list.
        sents: its rows, each with what judges it.
        stored: the rows of the database's table that are of the list.
        aside: those of `ct_live_rejected_rows`.
    """
    kept = _by_witness((row["additional_data"] or {}, row) for row in stored)
    rejected = _by_witness((row["payload"], row) for row in aside)
    for witness in (kept.keys() | rejected.keys()) - {sent.witness for sent, _ in sents}:
        yield f"{name}: a row that was never sent is there: {witness}"
    for sent, judge in sents:
        rows, refused = kept.get(sent.witness, []), rejected.get(sent.witness, [])
        if len(rows) + len(refused) != 1:
            yield f"{name}: {sent.witness} is stored {len(rows)} times and set aside {len(refused)} times"
            continue
        wrong = judge(rows[0]) if rows else _aside_is_wrong(sent, refused[0])
        yield from (f"{name}: {sent.witness}: {sentence}" for sentence in wrong)


def _by_witness(
    rows: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> dict[str | None, list[Mapping[str, Any]]]:
    found: dict[str | None, list[Mapping[str, Any]]] = {}
    for fields, row in rows:
        found.setdefault(fields.get(WITNESS), []).append(row)
    return found


def _aside_is_wrong(sent: Sent, row: Mapping[str, Any]) -> Iterator[str]:
    if sent.is_clean:
        yield f"it is clean, and was set aside: {row['reason']}"
    if not row["reason"]:
        yield "it was set aside without a reason"
    if not same(row["payload"], spelt(sent.row)):
        yield f"it was set aside as {row['payload']!r:.300}, not as {spelt(sent.row)!r:.300}"
