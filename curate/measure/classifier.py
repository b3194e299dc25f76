"""How unsure a classifier is of a row.

In: probabilities, shape (n_rows, n_classes), rows add up to 1; a row with a NaN is not known. Out:
one number a row, higher = more worth a person's time, NaN where the row is not known.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "breaking_ties",
    "class_entropy",
    "expected_gradient_length",
    "expected_reward_gradient_length",
    "least_confidence",
]

Floats = npt.NDArray[np.float64]


def least_confidence(probabilities: npt.ArrayLike) -> Floats:
    """Return one minus the probability of the likeliest class: at most 1 - 1 / n_classes.

    Args:
        probabilities: Shape (n_rows, n_classes).

    Returns:
        Shape (n_rows,).

    Raises:
        ValueError: If the shape does not fit.

    >>> least_confidence([[0.5, 0.3, 0.2], [1, 0, 0]]).tolist()
    [0.5, 0.0]
    """
    likeliest: Floats = _known(probabilities).max(axis=1)
    return 1.0 - likeliest


def breaking_ties(probabilities: npt.ArrayLike) -> Floats:
    """Return one minus the lead of the likeliest class on the second: 1 = a tie.

    Breaking ties, or margin sampling (Scheffer et al., 2001; Luo et al., 2005).

    Args:
        probabilities: Shape (n_rows, n_classes).

    Returns:
        Shape (n_rows,), in [0, 1].

    Raises:
        ValueError: If the shape does not fit.

    >>> breaking_ties([[0.5, 0.3, 0.2], [1, 0, 0]]).round(6).tolist()
    [0.8, 0.0]
    """
    p = _known(probabilities)
    if p.shape[1] == 1:
        return 1.0 - p[:, 0]
    top = np.partition(p, -2, axis=1)
    return 1.0 - (top[:, -1] - top[:, -2])


def class_entropy(probabilities: npt.ArrayLike) -> Floats:
    """Return the entropy of the classes: 0 = certain, ln n_classes = no idea.

    Args:
        probabilities: Shape (n_rows, n_classes).

    Returns:
        Shape (n_rows,), nats.

    Raises:
        ValueError: If the shape does not fit.

    >>> class_entropy([[0.5, 0.5], [1, 0]]).round(6).tolist()
    [0.693147, 0.0]
    """
    p = _known(probabilities)
    entropy: Floats = -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=1)
    return entropy + 0.0


def expected_gradient_length(probabilities: npt.ArrayLike, features: npt.ArrayLike) -> Floats:
    """Return how long a gradient a row's label will give a logistic (softmax) head, on average.

    ``sum_y p_y |p - e_y| |(x, 1)|`` with the classifier's own p (Settles and Craven, 2008): the
    gradient of the log-loss with respect to the weights is ``(p - e_y) (x, 1)'``.

    Args:
        probabilities: Shape (n_rows, n_classes).
        features: What the head looks at, shape (n_rows, n_features).

    Returns:
        Shape (n_rows,).

    Raises:
        ValueError: If the shapes do not fit.

    >>> expected_gradient_length([[0.5, 0.5], [1, 0]], [[0], [9]]).round(6).tolist()
    [0.707107, 0.0]
    """
    p = _known(probabilities)
    squared = (p**2).sum(axis=1, keepdims=True) - 2 * p + 1
    surprise: Floats = (p * np.sqrt(np.maximum(squared, 0))).sum(axis=1)
    return surprise * np.sqrt(_squared_length(features, len(p)) + 1)


def expected_reward_gradient_length(
    probabilities: npt.ArrayLike, differences: npt.ArrayLike
) -> Floats:
    """Return how long a gradient a comparison will give a Bradley-Terry head, on average.

    ``2 p (1 - p) |phi_a - phi_b|`` without ties. With them (Davidson, 1970) the gradient of the
    log-likelihood with respect to the difference of rewards is ``s_y - E s`` with s = 1/2 for a,
    -1/2 for b and 0 for a tie, and its mean length is taken over all three.

    Args:
        probabilities: Of a, b and, where the model has them, a tie, shape (n_pairs, 2 or 3).
        differences: Features of a less those of b, shape (n_pairs, n_features).

    Returns:
        Shape (n_pairs,).

    Raises:
        ValueError: If the shapes do not fit.

    >>> expected_reward_gradient_length([[0.5, 0.5], [0.9, 0.1]], [[2], [2]]).round(6).tolist()
    [1.0, 0.36]
    """
    p = _known(probabilities)
    if p.shape[1] not in _SCORES:
        raise ValueError(f"a comparison has 2 or 3 outcomes, not {p.shape[1]}")
    score = np.array(_SCORES[p.shape[1]])
    surprise: Floats = (p * np.abs(score - (p @ score)[:, None])).sum(axis=1)
    return surprise * np.sqrt(_squared_length(differences, len(p)))


_SCORES = {2: (0.5, -0.5), 3: (0.5, -0.5, 0.0)}


def _known(probabilities: npt.ArrayLike) -> Floats:
    """Return the probabilities, rows with a NaN as NaN throughout."""
    p = np.array(probabilities, np.float64)
    if p.ndim != 2 or not p.shape[1]:
        raise ValueError(f"probabilities have the shape (n_rows, n_classes), not {p.shape}")
    p[np.isnan(p).any(axis=1)] = np.nan
    return p


def _squared_length(features: npt.ArrayLike, n: int) -> Floats:
    x = np.asarray(features)
    if x.ndim != 2 or len(x) != n:
        raise ValueError(f"features have the shape ({n}, n_features), not {x.shape}")
    squared: Floats = np.einsum("ij,ij->i", x, x, dtype=np.float64)
    return squared
