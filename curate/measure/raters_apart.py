"""Which of many raters is unlike the others: counts, shrunk to what raters are like.

In: hits and trials of each rater. Out: shrunken rates, and how surprising each is beside the
others. Raters differ among themselves; only one who differs more than they do stands out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["RatersApart", "raters_apart"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatersApart:
    """Each rater beside the others; all of shape (n_raters,)."""

    rate: Floats
    """Hits over trials; NaN without trials."""
    shrunk: Floats
    """The posterior mean: few trials are drawn to what raters do, this one among them."""
    others: Floats
    """Mean rate of the others, each trial counting once."""
    p_value: Floats
    """How often a rater who is like the others is as far out, both sides; not corrected."""
    spread: Floats
    """Standard deviation of the others' true rates."""


def raters_apart(hits: npt.ArrayLike, trials: npt.ArrayLike) -> RatersApart:
    """Hold each rater against a beta-binomial model of all the others.

    The others' mean and overdispersion come from moments (Kleinman, 1973; empirical Bayes), leaving
    the rater in question out, so that one who is far out does not widen what counts as usual.
    The p-value is twice the smaller tail of the predictive distribution, the count met included
    by half (mid-p).

    Args:
        hits: Shape (n_raters,).
        trials: Shape (n_raters,).

    Returns:
        NaN for raters without trials, or with nobody beside them.

    >>> apart = raters_apart([52, 48, 50, 95], [100, 100, 100, 100])
    >>> (apart.p_value < 0.001).tolist()
    [False, False, False, True]
    """
    k, n = np.asarray(hits, np.float64), np.asarray(trials, np.float64)
    mean, rho = _moments(k, n, leave_out=True)
    middle, overall = _moments(k, n, leave_out=False)
    strength, firm = _strength(rho), _strength(overall)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = k / n
        shrunk = (k + firm * middle) / (n + firm)
    known = (n > 0) & np.isfinite(mean)
    p = np.where(known, _two_sided(k, n, mean, strength), np.nan)
    return RatersApart(
        rate=rate,
        shrunk=np.where(known, shrunk, np.nan),
        others=mean,
        p_value=p,
        spread=np.sqrt(mean * (1 - mean) * rho),
    )


_EXACT = 1e6
"""Strength of a prior without overdispersion."""


def _strength(rho: Floats) -> Floats:
    """Return how many trials a beta prior of an intra-class correlation is worth."""
    with np.errstate(divide="ignore"):
        strength: Floats = np.where(rho > 0, 1 / rho - 1, _EXACT)
    return strength


def _moments(k: Floats, n: Floats, *, leave_out: bool) -> tuple[Floats, Floats]:
    """Return mean and overdispersion (intra-class correlation) of all, or of all but each rater.

    S = sum n (p - mean)^2 has the expectation
    mean (1 - mean) [(J - 1) + rho (N - sum n^2 / N - (J - 1))], J raters with N trials.
    """

    def over(values: Floats) -> Floats:
        sums: Floats = values.sum() - (values if leave_out else 0.0 * values)
        return sums

    with np.errstate(invalid="ignore", divide="ignore"):
        total, count = over(n), over((n > 0).astype(np.float64))
        mean = over(k) / total
        even = mean * (1 - mean)
        scatter = over(np.where(n > 0, k * k / np.where(n > 0, n, 1.0), 0.0)) - total * mean * mean
        free = total - over(n * n) / total - (count - 1)
        rho = (scatter - even * (count - 1)) / (even * free)
    rho = np.where((count > 1) & np.isfinite(rho), np.clip(rho, 0.0, _MOST), 0.0)
    return mean, rho


_MOST = 0.99


def _two_sided(k: Floats, n: Floats, mean: Floats, strength: Floats) -> Floats:
    from scipy.stats import betabinom

    inside = np.clip(np.nan_to_num(mean, nan=0.5), 1e-9, 1 - 1e-9)
    law = betabinom(n.astype(np.int64), inside * strength, (1 - inside) * strength)
    met = law.pmf(k) / 2
    tails = np.minimum(law.cdf(k) - met, law.sf(k) + met)
    return np.asarray(np.clip(2 * tails, 0.0, 1.0), np.float64)
