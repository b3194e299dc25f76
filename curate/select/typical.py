"""Rows that are typical of their neighbourhood, one neighbourhood after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.select.clusters import clusters, in_turn
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder
from curate.select.vectors import unit_rows

__all__ = ["Typical", "picker", "typical"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def typical(
    vectors: Floats,
    k: int,
    *,
    covered: Ints | None = None,
    n_neighbours: int = 20,
    most_clusters: int = 500,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick the most typical row of each of the largest clusters that nothing was picked from.

    TypiClust (Hacohen, Dekel and Weinshall, 2022): the pool falls into ``|covered| + k`` clusters
    (k-means; `most_clusters` at most). Then, again and again: of the clusters with the fewest
    covered and picked rows the largest gives its row of highest typicality, ``1 / mean distance
    to its n_neighbours nearest rows`` of the cluster. Clusters of fewer than five rows come last.
    Use it for the first tens of picks, before any model can say what it does not know; past a few
    hundred uncertainty is better. No guarantee.

    Args:
        vectors: One row per item, shape (n_rows, n_dims); taken at unit length.
        k: How many rows to pick; at most those not covered come back.
        covered: Rows that count as picked already, e.g. those reviewed earlier.
        n_neighbours: What typicality is measured over.
        most_clusters: Past it clusters are picked from more than once.
        rng: Seed or generator of the samples taken of large pools.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: n_rows x n_clusters
        products and those within clusters, where a cluster of more than 4,096 rows is measured
        against a sample of it, so that the whole grows linearly with the pool.

    >>> typical(np.array([[1, 0], [0.9, 0.1], [0.8, 0.2], [0, 1], [0.1, 0.9]], "f4"), 2)
    array([1, 3])
    """
    covered = np.empty(0, np.int64) if covered is None else np.unique(covered)
    settings = (n_neighbours, most_clusters)
    return _order(unit_rows(vectors), k, covered, settings, np.random.default_rng(rng)).rows[:k]


def picker(offer: Offer) -> Typical:
    """Offer the open rows cluster by cluster; reviewed and drawn rows count as picked."""
    part = np.unique(np.concatenate([np.flatnonzero(offer.open), offer.centres]))
    centres = np.flatnonzero(~offer.open[part])
    order = _order(offer.vectors[part], offer.k, centres, (20, 500), offer.rng)
    return Typical(offer, part, order)


class Typical(InOrder):
    """Offers typical rows, and says of how large a cluster.

    Args:
        offer: What a strategy may look at.
        part: Rows of the pool that were clustered.
        order: In which order they come, numbered within the part.
    """

    def __init__(self, offer: Offer, part: Ints, order: Order) -> None:
        rows = part[order.rows]
        super().__init__(offer, rows)
        self._said = dict(zip(rows.tolist(), order.size.tolist(), strict=True))
        self._typicality = dict(zip(rows.tolist(), order.typicality.tolist(), strict=True))

    def take(self, row: int) -> str:
        """Close `row` and say what it is typical of."""
        super().take(row)
        return (
            f"typical (1 / mean distance to its neighbours: {self._typicality[row]:.3g}) of a "
            f"cluster of {self._said[row]:,} rows"
        )


@dataclass(frozen=True, slots=True)
class Order:
    """Rows in the order of picking, with what a reason says of each."""

    rows: Ints
    typicality: Doubles
    size: Ints
    """Of the row's cluster, covered rows included."""


def _order(
    rows: Floats, k: int, covered: Ints, settings: tuple[int, int], rng: np.random.Generator
) -> Order:
    n_neighbours, most_clusters = settings
    labels = clusters(rows, min(len(covered) + k, most_clusters), rng=rng)
    typicality = _typicality(rows, labels, n_neighbours, rng)
    size = np.bincount(labels, minlength=1)
    left = np.ones(len(rows), bool)
    left[covered] = False
    order = np.flatnonzero(left)
    order = order[np.argsort(-typicality[order], kind="stable")]
    had = np.bincount(labels[covered], minlength=len(size))
    turn = in_turn(labels, order, before=had)
    own = size[labels[order]]
    order = order[np.lexsort((_first_of(labels, order), -own, turn, own < _LEAST))]
    return Order(order, typicality[order], size[labels[order]])


_LEAST = 5
"""Smaller clusters are outliers more often than regions."""


def _first_of(labels: Ints, order: Ints) -> Ints:
    """Return the lowest index of each listed row's cluster, so that equal clusters keep order."""
    if not len(labels):
        return order
    first = np.full(labels.max() + 1, len(labels), np.int64)
    np.minimum.at(first, labels[order], order)
    return first[labels[order]]


def _typicality(rows: Floats, labels: Ints, n_neighbours: int, rng: np.random.Generator) -> Doubles:
    typicality = np.zeros(len(rows))
    by_cluster = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[by_cluster], prepend=-1))
    for members in np.split(by_cluster, starts[1:]):
        if len(members) > 1:
            typicality[members] = _within(rows, members, n_neighbours, rng)
    return typicality


def _within(rows: Floats, members: Ints, n_neighbours: int, rng: np.random.Generator) -> Doubles:
    others = members
    if len(members) > _SAMPLED:
        others = np.sort(rng.choice(members, _SAMPLED, replace=False))
    found = min(n_neighbours, len(others) - 1)
    mean = np.empty(len(members))
    for i in range(0, len(members), _BLOCK):
        own = members[i : i + _BLOCK]
        gap = _distances(rows[own], rows[others])
        gap[own[:, None] == others] = np.inf
        mean[i : i + _BLOCK] = np.sort(np.partition(gap, found - 1, axis=1)[:, :found]).mean(axis=1)
    return 1.0 / (mean + _LEAST_GAP)


_SAMPLED = 4096
_BLOCK = 1024
_LEAST_GAP = 1e-5
"""So that copies of one row have a typicality too (the authors' constant)."""


def _distances(some: Floats, others: Floats) -> Floats:
    lengths = [np.einsum("ij,ij->i", rows, rows) for rows in (some, others)]
    squared = lengths[0][:, None] + lengths[1] - 2 * (some @ others.T)
    return np.sqrt(np.where(squared < _ROUNDING, 0, squared), dtype=np.float32)


_ROUNDING = 1e-6
"""Squared distances below are float32's: copies of a row are at 0."""
