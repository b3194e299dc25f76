"""The neediest row of each cluster of the needy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from curate.select.clusters import clusters, in_turn
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty, unscored
from curate.select.vectors import unit_rows

__all__ = ["cluster_uncertain", "picker"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

SHORT_LIST = 10.0
"""How many times `k` of the neediest rows are clustered."""


def cluster_uncertain(
    vectors: Floats,
    need: npt.ArrayLike,
    k: int,
    *,
    short_list: float = SHORT_LIST,
    covered: Ints | None = None,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick the neediest row of each of `k` clusters of the neediest rows.

    Diverse mini-batches (Zhdanov, 2019), with the neediest in place of the most central row: the
    ``short_list * k`` neediest rows fall into k clusters (k-means), each of which gives its
    neediest row, the neediest of all first; then each its second, and so on. Use it where a
    model's own uncertainty is the need, in batches: it asks a question of each kind it does not
    know. A longer short list is more diverse and less needy. No guarantee.

    Args:
        vectors: What says which rows are alike, shape (n_rows, n_dims); taken at unit length.
        need: Higher = more worth a person's time, shape (n_rows,); rows of NaN are never picked.
        k: How many rows to pick; past 2,000 clusters give several rows each.
        short_list: How many times `k` rows are clustered.
        covered: Rows that are not picked, e.g. those reviewed earlier.
        rng: Seed or generator of the samples taken of large short lists.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one sort of the pool, and
        k-means on the short list (products of short_list x k rows with k centres, of 20,000 rows
        at most up to 25 times).

    >>> rows = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], "f4")
    >>> cluster_uncertain(rows, [0.9, 0.8, 0.1, 0.2], 2)
    array([0, 3])
    """
    given = np.asarray(need, np.float64)
    order = uncertainty(given, len(given), covered=covered)
    return _order(unit_rows(vectors), order, k, short_list, np.random.default_rng(rng))[:k]


def picker(offer: Offer) -> InOrder:
    """Offer the neediest open rows cluster by cluster, then the others by need."""
    order = uncertainty(np.where(offer.open, offer.need, np.nan), len(offer.need))
    order = _order(offer.vectors, order, offer.k, SHORT_LIST, offer.rng)
    return InOrder(offer, order, unscored(offer))


def _order(rows: Floats, order: Ints, k: int, short_list: float, rng: np.random.Generator) -> Ints:
    """Return the rows of `order`, the first of them rearranged by turns of their clusters."""
    n = min(len(order), math.ceil(short_list * k))
    if not n:
        return order
    labels = clusters(rows[order[:n]], min(k, _MOST_CLUSTERS), rng=rng)
    by_turn = np.argsort(in_turn(labels, np.arange(n)), kind="stable")
    return np.concatenate([order[:n][by_turn], order[n:]])


_MOST_CLUSTERS = 2_000
