"""Rows by lot: the baseline of every comparison, and the slice of every queue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder

__all__ = ["picker", "random"]


def random(
    n_rows: int,
    k: int,
    *,
    covered: npt.NDArray[np.int64] | None = None,
    rng: int | np.random.Generator = 7,
) -> npt.NDArray[np.int64]:
    """Pick `k` of `n_rows` rows by lot, each that is not covered with the same chance.

    Args:
        n_rows: How many rows there are.
        k: How many to pick; at most those not covered come back.
        covered: Rows that are not picked, e.g. those reviewed earlier.
        rng: Seed or generator.

    Returns:
        Row indices in the order of the draw. Cost: one shuffle.

    >>> sorted(random(3, 5).tolist())
    [0, 1, 2]
    """
    order = np.random.default_rng(rng).permutation(n_rows).astype(np.int64)
    return order[:k] if covered is None else order[~np.isin(order, covered)][:k]


def picker(offer: Offer) -> InOrder:
    """Offer rows by lot."""
    return InOrder(offer, random(len(offer.need), len(offer.need), rng=offer.rng))
