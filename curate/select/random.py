"""Rows by lot: the baseline of every comparison, and the slice of every queue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder

__all__ = ["picker", "random"]


def random(n_rows: int, k: int, *, rng: int | np.random.Generator = 7) -> npt.NDArray[np.int64]:
    """Pick `k` of `n_rows` rows by lot, each with chance k / n_rows.

    Args:
        n_rows: How many rows there are.
        k: How many to pick; at most n_rows come back.
        rng: Seed or generator.

    Returns:
        Row indices in the order of the draw. Cost: one shuffle.

    >>> sorted(random(3, 5).tolist())
    [0, 1, 2]
    """
    return np.random.default_rng(rng).permutation(n_rows)[:k].astype(np.int64)


def picker(offer: Offer) -> InOrder:
    """Offer rows by lot."""
    return InOrder(offer, random(len(offer.need), len(offer.need), rng=offer.rng))
