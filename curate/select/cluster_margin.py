"""Rows near a tie, from as many clusters as possible."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from curate import measure
from curate.select.believed import beliefs_of
from curate.select.clusters import in_turn
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty, unscored
from curate.select.vectors import unit_rows

__all__ = ["cluster_margin", "picker"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHORT_LIST = 10.0
"""How many times `k` rows of least margin are clustered."""


def cluster_margin(
    vectors: Floats,
    probabilities: npt.ArrayLike,
    k: int,
    *,
    short_list: float = SHORT_LIST,
    cluster_size: float = 10,
    covered: Ints | None = None,
) -> Ints:
    """Pick rows of least margin in turn from clusters, the smallest cluster first.

    Cluster-Margin (Citovsky et al., 2021): the ``short_list * k`` rows of least margin fall into
    clusters of `cluster_size` rows on average (average linkage of cosine distances), which give
    one row each in turn, from the smallest cluster to the largest: what is rare comes before what
    is common. Use it for large batches of a trained model. The authors draw within a cluster;
    here its row of least margin comes first. No guarantee for labels.

    Args:
        vectors: What says which rows are alike, shape (n_rows, n_dims); taken at unit length.
        probabilities: What a classifier predicts, shape (n_rows, n_classes); rows of NaN are
            never picked.
        k: How many rows to pick.
        short_list: How many times `k` rows are clustered; at most 6,000 rows in all, past which
            rows come by margin alone.
        cluster_size: Mean number of rows of a cluster.
        covered: Rows that are not picked, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one sort of the pool and
        m^2 similarities of the short list, m <= 6000, however large the pool is.

    Raises:
        ValueError: If the shapes do not fit.

    >>> rows = np.array([[1, 0], [1, 0.1], [1, 0.2], [0, 1]], "f4")
    >>> cluster_margin(rows, [[0.5, 0.5]] * 3 + [[0.6, 0.4]], 2, cluster_size=2)
    array([3, 0])
    """
    need = measure.breaking_ties(probabilities)
    order = uncertainty(need, len(need), covered=covered)
    return _order(unit_rows(vectors), order, k, short_list, cluster_size)[:k]


def picker(offer: Offer) -> InOrder:
    """Offer the open rows of least margin cluster by cluster, then the others by margin."""
    near_tie = measure.breaking_ties(beliefs_of(offer, "cluster_margin").probabilities)
    scored = replace(offer, need=near_tie, need_name="closeness to a tie")
    order = uncertainty(np.where(offer.open, near_tie, np.nan), len(near_tie))
    order = _order(offer.vectors, order, offer.k, SHORT_LIST, 10)
    return InOrder(scored, order, unscored(scored))


def _order(rows: Floats, order: Ints, k: int, short_list: float, cluster_size: float) -> Ints:
    """Return the rows of `order`, the first of them rearranged by turns of their clusters."""
    n = min(len(order), math.ceil(short_list * k), _MOST_CLUSTERED)
    if n < 2:
        return order
    labels = _linked(rows[order[:n]], math.ceil(n / cluster_size))
    turn = in_turn(labels, np.arange(n))
    size = np.bincount(labels)[labels]
    first = np.unique(labels, return_index=True)[1][labels]
    by_turn = np.lexsort((first, size, turn))
    return np.concatenate([order[:n][by_turn], order[n:]])


_MOST_CLUSTERED = 6_000


def _linked(rows: Floats, n_clusters: int) -> Ints:
    """Number average-linkage clusters from 0 on in the order in which they are met."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    gaps = np.maximum(0, 1 - rows @ rows.T)
    gaps[gaps < _ROUNDING] = 0
    np.fill_diagonal(gaps, 0)
    tree = linkage(squareform(np.maximum(gaps, gaps.T), checks=False), "average")
    found = fcluster(tree, n_clusters, criterion="maxclust")
    numbers, first, labels = np.unique(found, return_index=True, return_inverse=True)
    named = np.empty(len(numbers), np.int64)
    named[np.argsort(first)] = np.arange(len(numbers))
    return named[labels]


_ROUNDING = 1e-6
