"""What the posterior says of the gap between two rewards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError
from curate.select.pool import Answers
from curate.select.strategies import Offer

__all__ = ["Gaps", "chance", "compared", "expected_noise", "gaps", "information", "whitened"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Reward of a less reward of b, as it is believed of each pair."""

    mean: Floats
    """Logits, shape (n_pairs,)."""
    variance: Floats
    """Of the belief, shape (n_pairs,)."""


def gaps(answers: Answers, pairs: npt.ArrayLike) -> Gaps:
    """Return mean and variance of each pair's gap.

    The variance is ``(x_a - x_b)' S (x_a - x_b)`` with the weights' covariance S, so that two
    answers that look alike have no gap to learn, however unsure both rewards are. Without a
    covariance (at a cold start) the variances of both rewards are added.

    Args:
        answers: What is known of the completions.
        pairs: The completions of each pair as rows of `answers`, shape (n_pairs, 2).

    >>> known = Answers(features=np.eye(2, dtype="f4"), reward=np.array([1.0, 0.5]),
    ...     reward_sd=np.ones(2), length=np.ones(2), covariance=np.diag([1.0, 4.0]))
    >>> found = gaps(known, [[0, 1]])
    >>> found.mean.tolist(), found.variance.tolist()
    ([0.5], [5.0])
    """
    rows = two_columns(pairs)
    a, b = rows.T
    mean = np.asarray(answers.reward[a] - answers.reward[b], np.float64)
    if answers.covariance is None:
        return Gaps(mean=mean, variance=answers.reward_sd[a] ** 2 + answers.reward_sd[b] ** 2)
    return Gaps(mean=mean, variance=squared_distances(whitened(answers), rows))


def two_columns(pairs: npt.ArrayLike) -> Ints:
    """Return pairs as an array of shape (n_pairs, 2)."""
    return np.asarray(pairs, np.int64).reshape(-1, 2)


MOST_BYTES = 256_000_000
"""Answers that take more are held in single precision."""


def whitened(answers: Answers, *, most_bytes: int = MOST_BYTES) -> Floats:
    """Return the features in axes in which the weights' covariance is the identity.

    Cold, the weights' prior is taken so wide that a reward has variance 1 on average.

    Args:
        answers: What is known of the completions.
        most_bytes: Where float64 would take more, it is float32.

    Returns:
        Shape (n_answers, n_features).
    """
    dtype = np.float64 if answers.features.size * 8 <= most_bytes else np.float32
    features: Floats = np.asarray(answers.features, dtype)
    if answers.covariance is None:
        spread = float(np.var(features, axis=0, dtype=np.float64).sum()) if len(features) else 0
        return np.asarray(features / np.sqrt(spread if spread > 0 else 1), dtype)
    values, axes = np.linalg.eigh(np.asarray(answers.covariance, np.float64))
    root = axes * np.sqrt(np.maximum(values, 0))
    return np.asarray(features @ root.astype(dtype), dtype)


def squared_distances(points: Floats, pairs: Ints) -> Floats:
    """Return the squared distance of both points of each pair, in blocks, shape (n_pairs,)."""
    found = np.empty(len(pairs), np.float64)
    for span in blocks(len(pairs), points.shape[1]):
        a, b = pairs[span].T
        difference = points[a] - points[b]
        found[span] = np.einsum("ij,ij->i", difference, difference)
    return found


def blocks(n: int, width: int) -> Iterator[slice]:
    """Return slices of `n` rows of `width` numbers that take about 32 MB each."""
    size = max(1, 4_000_000 // max(1, width))
    return (slice(start, start + size) for start in range(0, n, size))


def chance(mean: Floats, variance: Floats) -> Floats:
    """Return the chance that a is preferred, the mean over the belief (MacKay, 1992).

    >>> chance(np.array([0.0, 1.0]), np.array([1.0, 0.0])).round(6).tolist()
    [0.5, 0.731059]
    """
    return 1 / (1 + np.exp(-_shrunk(variance) * mean))


def expected_noise(mean: Floats, variance: Floats) -> Floats:
    """Return p (1 - p) of a comparison, expected over the belief.

    The derivative of `chance` by the mean, which is what E[s'(z)] is: what a comparison weighs in
    the precision of the weights.

    >>> expected_noise(np.array([0.0, -2.0]), np.array([0.0, 0.0])).round(6).tolist()
    [0.25, 0.104994]
    """
    shrunk = _shrunk(variance)
    p = 1 / (1 + np.exp(-shrunk * np.abs(mean)))
    return np.asarray(shrunk * p * (1 - p))


def _shrunk(variance: Floats) -> Floats:
    return 1 / np.sqrt(1 + math.pi / 8 * np.maximum(variance, 0))


def information(mean: Floats, variance: Floats) -> Floats:
    """Return what the label of a pair tells of the weights, nats (BALD, Houlsby et al., 2011).

    ``H(E p) - E H(p)`` with the logistic taken as a probit and H(probit) as a Gaussian bump, both
    of which make it closed: within .02 nats of quadrature.
    """
    from scipy.special import ndtr

    z, spread = mean * math.sqrt(math.pi / 8), math.pi / 8 * np.maximum(variance, 0)
    bump = math.pi * math.log(2) / 2
    p = ndtr(np.abs(z) / np.sqrt(1 + spread))
    inner = math.sqrt(bump) / np.sqrt(spread + bump) * np.exp(-(z**2) / (2 * (spread + bump)))
    return np.asarray(np.maximum(_entropy(p) - math.log(2) * inner, 0))


def _entropy(p: Floats) -> Floats:
    inside = np.clip(p, _TINY, 1 - _TINY)
    return np.asarray(-inside * np.log(inside) - (1 - inside) * np.log1p(-inside))


_TINY = 1e-15


def compared(offer: Offer, strategy: str) -> tuple[Answers, Ints]:
    """Return the answers and pairs on offer.

    Args:
        offer: What a strategy may look at.
        strategy: The strategy's name, for the message.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    if offer.pool.pairs is None or offer.pool.answers is None:
        raise ConfigError(
            f"`select.strategy: {strategy}` chooses which two answers to compare, and has to know "
            "the two answers of each row: set `project.task: rank` with `push.ranking: pairs`, or "
            "choose another strategy (hybrid, uncertainty)"
        )
    return offer.pool.answers, two_columns(offer.pool.pairs)
