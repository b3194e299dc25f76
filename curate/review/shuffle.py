"""The order in which people see an item's answers, and the way back from what they said.

The order is drawn per item from the seed and the item's id, on every machine alike, so that
which model stands first tells nothing and position bias averages out over items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curate.records import Item, Vote, digest
from curate.review.desk import Asked

__all__ = ["POSITIONS", "asked", "ranks_of", "shown_order", "vote_of"]

POSITIONS: tuple[Vote, Vote] = ("a", "b")
"""The labels of the first and the second answer on the screen."""

_SWAPPED: Mapping[Vote, Vote] = {"a": "b", "b": "a", "tie": "tie", "both_bad": "both_bad"}


def shown_order(candidates: Sequence[str], item_id: str, *, seed: int) -> tuple[str, ...]:
    """Return candidate ids in the order in which people see them.

    Each order is equally likely over items; it does not depend on the order given.

    >>> shown_order(["c1", "c2"], "p9", seed=7) == shown_order(["c2", "c1"], "p9", seed=7)
    True
    """
    return tuple(sorted(candidates, key=lambda c: (digest(str(seed), item_id, c), c)))


def asked(item: Item, *, seed: int) -> Asked:
    """Return how an item is to stand on the desk."""
    ids = tuple(candidate.id for candidate in item.candidates)
    shown = shown_order(ids, item.id, seed=seed)
    return Asked(item_id=item.id, task=item.task, candidates=ids, shown=shown)


def vote_of(asked: Asked, said: Vote) -> Vote:
    """Return what a vote on the screen says of the item's own a and b.

    >>> item = Asked(item_id="p1", task="rank", candidates=("c1", "c2"), shown=("c2", "c1"))
    >>> vote_of(item, "a"), vote_of(item, "tie")
    ('b', 'tie')
    """
    return said if asked.shown == asked.candidates else _SWAPPED[said]


def ranks_of(asked: Asked, said: Mapping[int, int]) -> dict[str, int]:
    """Return candidate id to rank, 1 = best, equal = tie.

    Args:
        asked: The item as pushed.
        said: Position on the screen (0 = first) to rank.

    >>> item = Asked(item_id="p1", task="rank", candidates=("c1", "c2"), shown=("c2", "c1"))
    >>> ranks_of(item, {0: 1, 1: 2})
    {'c1': 2, 'c2': 1}
    """
    rank = {asked.shown[position]: rank for position, rank in said.items()}
    return {candidate: rank[candidate] for candidate in asked.candidates if candidate in rank}
