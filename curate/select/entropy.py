"""Rows on which a classifier has the least idea."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate import measure
from curate.select.believed import beliefs_of, highest_first
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty

__all__ = ["entropy", "picker"]

Ints = npt.NDArray[np.int64]


def entropy(probabilities: npt.ArrayLike, k: int, *, covered: Ints | None = None) -> Ints:
    """Pick the `k` rows with the highest ``-sum_y p_y ln p_y`` (Shannon, 1948).

    Use it with few classes, or where a label that rules out many classes is worth most. It
    does not tell what more answers would settle from what lies in the row: see `bald`. No
    guarantee.

    Args:
        probabilities: What a classifier predicts, shape (n_rows, n_classes); rows of NaN are
            never picked.
        k: How many rows to pick.
        covered: Rows that are not picked, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one sort.

    >>> entropy([[0.4, 0.35, 0.25], [0.45, 0.45, 0.1], [0.8, 0.1, 0.1]], 2)
    array([0, 1])
    """
    return uncertainty(measure.class_entropy(probabilities), k, covered=covered)


def picker(offer: Offer) -> InOrder:
    """Offer rows by the entropy of their classes."""
    beliefs = beliefs_of(offer, "entropy")
    return highest_first(offer, measure.class_entropy(beliefs.probabilities), "entropy")
