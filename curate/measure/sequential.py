"""When enough samples of a prompt were taken to know what all of them would say.

In: votes, shape (n_prompts, n): which answer each sample gave, NaN = none yet (or none could be
read), and how many samples are still to come. Out: for each prompt what the full number of
samples is likely to show, and whether that is settled.

**The rule.** A prompt's samples are draws from an urn: the next one repeats an answer that was
given k of n times with probability ``(k - d) / (n + s)``, and is a new answer with probability
``(s + d m) / (n + s)``, m = distinct answers so far (Blackwell and MacQueen, 1973; Pitman and Yor,
1997). Strength s and discount d differ from prompt to prompt; how often each pair of them occurs
is estimated from the samples of all prompts by maximum likelihood (empirical Bayes, Robbins 1956;
Laird 1978), smoothed by `_PSEUDO` prompts spread evenly, and each prompt's own samples then say
which pairs it may have. Its urn is filled up to the full number of samples many times over; the
share of fillings that end with the same decision is its posterior probability. Sampling stops
once that reaches `confidence`.

**The bound.** Let p be that probability when a prompt stops. As p is a martingale under the urn,
the full number of samples contradicts the decision with probability 1 - p, *whenever* and however
often one looks (optional stopping): over the prompts that stop early, the expected share of wrong
decisions is at most ``1 - confidence``. It holds as far as the urn describes the samples, and up
to the Monte Carlo error of p, ``0.5 / sqrt(draws)`` at most. Where no filling can change the
decision, p is 1 whatever the urn.

To stop sampling by a Bayesian posterior was proposed for majorities by Aggarwal et al. (2023,
arXiv 2305.11860) and for semantic entropy by Ciosek et al. (2025, arXiv 2504.03579); here it is
not the value that must be known, but the decision that depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["THIRDS", "Forecast", "forecast_bucket", "forecast_selection"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

THIRDS = (1 / 3, 2 / 3)
"""Low, middle, high: edges between buckets of the normalised entropy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What all samples of each prompt are likely to say; every array has the shape (n_prompts,)."""

    outcome: Ints
    """The likeliest decision, -1 where there is none (no two samples, now or to come)."""
    probability: Floats
    """How likely it is; NaN where there is none."""
    expected: Floats
    """Expected normalised entropy of all samples; NaN where there are no two."""
    settled: npt.NDArray[np.bool_]
    """Whether `probability` has reached the confidence that was asked for."""


def forecast_bucket(
    votes: npt.ArrayLike,
    n_left: npt.ArrayLike,
    *,
    edges: Sequence[float] = THIRDS,
    confidence: float = 0.95,
    draws: int = 2_000,
    seed: int = 7,
) -> Forecast:
    """Return which bucket of entropy each prompt will be in once all samples are taken.

    The entropy is the discrete semantic entropy of the answers, divided by the logarithm of their
    number, so that it lies in [0, 1]; bucket b holds ``edges[b-1] <= entropy < edges[b]``.

    Args:
        votes: Shape (n_prompts, n), NaN = no answer; numbers need to be comparable within a row
            only.
        n_left: How many samples of each prompt were not taken yet, shape (n_prompts,) or one for
            all.
        edges: Rising, between the buckets.
        confidence: Probability at which a prompt is settled.
        draws: How often the rest of the samples is drawn.
        seed: Of the draws; the same arguments give the same result on every machine.

    Raises:
        ValueError: If the shapes do not fit.

    >>> forecast_bucket([[1, 1, 1, 1], [1, 2, 3, 4]], 1).outcome.tolist()
    [0, 2]
    """
    counts, left, place = _states(votes, n_left)
    final = _final(counts, left, np.bincount(place, minlength=len(counts)), draws, seed)
    buckets = np.searchsorted(np.asarray(edges), final, side="right")
    shares = np.stack([(buckets == b).mean(axis=1) for b in range(len(edges) + 1)], axis=1)
    return _forecast(shares, final, confidence, place)


def forecast_selection(
    votes: npt.ArrayLike,
    n_left: npt.ArrayLike,
    *,
    budget: int,
    confidence: float = 0.95,
    draws: int = 2_000,
    seed: int = 7,
) -> Forecast:
    """Return whether each prompt will be among the `budget` of highest entropy.

    The threshold is the entropy of the last prompt that is chosen. It is uncertain too: how many
    prompts will reach an entropy is a sum of independent chances, taken as normal. A decision is
    0: below the threshold, 1: at it, 2: above it; prompts at the threshold are alike, so that
    which of them are chosen does not hang on their samples. A budget for all puts all above.

    Args:
        votes: As for `forecast_bucket`, of *all* prompts, those that are settled included.
        n_left: Likewise.
        budget: How many prompts will be chosen.
        confidence: Probability at which a prompt is settled.
        draws: How often the rest of the samples is drawn.
        seed: Of the draws.

    Raises:
        ValueError: If the shapes do not fit.

    >>> forecast_selection([[1, 1, 1], [1, 2, 3], [1, 1, 1]], 0, budget=1).outcome.tolist()
    [0, 1, 0]
    """
    counts, left, place = _states(votes, n_left)
    times = np.bincount(place, minlength=len(counts))
    final = _final(counts, left, times, draws, seed)
    return _forecast(_sides(final, times, budget), final, confidence, place)


def _states(votes: npt.ArrayLike, n_left: npt.ArrayLike) -> tuple[Ints, Ints, Ints]:
    """Return the distinct states of prompts, and which of them each prompt is in.

    A state is how often each answer was given, falling, and how many samples are left: there
    are few of them however many prompts there are.
    """
    matrix = np.asarray(votes, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"votes have the shape (n_prompts, n), not {matrix.shape}")
    left = np.broadcast_to(np.asarray(n_left, dtype=np.int64), matrix.shape[:1])
    if (left < 0).any():
        raise ValueError("the samples still to come cannot be fewer than none")
    rows = np.column_stack([left, _counts(matrix)])
    states, place = np.unique(rows, axis=0, return_inverse=True)
    return states[:, 1:], states[:, 0], place.reshape(-1)


def _counts(votes: Floats) -> Ints:
    """Return how often each answer was given, falling, 0 where there are no more answers."""
    ordered = np.sort(votes, axis=1)
    there = ~np.isnan(ordered)
    first = there.copy()
    first[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    group = np.cumsum(first, axis=1) - 1
    counts = np.zeros(votes.shape, dtype=np.int64)
    rows = np.broadcast_to(np.arange(len(votes))[:, None], votes.shape)
    np.add.at(counts, (rows[there], group[there]), 1)
    return -np.sort(-counts, axis=1)


_STRENGTHS = tuple(float(s) for s in np.geomspace(0.01, 100, 13))
_DISCOUNTS = (0.0, 0.25, 0.5, 0.75)
_URNS = np.array([(s, d) for d in _DISCOUNTS for s in _STRENGTHS])
_PSEUDO = 4.0
_ROUNDS = 100


def _final(counts: Ints, left: Ints, times: Ints, draws: int, seed: int) -> Floats:
    """Return normalised entropies that all samples may have, shape (n_states, draws)."""
    from curate.measure import _urn_loops as loops

    if len(counts) == 0:
        return np.empty((0, draws))
    most = int(left.max())
    chance = np.random.default_rng(seed).random((draws, 1 + most))
    n = counts.sum(axis=1) + left
    log = np.log(np.maximum(np.arange(int(n.max()) + 1), 1.0))
    final = np.empty((len(counts), draws))
    weight = np.cumsum(_urn_weights(counts, times), axis=1)
    loops.final_entropies(counts, left, _URNS, weight, chance, log, final)
    with np.errstate(invalid="ignore", divide="ignore"):
        final /= log[n][:, None]
    final[n < 2] = np.nan
    return final.round(9)


def _urn_weights(counts: Ints, times: Ints) -> Floats:
    """Return how likely each state's samples come from each urn, shape (n_states, n_urns)."""
    likelihood = _likelihood(counts)
    share = np.full(len(_URNS), 1 / len(_URNS))
    for _ in range(_ROUNDS):
        posterior = likelihood * share
        posterior /= posterior.sum(axis=1, keepdims=True)
        share = times @ posterior + _PSEUDO / len(_URNS)
        share /= share.sum()
    posterior = likelihood * share
    weights: Floats = posterior / posterior.sum(axis=1, keepdims=True)
    return weights


