"""How well predicted classes hold on the test rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["macro_f1", "recalls"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def recalls(truth: Ints, predicted: Ints, n_classes: int) -> Floats:
    """Return each class's recall, shape (n_classes,); NaN for classes that are not in `truth`.

    >>> recalls(np.array([0, 0, 1]), np.array([0, 1, 1]), 3).tolist()
    [0.5, 1.0, nan]
    """
    hits = np.bincount(truth[truth == predicted], minlength=n_classes)
    return _share(hits, np.bincount(truth, minlength=n_classes))


def macro_f1(truth: Ints, predicted: Ints, n_classes: int) -> float:
    """Return the mean F1 over the classes in `truth`, each counting alike.

    F1 = 2 x hits / (rows of the class + rows predicted as it).

    >>> round(macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]), 3), 4)
    0.6667
    """
    hits = np.bincount(truth[truth == predicted], minlength=n_classes)
    there = np.bincount(truth, minlength=n_classes)
    sizes = there + np.bincount(predicted, minlength=n_classes)
    if not len(truth):
        return float("nan")
    return float(_share(2 * hits, sizes)[there > 0].mean())


def _share(part: Ints, whole: Ints) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return shares
