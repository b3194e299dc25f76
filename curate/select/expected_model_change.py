"""Rows whose label will move the model most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate import measure
from curate.select.believed import beliefs_of, highest_first
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty

__all__ = ["expected_model_change", "picker"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def expected_model_change(
    probabilities: npt.ArrayLike,
    features: npt.ArrayLike,
    k: int,
    *,
    preferences: bool = False,
    covered: Ints | None = None,
) -> Ints:
    """Pick the `k` rows with the longest expected gradient (Settles and Craven, 2008).

    In closed form: ``sum_y p_y |p - e_y| |(x, 1)|`` for a logistic head, ``2 p (1 - p)
    |phi_a - phi_b|`` for a Bradley-Terry head (with Davidson's ties: see
    `measure.expected_reward_gradient_length`). On features of equal length it orders rows much
    as `margin` does; it differs where length carries meaning, as that of a difference of two
    answers does: near-ties of answers that hardly differ come last. It likes outliers. No
    guarantee.

    Args:
        probabilities: Shape (n_rows, n_classes); rows of NaN are never picked.
        features: What the head looks at, shape (n_rows, n_features).
        k: How many rows to pick.
        preferences: Whether the head is Bradley-Terry, the classes a, b (and tie), and the
            features differences of two answers.
        covered: Rows that are not picked, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one pass and a sort.

    Raises:
        ValueError: If the shapes do not fit.

    >>> expected_model_change([[0.5, 0.5], [0.5, 0.5]], [[0.1], [2.0]], 1, preferences=True)
    array([1])
    """
    change = _change(np.asarray(probabilities, np.float64), np.asarray(features), preferences)
    return uncertainty(change, k, covered=covered)


def picker(offer: Offer) -> InOrder:
    """Offer rows by the expected length of their gradient."""
    beliefs = beliefs_of(offer, "expected_model_change")
    preferences = offer.pool.pairs is not None
    change = _change(beliefs.probabilities, beliefs.features, preferences)
    return highest_first(offer, change, "expected change of the model")


def _change(p: Floats, x: npt.NDArray[np.floating], preferences: bool) -> Floats:
    if preferences:
        return measure.expected_reward_gradient_length(p, x)
    return measure.expected_gradient_length(p, x)