def _likelihood(counts: Ints) -> Floats:
    """Return how likely each urn deals each state, up to a factor of the state.

    ``prod_j<m (s + j d) / prod_t<n (s + t) * prod_i (1-d)(2-d)...(k_i-1-d)``, j and t from 1
    (Pitman, 1995).
    """
    n, kinds = counts.sum(axis=1), (counts > 0).sum(axis=1)
    most = int(n.max(initial=1)) + 1
    steps = np.arange(1, most + 1)
    logs = np.empty((len(counts), len(_URNS)))
    for u, (strength, discount) in enumerate(_URNS):
        new = _running(strength + discount * steps)
        every = _running(strength + steps)
        again = _running(steps - discount)
        before = np.maximum(counts - 1, 0)
        logs[:, u] = new[np.maximum(kinds - 1, 0)] - every[np.maximum(n - 1, 0)]
        logs[:, u] += again[before].sum(axis=1)
    likelihood: Floats = np.exp(logs - logs.max(axis=1, keepdims=True))
    return likelihood


def _running(factors: Floats) -> Floats:
    """Return the logarithm of the product of the first 0, 1, 2, … factors."""
    return np.concatenate([[0.0], np.cumsum(np.log(factors))])


def _sides(final: Floats, times: Ints, budget: int) -> Floats:
    """Return how likely each state ends below, at and above the threshold, (n_states, 3)."""
    if budget >= times.sum():
        return np.tile([0.0, 0.0, 1.0], (len(final), 1))
    ordered = np.sort(np.nan_to_num(final, nan=-1.0), axis=1)
    values = _near_threshold(ordered, times, budget)
    reached = _share_from(ordered, values, "left")
    passed = _share_from(ordered, values, "right")
    chance = _threshold(reached, times, budget)
    above, below = passed @ chance, 1.0 - reached @ chance
    return np.stack([below, 1.0 - below - above, above], axis=1)


