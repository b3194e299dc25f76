"""Rows that say the same thing twice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.gate import Gate
from curate.select.uncertainty import by_need
from curate.select.vectors import unit_rows

__all__ = ["near_identical"]


def near_identical(
    vectors: npt.NDArray[np.float32],
    threshold: float = 0.97,
    *,
    need: npt.NDArray[np.float64],
    identity: npt.NDArray[np.int64] | None = None,
) -> dict[int, int]:
    """Map each row that repeats a needier one to the row it repeats.

    Rows are visited from the neediest to the least needy; a row stays unless its cosine with a
    row that stayed is at least `threshold`. Exact: every row is compared with every one that
    stayed, so the cost grows with n_rows x rows that stay.

    Args:
        vectors: One row per item, shape (n_rows, n_dims).
        threshold: Least cosine of near-identical rows; above 1 = none are.
        need: Which of two to keep, shape (n_rows,): the higher; NaN last; ties: lowest index.
        identity: Rows of one number do not count as repeating each other, shape (n_rows,).

    Returns:
        Row left out: row it repeats (of those that stayed, the nearest).

    >>> near_identical(np.array([[1, 0], [0, 1], [1, 0]], "f4"), need=np.array([0.1, 0.2, 0.9]))
    {0: 2}
    """
    gate = Gate(unit_rows(vectors), threshold=threshold, identity=identity)
    order = by_need(need)
    repeats: dict[int, int] = {}
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        for row, refusal in zip(block.tolist(), gate.admit(block), strict=True):
            if refusal is not None and refusal.twin is not None:
                repeats[row] = refusal.twin
    return repeats


_BLOCK = 512
