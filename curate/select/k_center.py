"""Rows far from everything picked before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Offer

__all__ = ["Farthest", "k_center", "picker"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def k_center(
    vectors: Floats, k: int, *, covered: Ints | None = None, first: int | None = None
) -> Ints:
    """Pick `k` rows, each the one farthest from everything picked before it.

    Greedy farthest-first traversal: the largest distance of any row to its nearest pick is at
    most twice the least possible (Gonzalez, 1985). It likes outliers: for a representative
    queue see `facility_location`. The picks are those of the plain loop that compares every row
    with every pick; most comparisons are skipped, because a row whose distance to some of the
    picks is below the farthest one's needs no look at the rest.

    Args:
        vectors: One row per item, shape (n_rows, n_dims). Distances are Euclidean, which on unit
            rows orders as cosine does.
        k: How many rows to pick; at most those not covered come back.
        covered: Rows that count as picked already, e.g. those reviewed earlier.
        first: Row to start with; None = the farthest from `covered`, or row 0 without any.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: at most n_rows x k
        distances, in practice a quarter to a half of them.

    >>> k_center(np.array([[0], [0.1], [1], [2.5], [2.6]], "f4"), 3)
    array([0, 4, 2])
    """
    rows = np.ascontiguousarray(vectors, np.float32)
    covered = np.empty(0, np.int64) if covered is None else np.asarray(covered, np.int64)
    farthest = Farthest(rows, rows[covered])
    farthest.close(covered)
    picks: list[int] = []
    row = farthest.offer() if first is None else first
    while row >= 0 and len(picks) < k:
        farthest.take(row)
        picks.append(row)
        row = farthest.offer() if len(picks) < k else -1
    return np.array(picks, np.int64)


def picker(offer: Offer) -> Farthest:
    """Offer the open row farthest from the covered rows and the picks, round by round."""
    farthest = Farthest(offer.vectors, offer.vectors[offer.centres])
    farthest.close(np.flatnonzero(~offer.open))
    return farthest


class Farthest:
    """Offers the row farthest from all centres so far.

    Args:
        rows: Shape (n_rows, n_dims), C-contiguous float32.
        centres: What counts as picked at the start, shape (n_centres, n_dims).
    """

    def __init__(self, rows: Floats, centres: Floats) -> None:
        from curate.select import _farthest

        self.refused: dict[int, str] = {}
        self._kernel = _farthest
        self._rows = rows
        self._lengths = _farthest.squared_lengths(rows)
        self._n = len(centres)
        self._centres = np.concatenate([centres, np.empty((64, rows.shape[1]), np.float32)])
        self._centre_lengths = _farthest.squared_lengths(self._centres)
        self._bound = np.full(len(rows), np.finfo(np.float32).max, np.float32)
        self._seen = np.zeros(len(rows), np.int64)

    def offer(self) -> int:
        """Return the farthest open row, or -1."""
        if not len(self._rows):
            return -1
        return int(
            self._kernel.farthest(
                self._rows,
                self._lengths,
                self._centres,
                self._centre_lengths,
                self._n,
                self._bound,
                self._seen,
            )
        )

    def take(self, row: int) -> str:
        """Make `row` a centre and say how far it was from the others."""
        gap = float(self._bound[row])
        self._add_centre(row)
        self._bound[row] = -1
        if self._n == 1:
            return "the first row: nothing was picked or reviewed before it"
        return f"distance {gap**0.5:.3f} from everything picked or reviewed before it"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._bound[rows] = -1

    def _add_centre(self, row: int) -> None:
        if self._n == len(self._centres):
            self._centres = np.concatenate([self._centres, np.empty_like(self._centres)])
            self._centre_lengths = np.concatenate([self._centre_lengths] * 2)
        self._centres[self._n] = self._rows[row]
        self._centre_lengths[self._n] = self._lengths[row]
        self._n += 1
