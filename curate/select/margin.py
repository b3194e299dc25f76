"""Rows on which two classes are closest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate import measure
from curate.select.believed import beliefs_of, highest_first
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty

__all__ = ["margin", "picker"]

Ints = npt.NDArray[np.int64]


def margin(probabilities: npt.ArrayLike, k: int, *, covered: Ints | None = None) -> Ints:
    """Pick the `k` rows with the least lead of the likeliest class, ``p_(1) - p_(2)``.

    Margin sampling or breaking ties (Scheffer et al., 2001). Use it with many classes, where the
    entropy is ruled by classes that are out of the question; of the plain uncertainties it is the
    one to try first. It asks alike rows again and again: see `cluster_margin`. No guarantee.

    Args:
        probabilities: What a classifier predicts, shape (n_rows, n_classes); rows of NaN are
            never picked.
        k: How many rows to pick.
        covered: Rows that are not picked, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one sort.

    >>> margin([[0.4, 0.35, 0.25], [0.45, 0.45, 0.1], [0.8, 0.1, 0.1]], 2)
    array([1, 0])
    """
    return uncertainty(measure.breaking_ties(probabilities), k, covered=covered)


def picker(offer: Offer) -> InOrder:
    """Offer rows by one minus the lead of their likeliest class."""
    beliefs = beliefs_of(offer, "margin")
    return highest_first(offer, measure.breaking_ties(beliefs.probabilities), "closeness to a tie")
