"""What a model that sees a few features of two answers makes of which of them was preferred.

In: features of the chosen answer less those of the rejected one, shape (n_pairs, n_features).
Out: log odds a feature, with standard errors; or the score of pairs that were held out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["PreferenceLogit", "held_out_scores", "preference_logit"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceLogit:
    """Log odds of being preferred, a unit of each feature, the others being equal."""

    coefficients: Floats
    errors: Floats
    """Standard errors, robust to pairs of one group being alike."""


def preference_logit(
    differences: npt.ArrayLike, *, groups: npt.ArrayLike | None = None, ridge: float = 0.5
) -> PreferenceLogit:
    """Fit ``P(a over b) = sigmoid(w . (a - b))`` to pairs of which the first was chosen.

    The conditional (matched-pairs) logit of McFadden (1974), that is Bradley and Terry's model on
    features: there is no intercept, so swapping chosen and rejected turns every sign. A prior of
    mean 0 and precision `ridge` keeps features that never lose finite. Standard errors are the
    sandwich's, summed within groups (Liang and Zeger, 1986), and never below the model's own.

    Args:
        differences: Chosen less rejected, shape (n_pairs, n_features).
        groups: Number of each pair's group, from 0; None = each pair by itself.
        ridge: Precision of the prior, in units of the features.

    >>> fitted = preference_logit([[1.0]] * 30 + [[-1.0]] * 10, ridge=0.0)
    >>> round(float(np.exp(fitted.coefficients[0])), 6)
    3.0
    """
    x = np.asarray(differences, np.float64)
    w = _newton(x, ridge)
    wrong = _sigmoid(-(x @ w))
    bread = np.linalg.pinv(_hessian(x, wrong, ridge))
    scores = x * wrong[:, None]
    if groups is not None and len(x):
        scores = _summed(scores, np.asarray(groups))
    n = len(scores)
    robust = bread @ (scores.T @ scores * (n / max(n - 1, 1))) @ bread
    variance = np.maximum(np.diag(robust), np.diag(bread))
    return PreferenceLogit(coefficients=w, errors=np.sqrt(np.maximum(variance, 0.0)))


def held_out_scores(
    differences: npt.ArrayLike, folds: npt.ArrayLike, *, ridge: float = 0.5
) -> Floats:
    """Return the log odds of each pair's chosen answer by a model that did not learn from its fold.

    Args:
        differences: As in `preference_logit`.
        folds: Number of each pair's fold, from 0, shape (n_pairs,).
        ridge: As in `preference_logit`.

    Returns:
        Shape (n_pairs,): above 0 = the model would have chosen the same.
    """
    x, fold = np.asarray(differences, np.float64), np.asarray(folds)
    out = np.zeros(len(x))
    for number in np.unique(fold).tolist():
        held = fold == number
        out[held] = x[held] @ _newton(x[~held], ridge)
    return out


_ROUNDS = 50
_STEP = 1e-8


def _newton(x: Floats, ridge: float) -> Floats:
    """Climb to the mode; each step is halved until it does not lead down."""
    w = np.zeros(x.shape[1])
    value = _objective(x, w, ridge)
    for _ in range(_ROUNDS):
        wrong = _sigmoid(-(x @ w))
        slope = x.T @ wrong - ridge * w
        step = np.linalg.pinv(_hessian(x, wrong, ridge)) @ slope
        while (found := _objective(x, w + step, ridge)) < value and np.abs(step).max() > _STEP:
            step = step / 2
        if not np.abs(step).max(initial=0.0) > _STEP:
            break
        w, value = w + step, found
    return w


def _objective(x: Floats, w: Floats, ridge: float) -> float:
    return float(-np.logaddexp(0.0, -(x @ w)).sum() - ridge / 2 * (w @ w))


def _hessian(x: Floats, wrong: Floats, ridge: float) -> Floats:
    hessian: Floats = (x * (wrong * (1 - wrong))[:, None]).T @ x
    hessian[np.diag_indices(x.shape[1])] += ridge
    return hessian


def _sigmoid(x: Floats) -> Floats:
    with np.errstate(over="ignore"):
        value: Floats = 1 / (1 + np.exp(-x))
    return value


def _summed(scores: Floats, groups: Ints) -> Floats:
    n = int(groups.max()) + 1
    return np.stack([np.bincount(groups, column, n) for column in scores.T], axis=1)
