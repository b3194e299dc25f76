"""Which of two answers people prefer, and how sure that is: rewards learned from comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.learn._gaussian import Gaussian
from curate.learn._inputs import rows_of, shares_of, weights_of
from curate.learn._likelihoods import Bernoulli, Davidson, davidson, sigmoid
from curate.learn._newton import Mode, maximise
from curate.learn._problem import Problem, compared
from curate.learn._quadrature import expected

__all__ = ["BradleyTerryHead"]

Floats = npt.NDArray[np.float64]
SPREAD = 3.0
"""Guess of the standard deviation of the gaps between two answers, before any is compared."""
LOG_TIE = np.array([-1.0, 0.25])
"""Prior mean and precision of the log tie parameter: even answers tie in 16 of 100 cases."""


class BradleyTerryHead:
    """Bayesian Bradley-Terry regression, with Davidson's ties, and a Laplace posterior.

    ``P(a) : P(b) : P(tie) = e^(gap/2) : e^(-gap/2) : nu`` with ``gap = (a - b) w`` (Bradley and
    Terry, 1952; Davidson, 1970). A Gaussian prior on the weights, its precision by evidence where
    None is given; the mode by Newton's method, in the dual where comparisons are fewer than
    columns. There is no bias: swapping the answers and the votes changes nothing. What votes follow
    beside quality (length, position) goes into `nuisance`: it is fitted beside, and predictions
    are for answers that are even in it.

    A head does not change once fitted: `fit` returns another.

    Args:
        precision: Of the prior on the weights; None = by evidence.
        ties: Whether a tie is an outcome of its own; else it is half a vote for each.

    >>> head = BradleyTerryHead().fit([[1.0], [0.0]] * 3, [[0.0], [1.0]] * 3, [1, 0] * 3)
    >>> bool(np.diff(head.rewards([[0.0], [1.0]]))[0] > 0)
    True
    """

    __slots__ = ("_fitted", "ties", "wanted")

    def __init__(self, *, precision: float | None = None, ties: bool = True) -> None:
        if precision is not None and not 0 < precision < np.inf:
            raise ValueError(f"precision must be above 0, not {precision}")
        self.wanted = precision
        self.ties = ties
        self._fitted: _Fitted | None = None

    def fit(
        self,
        a: npt.ArrayLike,
        b: npt.ArrayLike,
        outcomes: npt.ArrayLike,
        *,
        weights: npt.ArrayLike | None = None,
        nuisance: npt.ArrayLike | None = None,
        start: BradleyTerryHead | None = None,
    ) -> BradleyTerryHead:
        """Return a head fitted to these comparisons.

        Args:
            a: Features of the first answers, shape (n, D).
            b: Features of the second answers, shape (n, D).
            outcomes: 1 = a preferred, 0 = b, .5 = tie, shape (n,); or vote shares of a, b and tie
                that add up to 1, shape (n, 3). Without ties other shares for a are read too.
            weights: How much each comparison counts, shape (n,), e.g. its number of votes.
            nuisance: What else votes may follow, as a minus b, shape (n, Q): the difference of log
                lengths; +1 where a was shown first, -1 where b was.
            start: Last round's head: the same fit, found in fewer steps.

        Raises:
            ValueError: If there are no rows, shapes do not fit, or a number is not finite.
        """
        first, second = rows_of(a, "a"), rows_of(b, "b")
        if first.shape != second.shape:
            raise ValueError(f"a is of shape {first.shape}, but b of {second.shape}")
        weight = weights_of(weights, len(first))
        shares = _shares(outcomes, len(first), self.ties)
        problem = compared(first - second, weight, nuisance)
        mode = self._mode(problem, shares, start._fitted if start else None)
        fitted = BradleyTerryHead(precision=self.wanted, ties=self.ties)
        fitted._fitted = _posterior(problem, mode, weight @ (first + second), self.ties)
        return fitted

    @property
    def precision(self) -> float:
        """Return the prior precision of the fit."""
        return self._known().posterior.precision

    @property
    def weights(self) -> Floats:
        """Return the weights on the features, shape (D,)."""
        return self._known().posterior.weights

    @property
    def covariance(self) -> Floats:
        """Return the weights' posterior covariance, shape (D, D)."""
        return self._known().posterior.covariance

    @property
    def nuisance_weights(self) -> Floats:
        """Return the weights on the nuisance columns, each scaled to unit mean square."""
        return self._known().nuisance

    @property
    def tie(self) -> float:
        """Return Davidson's nu: even answers tie with the chance nu / (2 + nu); 0 without ties."""
        return float(np.exp(self._known().log_tie))

    def rewards(self, features: npt.ArrayLike) -> Floats:
        """Return the rewards, against the mean of all answers compared, shape (n,)."""
        known = self._known()
        return known.posterior.mean(features, origin=known.origin)

    def reward_sd(self, features: npt.ArrayLike) -> Floats:
        """Return the posterior standard deviations of `rewards`, shape (n,)."""
        known = self._known()
        return np.sqrt(known.posterior.variance(features, origin=known.origin))

    def probabilities(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
        """Return the posterior mean chances of a, b and (with ties) tie, shape (n, 3 or 2)."""
        return self._predictive(a, b)[0]

    def information(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
        """Return what each comparison would tell of the weights (BALD), nats, shape (n,)."""
        return self._predictive(a, b)[1]

    def draws(
        self, features: npt.ArrayLike, n_draws: int, *, rng: np.random.Generator | int = 7
    ) -> Floats:
        """Return rewards under weights drawn from the posterior, shape (n_draws, n)."""
        known = self._known()
        rows = np.asarray(features, dtype=np.float64) - known.origin
        return np.asarray(known.posterior.draws(n_draws, rng)[0] @ rows.T)

    def _mode(self, problem: Problem, shares: Floats, start: _Fitted | None) -> Mode:
        zero = np.zeros(len(problem.frame.centre))
        prior = problem.prior(
            zero, self.wanted, spread=SPREAD, extra=LOG_TIE if self.ties else None
        )
        theta = prior.mean.copy()
        if start is not None and start.posterior.weights.shape == zero.shape:
            theta[: problem.n_shown] = problem.frame.turned(start.posterior.weights)
            if self.wanted is None:
                prior = prior.moved(np.log(start.posterior.precision) - prior.log_precision)
        design, weights = problem.design, problem.weights
        if self.ties:
            ties = Davidson(design=design, shares=shares, weights=weights)
            return maximise(ties, prior, theta, learned=self.wanted is None)
        plain = Bernoulli(design=design, share=shares[:, 0], weights=weights)
        return maximise(plain, prior, theta, learned=self.wanted is None)

    def _predictive(self, a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Floats, Floats]:
        known = self._known()
        gaps = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
        mean, sd = known.posterior.mean(gaps), np.sqrt(known.posterior.variance(gaps))
        return expected(mean, sd, known.chances)

    def _known(self) -> _Fitted:
        if self._fitted is None:
            raise ValueError("the head has learned nothing yet: call fit, and use what it returns")
        return self._fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    posterior: Gaussian
    origin: Floats
    """Mean features of all answers compared."""
    nuisance: Floats
    log_tie: float
    """-inf where ties are no outcome."""

    def chances(self, gap: Floats) -> Floats:
        if np.isfinite(self.log_tie):
            return davidson(gap, self.log_tie)
        return np.stack([sigmoid(gap), sigmoid(-gap)], axis=-1)


def _shares(outcomes: npt.ArrayLike, n: int, ties: bool) -> Floats:
    """Return the shares of a, b and tie; without ties, of a and b."""
    given = np.asarray(outcomes, dtype=np.float64)
    if given.shape == (n,):
        return _read(given, ties)
    shares = shares_of(given, n, 3)
    return shares if ties else shares[:, :2] + shares[:, 2:] / 2


def _read(outcomes: Floats, ties: bool) -> Floats:
    if not ties and not ((outcomes >= 0) & (outcomes <= 1)).all():
        raise ValueError("outcomes must be between 0 and 1: the share of votes for a")
    if not ties:
        return np.stack([outcomes, 1 - outcomes], axis=1)
    known = np.isin(outcomes, (0.0, 0.5, 1.0))
    if not known.all():
        row = int(np.argmin(known))
        raise ValueError(
            f"outcomes: row {row} is {outcomes[row]:g}; 1 = a, 0 = b, .5 = tie; "
            "give vote shares of a, b and tie as (n, 3); leave out rows that nobody answered"
        )
    return np.stack([outcomes == 1, outcomes == 0, outcomes == 0.5], axis=1).astype(np.float64)


def _posterior(problem: Problem, mode: Mode, total: Floats, ties: bool) -> _Fitted:
    r, end = problem.frame.size, problem.design.shape[1]
    posterior = Gaussian(
        frame=problem.frame,
        weights=problem.frame.back(mode.theta[:r], np.zeros(len(total))),
        bias=None,
        inside=mode.covariance[:r, :r],
        precision=mode.prior.shared,
    )
    return _Fitted(
        posterior=posterior,
        origin=total / (2 * problem.weights.sum()),
        nuisance=mode.theta[r:end],
        log_tie=float(mode.theta[end]) if ties else -np.inf,
    )
