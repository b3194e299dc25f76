"""Rows that span as much as possible, the needy ones counting more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.mix import rank_share
from curate.select.scored import Scored
from curate.select.strategies import Offer
from curate.select.vectors import unit_rows

__all__ = ["Volume", "dpp", "picker"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALPHA = 2.0
"""How much need counts against what is new."""
RIDGE = 0.01
"""What of a row no other row explains, added to its squared length of 1."""


def dpp(
    vectors: Floats,
    k: int,
    *,
    need: npt.ArrayLike | None = None,
    alpha: float = ALPHA,
    ridge: float = RIDGE,
    covered: Ints | None = None,
) -> Ints:
    """Pick `k` rows that are likely together under a determinantal point process.

    Greedy search for the most likely set (Chen, Zhang and Zhou, 2018): each pick adds most to
    ``log det L_S``, ``L = diag(q) (X X' + ridge I) diag(q)``, ``q = exp(alpha * rank of the need,
    0 to 1)``, given what is covered. Up to a constant for sets of one size that is ``log det(I +
    X_S' X_S / ridge) + 2 alpha sum ranks``, of which greedy picks reach at least 1 - 1/e. The
    ridge keeps copies, zero rows and more picks than dimensions apart from zero pivots. Use it
    for queues in which every row has to say something of its own.

    Args:
        vectors: One row per item, shape (n_rows, n_dims); taken at unit length.
        k: How many rows to pick; at most those not covered come back.
        need: Higher = more worth a person's time, shape (n_rows,); rows of NaN are never picked;
            None = all alike.
        alpha: How much need counts, >= 0.
        ridge: Part of each row that is its own, > 0; the larger, the less copies count as copies.
        covered: Rows that count as picked already, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: n_dims operations for each
        row and pick at most, and far fewer where needs differ; n_rows x n_dims^2 where rows are
        covered. Memory: that of `vectors`.

    Raises:
        ValueError: If alpha or ridge is out of range.

    >>> rows = np.array([[1, 0], [1, 0], [0.6, 0.8]], "f4")
    >>> dpp(rows, 2), dpp(rows, 2, need=[0.1, 0.9, 0.2])
    (array([0, 2]), array([1, 2]))
    """
    if alpha < 0 or ridge <= 0:
        raise ValueError(f"alpha must be >= 0 and ridge > 0, not {alpha} and {ridge}")
    rows = unit_rows(vectors)
    given = np.zeros(len(rows)) if need is None else np.array(need, np.float64)
    centres = np.empty(0, np.int64) if covered is None else np.unique(covered)
    given[centres] = np.nan
    volume = Volume(rows, rows[centres], 2 * alpha * rank_share(given), ridge)
    picks: list[int] = []
    while len(picks) < k and (row := volume.offer()) >= 0:
        volume.take(row)
        picks.append(row)
    return np.array(picks, np.int64)


def picker(offer: Offer) -> Scored:
    """Offer the open row that adds most to the volume, given the covered rows and the picks."""
    need = np.where(offer.open, offer.need, np.nan)
    centres = offer.vectors[offer.centres]
    return Scored(offer, Volume(offer.vectors, centres, 2 * ALPHA * rank_share(need), RIDGE))


class Volume:
    """Offers the row of the highest worth + ln(ridge + what of it is new).

    Args:
        rows: Unit rows (or zero rows), shape (n_rows, n_dims), C-contiguous float32.
        centres: Rows that count as picked at the start, shape (n_centres, n_dims).
        worth: Of each row, shape (n_rows,); rows of NaN are never offered.
        ridge: Part of each row that is its own.
    """

    def __init__(self, rows: Floats, centres: Floats, worth: Doubles, ridge: float) -> None:
        self.refused: dict[int, str] = {}
        self._rows = rows
        self._worth = worth
        self._ridge = ridge
        self._spread = _spread(centres.astype(np.float64), ridge)
        self._left = _left(rows, self._spread, n_centres=len(centres))
        self._seen = np.zeros(len(rows), np.int64)
        self._value = worth + np.log(ridge + self._left)
        self._shut = np.isnan(worth)
        self._directions = np.empty((64, rows.shape[1]), np.float32)
        self._n = 0

    def offer(self) -> int:
        """Return the best open row, or -1."""
        from curate.select._falling_loops import most_volume

        return int(
            most_volume(
                self._rows,
                self._directions,
                self._n,
                self._worth,
                self._ridge,
                self._left,
                self._seen,
                self._value,
                self._shut,
            )
        )

    def take(self, row: int) -> str:
        """Count `row` as picked and say what of it was new."""
        onto = self._spread @ self._rows[row].astype(np.float64)
        new = max(0.0, float(onto @ self._rows[row]))
        direction = onto / np.sqrt(self._ridge + new)
        self._spread -= np.outer(direction, direction)
        self._append(direction.astype(np.float32))
        self._shut[row] = True
        return f"{min(new, 1):.0%} of it is new beside what was picked or reviewed"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._shut[rows] = True

    def _append(self, direction: Floats) -> None:
        if self._n == len(self._directions):
            room = np.empty_like(self._directions)
            self._directions = np.concatenate([self._directions, room])
        self._directions[self._n] = direction
        self._n += 1


def _spread(centres: Doubles, ridge: float) -> Doubles:
    """Return (I + C' C / ridge)^-1, which says what of a row the centres leave."""
    inner = np.eye(centres.shape[1]) + centres.T @ centres / ridge
    return np.linalg.inv(inner).astype(np.float64)


def _left(rows: Floats, spread: Doubles, *, n_centres: int) -> Doubles:
    left = np.empty(len(rows))
    for i in range(0, len(rows), _BLOCK):
        block = rows[i : i + _BLOCK].astype(np.float64)
        projected = block @ spread if n_centres else block
        left[i : i + _BLOCK] = np.einsum("ij,ij->i", projected, block)
    return np.maximum(left, 0).round(_DIGITS)


_BLOCK = 4096
_DIGITS = 6
"""Of what float32 knows: rows of length 1 are equally new."""
