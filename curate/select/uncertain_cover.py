"""Rows that stand for what a model in the loop is still unsure of."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from curate.select.facility_location import (
    Dense,
    Representatives,
    facility_location,
    nearest_cosine,
    representatives,
)
from curate.select.model_need import error_share, runner_up
from curate.select.strategies import Offer, Picker
from curate.select.uncertainty import Spoken, by_need, unscored
from curate.select.within import Within

__all__ = ["UncertainCover", "uncertain_cover"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def uncertain_cover(
    vectors: Floats,
    probabilities: Doubles,
    k: int,
    *,
    covered: Ints | None = None,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick `k` rows that stand for the rows that a classifier gets wrong, each class alike.

    The weighted cover sum_i w_i max_(j in covered and picks) cos+(i, j), maximised greedily (at
    least 1 - 1/e of the best possible), where w_i is the row's doubt (`runner_up`) as a share of
    its classes' (`error_share`). A row is asked because it is near to many doubtful rows that no
    reviewed row is near to; a doubtful row that resembles nothing gains little, nor does the
    second of two alike. With a model that knows nothing every row weighs the same, and this is
    `facility_location`: there is no point at which one rule has to give way to another.

    Args:
        vectors: One row per item, shape (n_rows, n_dims); taken at unit length.
        probabilities: The classifier's, rows add up to 1, shape (n_rows, n_classes).
        k: How many rows to pick; at most those not covered come back.
        covered: Rows reviewed earlier; they count as picked, and are owed nothing.
        rng: Seed or generator of the samples that large pools need.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: as `facility_location`.

    >>> rows = np.array([[1, 0], [0.8, 0.6], [0, 1], [0, 1]], "f4")
    >>> sure, unsure = [0.99, 0.01], [0.5, 0.5]
    >>> uncertain_cover(rows, np.array([sure, sure, unsure, unsure]), 1)
    array([2])
    """
    doubt = runner_up(probabilities)
    reviewed = np.zeros(len(doubt), bool)
    reviewed[np.empty(0, np.int64) if covered is None else covered] = True
    weights = error_share(doubt, probabilities, among=~reviewed)
    return facility_location(vectors, k, covered=covered, weights=weights, rng=rng)


class UncertainCover:
    """Offers the row that betters the cover of needy rows most, round by round.

    Each open row weighs its need, with beliefs of classes its share of the macro-averaged error.
    With a `prefilter` only the rows of greatest weight may be offered; all are to be covered.
    Rows without a need are never offered and weigh nothing.

    Args:
        offer: What a strategy may look at.
    """

    def __init__(self, offer: Offer) -> None:
        self.refused = unscored(offer)
        self._say = Spoken(offer)
        weights = _weights(offer)
        rows = np.flatnonzero(offer.open & ~np.isnan(offer.need))
        most = math.inf if math.isinf(offer.prefilter) else math.ceil(offer.prefilter * offer.k)
        part = _listed(offer, rows, weights, int(most)) if most < len(rows) else None
        self._cover = part or Within(rows, _every(offer, rows, weights))

    def offer(self) -> int:
        """Return the best open row, or -1."""
        return self._cover.offer()

    def take(self, row: int) -> str:
        """Count `row` as picked; say its need, its rank, and for how many rows it stands."""
        return f"{self._say(row)}; {self._cover.take(row)}"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._cover.close(rows)


def _weights(offer: Offer) -> Doubles:
    """Return what each row weighs, 0 where it is not open or has no need."""
    among = offer.open & ~np.isnan(offer.need)
    need = np.where(among, np.maximum(offer.need, 0), 0)
    beliefs = offer.pool.beliefs
    if beliefs is None or offer.pool.pairs is not None:
        return need
    return error_share(need, beliefs.probabilities, among=among)


def _every(offer: Offer, rows: Ints, weights: Doubles) -> Picker:
    covered = offer.vectors[offer.centres]
    worth = (weights[rows], None)
    return representatives(offer.vectors, rows, offer.k, covered, worth, offer.rng)


def _listed(offer: Offer, rows: Ints, weights: Doubles, most: int) -> Within:
    listed = np.sort(rows[by_need(weights[rows])[:most]])
    clients = _clients(offer, rows, most)
    every = offer.vectors[clients]
    cover = Representatives(
        Dense(offer.vectors[listed], every),
        nearest=nearest_cosine(every, offer.vectors[offer.centres]),
        weights=weights[clients],
        stands_for=len(rows) / max(1, len(clients)),
    )
    return Within(listed, cover)


def _clients(offer: Offer, rows: Ints, n_listed: int) -> Ints:
    most = max(n_listed, _SIMILARITIES // max(1, n_listed))
    return rows if len(rows) <= most else np.sort(offer.rng.choice(rows, most, replace=False))


_SIMILARITIES = 50_000_000
"""How many are held at most (200 MB); of a larger pool a sample is covered."""
