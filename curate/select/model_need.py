"""How much rows need a label, as a classifier in the loop sees it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["error_share"]

Floats = npt.NDArray[np.float64]


def error_share(
    doubt: Floats, probabilities: Floats, *, among: npt.NDArray[np.bool_] | None = None
) -> Floats:
    """Return each row's share of the error to be expected, every class counted alike.

    ``doubt_i sum_c p_ic / N_c`` with ``N_c = sum_i p_ic``, the number of rows of class c that the
    model expects: with ``doubt = 1 - max p`` the row's part in the macro-averaged error. A
    doubtful row of a class of ten matters as much as ten doubtful rows of a class of a hundred.

    Args:
        doubt: How unsure the model is of each row, >= 0, shape (n_rows,).
        probabilities: Rows add up to 1, shape (n_rows, n_classes).
        among: Rows that count; the others' share is 0. None = all.

    Returns:
        Shape (n_rows,), with a mean of 1 over the rows that count (0 where no row is in doubt).

    >>> error_share(np.array([0.5, 0.5, 0.5]), np.array([[1, 0], [1, 0], [0, 1.0]])).tolist()
    [0.75, 0.75, 1.5]
    """
    counted = np.ones(len(doubt), bool) if among is None else among
    shares = np.zeros(len(doubt))
    mine = np.asarray(probabilities, np.float64)[counted]
    sizes = mine.sum(axis=0)
    per_row = np.divide(1, sizes, out=np.zeros_like(sizes), where=sizes > 0)
    shares[counted] = doubt[counted] * (mine @ per_row)
    total = shares.sum()
    return shares * (counted.sum() / total) if total > 0 else shares
