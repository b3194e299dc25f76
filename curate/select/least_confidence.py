"""Rows whose likeliest class is least likely."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate import measure
from curate.select.believed import beliefs_of, highest_first
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty

__all__ = ["least_confidence", "picker"]

Ints = npt.NDArray[np.int64]


def least_confidence(probabilities: npt.ArrayLike, k: int, *, covered: Ints | None = None) -> Ints:
    """Pick the `k` rows with the highest ``1 - max_y p_y`` (Lewis and Gale, 1994).

    Use it where a wrong label is what costs. With two classes `margin` and `entropy` pick the
    same rows. It asks alike rows again and again, and needs a model that has seen every class:
    see `cluster_uncertain` and `badge`. No guarantee.

    Args:
        probabilities: What a classifier predicts, shape (n_rows, n_classes); rows of NaN are
            never picked.
        k: How many rows to pick.
        covered: Rows that are not picked, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one sort.

    >>> least_confidence([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], 2)
    array([1, 2])
    """
    return uncertainty(measure.least_confidence(probabilities), k, covered=covered)


def picker(offer: Offer) -> InOrder:
    """Offer rows by one minus the probability of their likeliest class."""
    beliefs = beliefs_of(offer, "least_confidence")
    return highest_first(offer, measure.least_confidence(beliefs.probabilities), "least confidence")
