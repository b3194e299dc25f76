"""Votes and rankings to settled pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from curate.records import Curated, Item, digest
from curate.resolve.answers import PREFERENCE, RANKING, Answer, LeftOut
from curate.resolve.consensus import Decision

__all__ = ["OUTCOMES", "Pairing", "pairings", "settled_pair"]

OUTCOMES = ("a", "b", "tie", "both_bad")
A, B, TIE, BOTH_BAD = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Two candidates of an item, and who preferred which."""

    item: Item
    a: int
    """Index into the item's candidates."""
    b: int
    votes: dict[str, int] = field(default_factory=dict)
    """Annotator to index into `OUTCOMES`."""
    response_ids: dict[str, tuple[str, ...]] = field(default_factory=dict)


def pairings(item: Item, answers: Sequence[Answer]) -> tuple[list[Pairing], list[LeftOut]]:
    """Return every pair of an item's candidates with the votes on it.

    A vote a / b / tie / both_bad speaks of an item of two candidates, in the tool's own order. A
    ranking gives each pair of ranked candidates an outcome: the lower rank is preferred, equal
    ranks are a tie.

    Args:
        item: What was ranked.
        answers: One a person.

    Returns:
        One entry a pair, in the order of candidates, voted on or not; and the answers that
        could not be read.
    """
    pairs = [Pairing(item=item, a=a, b=b) for a, b in combinations(range(len(item.candidates)), 2)]
    out = []
    for answer in answers:
        read = _read(item, answer)
        if isinstance(read, LeftOut):
            out.append(read)
            continue
        for pair in pairs:
            if (pair.a, pair.b) in read:
                pair.votes[answer.annotator] = read[pair.a, pair.b]
                pair.response_ids[answer.annotator] = answer.response_ids
    return pairs, out


def settled_pair(
    pair: Pairing, decision: Decision, agreement: float, min_support: float
) -> Curated:
    """Return the settled row of a pair; without enough support it is a tie.

    Of a tie and of both bad, `chosen` and `rejected` are None; the first two `sources` are the
    ids of the candidates.
    """
    enough = decision.alone and decision.support > min_support
    outcome = decision.outcome if enough else TIE
    a, b = pair.item.candidates[pair.a], pair.item.candidates[pair.b]
    better, worse = {A: (a, b), B: (b, a)}.get(outcome, (None, None))
    ids = [i for name in sorted(pair.response_ids) for i in pair.response_ids[name]]
    return Curated(
        id="k" + digest("rank", pair.item.id, a.id, b.id),
        item_id=pair.item.id,
        record_id=pair.item.record.id,
        task="rank",
        outcome=OUTCOMES[outcome],
        chosen=better.message if better else None,
        rejected=worse.message if worse else None,
        support=decision.support,
        n_responses=len(pair.votes),
        agreement=agreement,
        sources=(a.id, b.id, *ids),
    )


def _read(item: Item, answer: Answer) -> dict[tuple[int, int], int] | LeftOut:
    value = answer.values.get(PREFERENCE, answer.values.get(RANKING))
    if isinstance(value, str):
        return _vote(item, answer, value)
    if isinstance(value, Mapping):
        return _ranking(item, answer, value)
    return answer.left_out(f"neither a vote nor a ranking: {value!r}")


def _vote(item: Item, answer: Answer, value: str) -> dict[tuple[int, int], int] | LeftOut:
    if value not in OUTCOMES:
        return answer.left_out(f"unknown vote {value!r}; known: {', '.join(OUTCOMES)}")
    if len(item.candidates) != 2:
        return answer.left_out(f"a vote on {len(item.candidates)} candidates; it needs two")
    return {(0, 1): OUTCOMES.index(value)}


def _ranking(
    item: Item, answer: Answer, ranks: Mapping[str, Any]
) -> dict[tuple[int, int], int] | LeftOut:
    place = {candidate.id: n for n, candidate in enumerate(item.candidates)}
    for name, rank in ranks.items():
        if name not in place:
            return answer.left_out(f"ranks {name!r}, which is no candidate of the item")
        if isinstance(rank, bool) or not isinstance(rank, int | float) or not math.isfinite(rank):
            return answer.left_out(f"rank of {name!r} is no number: {rank!r}")
    by_place = {place[name]: float(rank) for name, rank in ranks.items()}
    if len(by_place) < 2:
        return answer.left_out(f"ranks {len(by_place)} candidates; it needs two")
    return {
        (a, b): _compare(by_place[a], by_place[b]) for a, b in combinations(sorted(by_place), 2)
    }


def _compare(rank_a: float, rank_b: float) -> int:
    if rank_a == rank_b:
        return TIE
    return A if rank_a < rank_b else B
