"""Needy rows by lot, so that what they say can be weighted back to the pool."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.allotted import ByLot, proportional_chance, systematic
from curate.select.strategies import Offer
from curate.select.uncertainty import unscored

__all__ = ["picker", "sampled"]

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TEMPER = 1.0
FLOOR = 0.1


def sampled(
    need: npt.ArrayLike,
    k: int,
    *,
    temper: float = TEMPER,
    floor: float = FLOOR,
    covered: Ints | None = None,
    rng: int | np.random.Generator = 7,
) -> tuple[Ints, Doubles]:
    """Draw `k` rows with chances in proportion to their need, and say the chances.

    A row's size is ``max(floor, (need / highest need) ** (1 / temper))``, needs that may be
    negative counted from the lowest one; its chance is k times its share of all sizes, at most 1
    (Hansen and Hurwitz, 1943; systematic draws of exactly these chances: Madow, 1949). A total
    over the scored rows is then estimated without bias by ``sum y / chance`` (Horvitz and
    Thompson, 1952), which no strategy that picks the best can claim. Use it where the queue has to
    improve a model and to measure one. The price is needier rows left out: fewer finds than
    `uncertainty`. Variance: low where need tells what is found, at most 1 / floor times that of
    lots drawn evenly.

    Args:
        need: Higher = more worth a person's time, shape (n_rows,); rows of NaN are never drawn,
            infinite ones count as the most extreme finite one.
        k: How many rows to draw; at most those scored and not covered come back.
        temper: Below 1 = sharper than in proportion, above 1 = more even.
        floor: Least size of a row as a share of the largest, above 0 and up to 1 (= evenly).
        covered: Rows that are not drawn, e.g. those reviewed earlier.
        rng: Seed or generator of the draw.

    Returns:
        Row indices in the order of the draw, and the inclusion probability of each. Any first
        part of them is a sample too, with chances in the same proportion. Cost: one shuffle.

    Raises:
        ValueError: If temper or floor is out of range.

    >>> rows, chance = sampled([0.0, 0.5, 1.0], 2, floor=0.5)
    >>> dict(zip(rows.tolist(), chance.tolist()))[2]
    1.0
    """
    if temper <= 0 or not 0 < floor <= 1:
        raise ValueError(f"temper must be > 0 and floor in (0, 1], not {temper} and {floor}")
    given = np.array(need, np.float64)
    if covered is not None:
        given[covered] = np.nan
    chance = proportional_chance(_size(given, temper, floor), k)
    rows = systematic(chance, np.random.default_rng(rng))
    return rows, chance[rows]


def picker(offer: Offer) -> ByLot:
    """Offer open rows in the order of a draw by need; `chance` has the chance of every row."""
    need = np.where(offer.open, offer.need, np.nan)
    size = _size(need, TEMPER, FLOOR)
    chance = proportional_chance(size, offer.k)
    drawn = systematic(chance, offer.rng)
    spare = np.flatnonzero(size > 0)
    spare = spare[~np.isin(spare, drawn)]
    late = spare[np.argsort(offer.rng.exponential(size=len(spare)) / size[spare], kind="stable")]
    known = np.flatnonzero(size > 0)
    chances = dict(zip(known.tolist(), chance[known].tolist(), strict=True))
    return ByLot(offer, drawn, late, chances, unscored(offer))


def _size(need: Doubles, temper: float, floor: float) -> Doubles:
    """Return each row's size, the largest 1; 0 where there is no need to go by."""
    known = ~np.isnan(need)
    size = np.zeros(len(need))
    if known.any():
        finite = need[np.isfinite(need)]
        values = np.clip(need[known], finite.min(initial=0), finite.max(initial=0))
        above = values - min(0.0, values.min())
        highest = above.max()
        share = above / highest if highest > 0 else np.ones(len(above))
        size[known] = np.maximum(floor, share ** (1 / temper))
    return size
