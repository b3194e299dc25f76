"""Rows that are needy, less what they repeat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.facility_location import nearest_cosine
from curate.select.mix import rank_share
from curate.select.scored import Scored
from curate.select.strategies import Offer
from curate.select.vectors import unit_rows

__all__ = ["Marginal", "mmr", "picker"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BALANCE = 0.7
"""How much the need's rank counts; the rest is similarity."""


def mmr(
    vectors: Floats,
    need: npt.ArrayLike,
    k: int,
    *,
    balance: float = BALANCE,
    covered: Ints | None = None,
) -> Ints:
    """Pick `k` rows by maximal marginal relevance.

    Each pick has the highest ``balance * rank of its need (0 to 1) - (1 - balance) * highest
    cosine to what was picked or covered`` (Carbonell and Goldstein, 1998), negative cosines at 0.
    Use it for a simple trade of need against repetition in one number; `hybrid` covers the
    pool besides. No guarantee.

    Args:
        vectors: One row per item, shape (n_rows, n_dims); taken at unit length.
        need: Higher = more worth a person's time, shape (n_rows,); rows of NaN are never picked.
        k: How many rows to pick; at most those not covered come back.
        balance: 1 = by need alone, 0 = by dissimilarity alone.
        covered: Rows that count as picked already, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: a similarity for each row
        and pick at most, in practice far fewer, and for each row and covered row.

    Raises:
        ValueError: If balance is not from 0 to 1.

    >>> mmr(np.array([[1, 0], [1, 0], [0, 1]], "f4"), [0.9, 0.8, 0.1], 2, balance=0.5)
    array([0, 2])
    """
    if not 0 <= balance <= 1:
        raise ValueError(f"balance must be from 0 to 1, not {balance}")
    rows = unit_rows(vectors)
    given = np.array(need, np.float64)
    centres = np.empty(0, np.int64) if covered is None else np.unique(covered)
    given[centres] = np.nan
    marginal = Marginal(rows, rows[centres], rank_share(given), balance)
    picks: list[int] = []
    while len(picks) < k and (row := marginal.offer()) >= 0:
        marginal.take(row)
        picks.append(row)
    return np.array(picks, np.int64)


def picker(offer: Offer) -> Scored:
    """Offer the open row of the highest marginal relevance, round by round."""
    need = np.where(offer.open, offer.need, np.nan)
    centres = offer.vectors[offer.centres]
    return Scored(offer, Marginal(offer.vectors, centres, rank_share(need), BALANCE))


class Marginal:
    """Offers the row of the highest balance x worth - (1 - balance) x similarity.

    Args:
        rows: Unit rows (or zero rows), shape (n_rows, n_dims), C-contiguous float32.
        centres: Rows that count as picked at the start, shape (n_centres, n_dims).
        worth: Of each row, shape (n_rows,); rows of NaN are never offered.
        balance: 1 = by worth alone.
    """

    def __init__(self, rows: Floats, centres: Floats, worth: Doubles, balance: float) -> None:
        self.refused: dict[int, str] = {}
        self._rows = rows
        self._worth = worth
        self._balance = balance
        self._near = nearest_cosine(rows, centres).astype(np.float64)
        self._seen = np.zeros(len(rows), np.int64)
        self._value = balance * worth - (1 - balance) * self._near
        self._shut = np.isnan(worth)
        self._picks = np.empty((64, rows.shape[1]), np.float32)
        self._n = 0

    def offer(self) -> int:
        """Return the best open row, or -1."""
        from curate.select._falling_loops import least_repeated

        return int(
            least_repeated(
                self._rows,
                self._picks,
                self._n,
                self._worth,
                self._balance,
                self._near,
                self._seen,
                self._value,
                self._shut,
            )
        )

    def take(self, row: int) -> str:
        """Count `row` as picked and say how similar the nearest pick is."""
        if self._n == len(self._picks):
            self._picks = np.concatenate([self._picks, np.empty_like(self._picks)])
        self._picks[self._n] = self._rows[row]
        self._n += 1
        self._shut[row] = True
        return f"cosine {self._near[row]:.3f} to the nearest picked or reviewed row"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._shut[rows] = True
