"""What an answer will be, and how sure that is: labels learned from features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.learn._binary import Binary, fit_binary
from curate.learn._inputs import rows_of, shares_of, weights_of
from curate.learn._problem import Problem, Wanted, labelled
from curate.learn._softmax import Softmax, fit_softmax

__all__ = ["LogisticHead"]

Floats = npt.NDArray[np.float64]


class LogisticHead:
    """Bayesian logistic or softmax regression with a Laplace posterior.

    A Gaussian prior on the weights, a weak one on the bias; the mode by Newton's method (two
    classes: exact, in the dual where rows are fewer than columns; more: quasi-Newton with
    Kronecker factors as preconditioner); the posterior normal about it, with the exact Hessian for
    two classes and the Kronecker-factored one for more. The prior's precision, where None is
    given, is the one of greatest evidence (MacKay, 1992; corrected for what Laplace's approximation
    gets wrong of few answers) under a hyperprior about `spread`, so that a handful of answers, or
    answers of one class alone, give a sober fit. Features are looked at about their mean: shifting
    them changes nothing.

    A head does not change once fitted: `fit` returns another.

    Args:
        n_classes: How many classes there are.
        precision: Of the prior on the weights; None = by evidence.
        spread: Guess of the standard deviation of the logits that features bring about (beside
            `prior_mean`), which few answers do not move by much.

    >>> head = LogisticHead().fit([[-1.0], [1.0], [-1.0], [1.0]], [0, 1, 0, 1])
    >>> head.probabilities([[-1.0], [1.0]]).round(1).tolist()
    [[0.8, 0.2], [0.2, 0.8]]
    """

    __slots__ = ("_fitted", "n_classes", "wanted")

    def __init__(
        self, n_classes: int = 2, *, precision: float | None = None, spread: float = 3.0
    ) -> None:
        if n_classes < 2:
            raise ValueError(f"n_classes must be 2 or more, not {n_classes}")
        if precision is not None and not 0 < precision < np.inf:
            raise ValueError(f"precision must be above 0, not {precision}")
        if not 0 < spread < np.inf:
            raise ValueError(f"spread must be above 0, not {spread}")
        self.n_classes = n_classes
        self.wanted = Wanted(precision=precision, spread=spread)
        self._fitted: Binary | Softmax | None = None

    def fit(
        self,
        features: npt.ArrayLike,
        labels: npt.ArrayLike,
        *,
        weights: npt.ArrayLike | None = None,
        nuisance: npt.ArrayLike | None = None,
        prior_mean: npt.ArrayLike | None = None,
        start: LogisticHead | None = None,
    ) -> LogisticHead:
        """Return a head fitted to these answers.

        Args:
            features: Shape (n, D).
            labels: Class numbers, shape (n,), or vote shares, shape (n, n_classes).
            weights: How much each row counts, shape (n,); 2 = as if it stood there twice.
            nuisance: Columns to account for and to hold at their mean when predicting (length,
                position), shape (n, Q).
            prior_mean: What the weights are believed to be before any answer, shape (D,) for two
                classes, (D, n_classes) for more; None = 0.
            start: Last round's head: the same fit, found in fewer steps.

        Raises:
            ValueError: If there are no rows, shapes do not fit, or a number is not finite.
        """
        rows = rows_of(features, "features")
        weight = weights_of(weights, len(rows))
        shares = shares_of(labels, len(rows), self.n_classes)
        mean = self._prior_mean(prior_mean, rows.shape[1])
        fitted = LogisticHead(
            self.n_classes, precision=self.wanted.precision, spread=self.wanted.spread
        )
        problem = labelled(rows, weight, nuisance)
        fitted._fitted = self._fit(problem, shares, mean, start._fitted if start else None)
        return fitted

    @property
    def precision(self) -> float:
        """Return the prior precision of the fit."""
        return self._known().precision

    @property
    def weights(self) -> Floats:
        """Return the weights on the features: shape (D,) for two classes, else (D, n_classes)."""
        return self._known().weights

    @property
    def covariance(self) -> Floats:
        """Return the weights' posterior covariance, shape (D, D); the classes' mean where more."""
        return self._known().covariance

    def logits(self, features: npt.ArrayLike) -> Floats:
        """Return the mode's logits, shape (n, n_classes): for two classes 0 and the log odds."""
        return self._known().logits(features)

    def probabilities(self, features: npt.ArrayLike) -> Floats:
        """Return the posterior mean of each class's chance, shape (n, n_classes).

        Two classes: by quadrature over the logit. C classes: each logit, about their mean, divided
        by ``sqrt(1 + pi/8 k variance)`` (MacKay, 1992) with ``k = 4.5 C^-0.6``: the more classes
        there are, the more the noise of the others averages out. On mixtures of Gaussians the mean
        total variation distance to means over draws is .01 (3 classes) to .08 (150).
        """
        known = self._known()
        if isinstance(known, Softmax):
            return known.probabilities(features)
        return known.predictive(features)[0]

    def information(self, features: npt.ArrayLike) -> Floats:
        """Return what a row's label would tell of the weights (BALD), nats, shape (n,).

        ``H(mean p) - mean H(p)`` (Houlsby et al., 2011), between 0 and ``ln n_classes``. Two
        classes: by quadrature. More: over fixed normal points (64, or more where classes are few),
        the same for every row, so that rows compare.
        """
        known = self._known()
        if isinstance(known, Softmax):
            return known.information(features)
        return known.predictive(features)[1]

    def variance(self, features: npt.ArrayLike) -> Floats:
        """Return the posterior variance of the log odds, shape (n,).

        More than two classes: of the logits about their mean, added up over classes.
        """
        return self._known().variance(features)

    def draws(
        self, features: npt.ArrayLike, n_draws: int, *, rng: np.random.Generator | int = 7
    ) -> Floats:
        """Return the chances under weights drawn from the posterior, (n_draws, n, n_classes)."""
        return self._known().draws(features, n_draws, rng)

    def _prior_mean(self, given: npt.ArrayLike | None, d: int) -> Floats:
        shape = (d,) if self.n_classes == 2 else (d, self.n_classes)
        mean = np.zeros(shape) if given is None else np.asarray(given, dtype=np.float64)
        if mean.shape != shape or not np.isfinite(mean).all():
            raise ValueError(f"prior_mean must be finite and of shape {shape}, not {mean.shape}")
        return mean

    def _fit(
        self, problem: Problem, shares: Floats, mean: Floats, start: object
    ) -> Binary | Softmax:
        if self.n_classes == 2:
            return fit_binary(problem, shares[:, 1], mean, self.wanted, start)
        return fit_softmax(problem, shares, mean, self.wanted, start)

    def _known(self) -> Binary | Softmax:
        if self._fitted is None:
            raise ValueError("the head has learned nothing yet: call fit, and use what it returns")
        return self._fitted
