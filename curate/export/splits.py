"""Which split a group belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from curate.records import digest

__all__ = ["split_of"]


def split_of(group: str, shares: Mapping[str, float], *, seed: int) -> str:
    """Return the split of a group: the same on every machine, and when rows are added later.

    The hash of seed and group is a place in [0, 1); the splits lie there side by side.

    Args:
        group: Conversation, user or record id; whole groups go into one split.
        shares: Split to its share; they add up to 1.
        seed: Another seed, another division.

    >>> {split_of(f"user{n}", {"train": 1.0}, seed=7) for n in range(9)}
    {'train'}
    """
    place = int(digest("split", str(seed), group)[:13], 16) / 16**13
    upto = 0.0
    for name, share in shares.items():
        upto += share
        if place < upto:
            return name
    return name
