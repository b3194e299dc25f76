"""How much rows need a label, as a classifier in the loop sees it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["error_share", "runner_up"]

Floats = npt.NDArray[np.float64]


def runner_up(probabilities: Floats) -> Floats:
    """Return the odds of the second likeliest class against the likeliest, from 0 to 1.

    The margin between the two goes by differences: of .20 and .02, and of .50 and .32, it makes
    the same, though the first is settled and the second is not. A head fitted on a few answers
    to each of many classes gives every class small chances, and every row a margin of nearly 1.

    Args:
        probabilities: Rows add up to 1, shape (n_rows, n_classes).

    Returns:
        Higher = less sure, shape (n_rows,).

    >>> runner_up(np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])).tolist()
    [0.5, 0.125]
    """
    if not len(probabilities):
        return np.empty(0)
    last = probabilities.shape[1] - 1
    top = np.partition(np.asarray(probabilities, np.float64), [last - 1, last], axis=1)
    return np.asarray(top[:, -2] / top[:, -1], np.float64)


def error_share(
    doubt: Floats, probabilities: Floats, *, among: npt.NDArray[np.bool_] | None = None
) -> Floats:
    """Return each row's share of the error to be expected, every class counted alike.

    ``doubt_i sum_c q_ic / N_c`` with ``N_c = sum_i q_ic``, the number of rows of class c that the
    model expects (no fewer than 1): with the chance of an error as doubt, the row's part in the
    macro-averaged error. A doubtful row of a class of ten matters as much as ten of a class of a
    hundred. q are the chances squared, adding up to 1 again: those of a head fitted on few answers
    are so evenly spread that by them all classes were of a size.

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
    mine = np.asarray(probabilities, np.float64)[counted] ** 2
    mine /= mine.sum(axis=1, keepdims=True)
    sizes = np.maximum(mine.sum(axis=0), 1)
    shares[counted] = doubt[counted] * (mine @ (1 / sizes))
    total = shares.sum()
    return shares * (counted.sum() / total) if total > 0 else shares
