"""Rows by lot from every stratum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError
from curate.select.allotted import ByLot, systematic
from curate.select.clusters import clusters
from curate.select.strategies import Offer

__all__ = ["picker", "stratified"]

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Allocation = Literal["proportional", "sqrt", "equal"]


def stratified(
    strata: Sequence[object] | npt.NDArray[np.generic],
    k: int,
    *,
    allocation: Allocation = "proportional",
    covered: Ints | None = None,
    rng: int | np.random.Generator = 7,
) -> tuple[Ints, Doubles]:
    """Draw `k` rows by lot, so many from each stratum as its share says, and say the chances.

    Neyman's stratified sampling (1934). A stratum's share of `k` follows its size, the square root
    of its size, or nothing (equal); no stratum gives more than it has. What is left of a row
    after whole rows were given is given by lot, so that every row's chance is exactly its
    stratum's share by its size, and never 0. Use it for a first look that leaves no segment out,
    and for figures by segment. Estimates weighted by 1 / chance are unbiased, and in proportion
    never less precise than plain lots (but for rounding).

    Args:
        strata: A value for each row, e.g. a metadata column or clusters, length n_rows; rows
            without one (None, NaN) are a stratum too.
        k: How many rows to draw; at most those not covered come back.
        allocation: How `k` is shared out.
        covered: Rows that are not drawn, e.g. those reviewed earlier.
        rng: Seed or generator of the draw.

    Returns:
        Row indices in random order, and the inclusion probability of each. Cost: one shuffle.

    >>> rows, chance = stratified(["a"] * 8 + ["b"] * 2, 4, allocation="equal")
    >>> sorted(chance.tolist())
    [0.25, 0.25, 1.0, 1.0]
    """
    codes = _codes(strata)
    left = np.ones(len(codes), bool)
    if covered is not None:
        left[covered] = False
    chance = _chance(codes, left, k, allocation)
    rows = systematic(chance, np.random.default_rng(rng), strata=codes)
    return rows, chance[rows]


def picker(offer: Offer) -> ByLot:
    """Offer open rows by lot, in proportion from every stratum.

    The strata are the values of the column `select.strata`, or clusters of the vectors.

    Raises:
        ConfigError: If there is no such column.
    """
    codes = _strata(offer)
    chance = _chance(codes, offer.open, offer.k, "proportional")
    drawn = systematic(chance, offer.rng, strata=codes)
    spare = np.flatnonzero(offer.open)
    late = offer.rng.permutation(spare[~np.isin(spare, drawn)])
    chances = dict(zip(spare.tolist(), chance[spare].tolist(), strict=True))
    return ByLot(offer, drawn, late, chances)


def _strata(offer: Offer) -> Ints:
    column, columns = offer.config.strata, offer.pool.columns
    if column is not None:
        if column not in columns:
            known = ", ".join(columns) or "none"
            raise ConfigError(
                f"`select.strata`: no column {column!r} in this project; known: {known}"
            )
        return _codes(columns[column])
    rows = np.flatnonzero(offer.open)
    codes = np.zeros(len(offer.need), np.int64)
    codes[rows] = clusters(offer.vectors[rows], min(offer.k, _MOST_STRATA), rng=offer.rng)
    return codes


_MOST_STRATA = 50


def _codes(strata: Sequence[object] | npt.NDArray[np.generic]) -> Ints:
    numbers: dict[object, int] = {}
    given = strata.tolist() if isinstance(strata, np.ndarray) else strata
    values = [None if value != value else value for value in given]
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


def _chance(codes: Ints, left: npt.NDArray[np.bool_], k: int, allocation: Allocation) -> Doubles:
    """Return each row's chance; 0 for rows that are not left."""
    sizes = np.bincount(codes[left], minlength=int(codes.max(initial=-1)) + 1).astype(np.float64)
    chance = np.zeros(len(codes))
    expected = _expected(sizes, k, allocation)
    share = np.divide(expected, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    chance[left] = np.minimum(1, share[codes[left]])
    return chance


def _expected(sizes: Doubles, k: int, allocation: Allocation) -> Doubles:
    """Return how many rows each stratum gives on average: as weighed, but no more than it has."""
    power = {"proportional": 1.0, "sqrt": 0.5, "equal": 0.0}[allocation]
    weight = np.where(sizes > 0, sizes**power, 0)
    expected = np.zeros(len(sizes))
    full = np.zeros(len(sizes), bool)
    k_left = min(float(k), sizes.sum())
    while k_left > 0 and (weight[~full] > 0).any():
        expected[~full] = weight[~full] * (k_left / weight[~full].sum())
        over = ~full & (expected > sizes)
        if not over.any():
            break
        expected[over], full[over] = sizes[over], True
        k_left = min(float(k), sizes.sum()) - sizes[full].sum()
    return expected
