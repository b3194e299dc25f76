"""The neediest rows first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Offer

__all__ = ["InOrder", "by_need", "picker", "uncertainty"]

Ints = npt.NDArray[np.int64]


def uncertainty(need: npt.NDArray[np.float64], k: int, *, covered: Ints | None = None) -> Ints:
    """Pick the `k` rows with the highest need.

    Rows whose need is NaN are never picked, so fewer than `k` may come back. It spends
    everything on what is most disputed, and so asks alike things again and again: see `hybrid`.

    Args:
        need: Higher = more worth a person's time, shape (n_rows,).
        k: How many rows to pick.
        covered: Rows that are not picked, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one sort.

    >>> uncertainty(np.array([0.2, np.nan, 0.9, 0.9]), 3)
    array([2, 3, 0])
    """
    left = np.array(need, np.float64)
    if covered is not None:
        left[covered] = np.nan
    order = by_need(left)
    return order[~np.isnan(left[order])][:k]


def by_need(need: npt.NDArray[np.float64]) -> Ints:
    """Return all rows from the neediest on; ties: lowest index; NaN last.

    Args:
        need: Shape (n_rows,).
    """
    return np.argsort(-np.asarray(need, np.float64), kind="stable")


def picker(offer: Offer) -> InOrder:
    """Offer rows by need."""
    return InOrder(offer, uncertainty(offer.need, len(offer.need)), unscored(offer))


def unscored(offer: Offer) -> dict[int, str]:
    """Return the open rows that have no need to go by: reason."""
    rows = np.flatnonzero(offer.open & np.isnan(offer.need))
    reason = f"no {offer.need_name} to go by, so only the random slice could have taken it"
    return dict.fromkeys(rows.tolist(), reason)


class InOrder:
    """Offers rows in a given order.

    Args:
        offer: What a strategy may look at.
        order: Rows, first come first; closed ones among them are passed over.
        refused: Rows that are not in the order: reason.
    """

    def __init__(self, offer: Offer, order: Ints, refused: Mapping[int, str] | None = None) -> None:
        self._order = order.tolist()
        self._next = 0
        self._open = offer.open.copy()
        self._say = Spoken(offer)
        self.refused = refused or {}

    def offer(self) -> int:
        """Return the next open row, or -1."""
        while self._next < len(self._order) and not self._open[self._order[self._next]]:
            self._next += 1
        return self._order[self._next] if self._next < len(self._order) else -1

    def take(self, row: int) -> str:
        """Close `row` and say its need and rank."""
        self._open[row] = False
        return self._say(row)

    def close(self, rows: Ints) -> None:
        """Pass over `rows`."""
        self._open[rows] = False


class Spoken:
    """Says a row's need and its rank among all rows that could be picked.

    Args:
        offer: What a strategy may look at.
    """

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        on_offer = offer.open.copy()
        on_offer[offer.drawn] = True
        self._sorted = np.sort(offer.need[on_offer & ~np.isnan(offer.need)])

    def __call__(self, row: int) -> str:
        value = self._offer.need[row]
        if np.isnan(value):
            return f"no {self._offer.need_name}"
        n = len(self._sorted)
        rank = n - int(np.searchsorted(self._sorted, value, side="right")) + 1
        return f"{self._offer.need_name} {value:.3g}, rank {rank:,} of {n:,}"
