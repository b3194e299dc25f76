"""Pairs by draws from the posterior."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.pairs.delta_ucb import FLOOR, OUTLIER, not_for_dpo, open_only
from curate.select.pairs.gaps import compared, two_columns, whitened
from curate.select.pairs.rules import ranked
from curate.select.pool import Answers
from curate.select.strategies import Offer, Picker
from curate.select.uncertainty import uncertainty

__all__ = ["double_thompson", "drawn_rewards", "drts", "drts_picker", "dts_picker"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DRAWS = 32
"""How often double Thompson sampling draws for a pair of two different answers."""


def drts(
    answers: Answers,
    pairs: npt.ArrayLike,
    k: int,
    *,
    floor: float = FLOOR,
    outlier: float = OUTLIER,
    covered: npt.ArrayLike | None = None,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick `k` pairs, one answer the best by a draw, the other the worst by another.

    Double reversed Thompson sampling (ActiveUltraFeedback): of each prompt's pairs the one of the
    best answer of a draw of the posterior and the worst of a second draw comes first; prompts by
    the drawn gap. Explores where `delta_ucb` would take the same pairs again; with its floor and
    its limit. No guarantee.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        floor: See `delta_ucb`.
        outlier: See `delta_ucb`.
        covered: Rows of `pairs` that are not picked.
        rng: Draws the rewards.

    Returns:
        Rows of `pairs` in the order of picking. Cost: two draws and a sort.
    """
    values = _drawn_gap(answers, two_columns(pairs), np.random.default_rng(rng))
    values[list(not_for_dpo(answers, pairs, floor=floor, outlier=outlier))] = np.nan
    return uncertainty(values, k, covered=_rows(covered))


def double_thompson(
    answers: Answers,
    pairs: npt.ArrayLike,
    k: int,
    *,
    prompts: npt.ArrayLike | None = None,
    covered: npt.ArrayLike | None = None,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick `k` pairs, one answer the best of its prompt by a draw, the other the best by another.

    Double Thompson sampling for duelling bandits (Wu and Liu, 2016): finds the best answer of each
    prompt, which is not what a reward model learns most from. Draws again, up to `DRAWS` times,
    until both differ; pairs that no draw names come last, by lot.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        prompts: Number of each pair's prompt; None = each pair stands for itself.
        covered: Rows of `pairs` that are not picked.
        rng: Draws the rewards.

    Returns:
        Rows of `pairs` in the order of picking. Cost: `DRAWS` double draws at most, and a sort.
    """
    rows = two_columns(pairs)
    groups = np.arange(len(rows)) if prompts is None else np.asarray(prompts, np.int64)
    values = _named_early(answers, rows, groups, np.random.default_rng(rng))
    return uncertainty(values, k, covered=_rows(covered))


def drawn_rewards(answers: Answers, rng: np.random.Generator) -> Floats:
    """Return the rewards under weights drawn from the posterior, shape (n_answers,).

    Without a covariance each reward is drawn by itself.
    """
    if answers.covariance is None:
        return np.asarray(answers.reward + answers.reward_sd * rng.normal(size=len(answers.reward)))
    points = whitened(answers)
    middle = points.mean(axis=0) if len(points) else 0.0
    return np.asarray(answers.reward + (points - middle) @ rng.normal(size=points.shape[1]))


def drts_picker(offer: Offer) -> Picker:
    """Offer pairs by the gap between a draw's best and another's worst.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    answers, pairs = compared(offer, "drts")
    values = _drawn_gap(answers, pairs, offer.rng)
    return ranked(offer, values, "drawn gap", open_only(offer, not_for_dpo(answers, pairs)))


def dts_picker(offer: Offer) -> Picker:
    """Offer pairs of answers that two draws find best.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    answers, pairs = compared(offer, "double_thompson")
    identity = offer.pool.identity
    groups = np.arange(len(pairs)) if identity is None else identity
    return ranked(offer, _named_early(answers, pairs, groups, offer.rng), "lot of the draws")


def _rows(rows: npt.ArrayLike | None) -> Ints | None:
    return None if rows is None else np.asarray(rows, np.int64)


def _drawn_gap(answers: Answers, pairs: Ints, rng: np.random.Generator) -> Floats:
    high, low = drawn_rewards(answers, rng), drawn_rewards(answers, rng)
    a, b = pairs.T
    return np.asarray(np.maximum(high[a] - low[b], high[b] - low[a]))


def _named_early(answers: Answers, pairs: Ints, groups: Ints, rng: np.random.Generator) -> Floats:
    """Return lots, the higher the earlier a double draw named the pair."""
    values = rng.random(len(pairs))
    named = np.zeros(len(pairs), bool)
    numbers, codes = np.unique(groups, return_inverse=True)
    for turn in range(DRAWS):
        first = _best(drawn_rewards(answers, rng), pairs, codes, len(numbers))
        second = _best(drawn_rewards(answers, rng), pairs, codes, len(numbers))
        now = ((first[:, 0] & second[:, 1]) | (first[:, 1] & second[:, 0])) & ~named
        values[now] += DRAWS - turn
        named |= now
    return np.where(np.isnan(answers.reward[pairs]).any(axis=1), np.nan, values)


def _best(rewards: Floats, pairs: Ints, codes: Ints, n_groups: int) -> npt.NDArray[np.bool_]:
    """Return which sides are the best answer of their group, shape (n_pairs, 2)."""
    drawn = rewards[pairs]
    best = np.full(n_groups, -np.inf)
    np.fmax.at(best, codes, np.fmax(drawn[:, 0], drawn[:, 1]))
    return np.asarray(drawn == best[codes][:, None])