def _near_threshold(ordered: Floats, times: Ints, budget: int) -> Floats:
    """Return the entropies that may be the threshold, rising.

    So many prompts as reach an entropy differ from their expected number by no more than
    `_DEVIATIONS` standard deviations, each of which is sqrt(n) / 2 at most.
    """
    values, of = np.unique(ordered, return_inverse=True)
    weight = np.repeat(times / ordered.shape[1], ordered.shape[1])
    reached = np.cumsum(np.bincount(of.reshape(-1), weight)[::-1])[::-1]
    slack = 1.0 + _DEVIATIONS * np.sqrt(times.sum()) / 2
    first = int(np.searchsorted(-reached, -(budget + slack), side="right")) - 1
    last = int(np.searchsorted(-reached, -(budget - slack), side="right"))
    near: Floats = values[max(first, 0) : last + 1]
    return near


_DEVIATIONS = 5.0


def _share_from(ordered: Floats, values: Floats, side: Literal["left", "right"]) -> Floats:
    """Return the share of each state's draws at (left) or above (right) each value or more."""
    below = np.stack([np.searchsorted(row, values, side=side) for row in ordered])
    shares: Floats = 1.0 - below / ordered.shape[1]
    return shares


def _threshold(reached: Floats, times: Ints, budget: int) -> Floats:
    """Return how likely each of the rising values is the entropy of the last prompt chosen."""
    mean = times @ reached
    spread = np.sqrt(times @ (reached * (1.0 - reached)))
    over = (mean + 0.5 - budget) / np.maximum(spread, 1e-9)
    at_least = np.array([0.5 * (1.0 + erf(z / sqrt(2.0))) for z in over])
    at_least = np.minimum.accumulate(np.concatenate([[1.0], at_least[1:]]))
    chance: Floats = at_least - np.append(at_least[1:], 0.0)
    return chance


def _forecast(shares: Floats, final: Floats, confidence: float, place: Ints) -> Forecast:
    """Return the likeliest decision of each prompt, by the shares of its state's decisions."""
    known = ~np.isnan(final).any(axis=1)
    outcome = np.where(known, shares.argmax(axis=1), -1)
    probability = np.where(known, shares.max(axis=1), np.nan)
    expected = np.where(known, final.mean(axis=1), np.nan)
    settled = probability >= confidence - 1e-12
    return Forecast(
        outcome=outcome[place],
        probability=probability[place],
        expected=expected[place],
        settled=settled[place],
    )
