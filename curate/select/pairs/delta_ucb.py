"""Pairs of the largest gap that may still be, both answers being worth training on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.pairs.gaps import compared, two_columns
from curate.select.pairs.rules import ranked
from curate.select.pool import Answers
from curate.select.strategies import Offer, Picker
from curate.select.uncertainty import uncertainty

__all__ = ["delta_ucb", "not_for_dpo", "optimistic_gap", "picker"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FLOOR = 0.5
"""Quantile of all rewards that the better answer must reach."""
OUTLIER = 2.0
"""Standard deviations below the mean of all rewards beyond which an answer is no good loser."""


def delta_ucb(
    answers: Answers,
    pairs: npt.ArrayLike,
    k: int,
    *,
    beta: float = 1.0,
    floor: float = FLOOR,
    outlier: float = OUTLIER,
    covered: npt.ArrayLike | None = None,
) -> Ints:
    """Pick the `k` pairs of the largest optimistic gap, both answers being worth training on.

    ``max(U_a - L_b, U_b - L_a)`` with U, L = reward ± `beta` standard deviations (DeltaUCB, the
    best rule of ActiveUltraFeedback). The better answer must reach the `floor` quantile of all
    rewards, since the quality of the chosen decides what DPO learns (arXiv 2508.18312); the worse
    one may not lie `outlier` standard deviations below their mean, since best against worst
    degrades (2502.16825). No guarantee.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        beta: Width of the bounds.
        floor: Quantile of all rewards, 0 = no floor.
        outlier: Standard deviations, inf = no limit.
        covered: Rows of `pairs` that are not picked.

    Returns:
        Rows of `pairs` in the order of picking; ties: lowest index. Cost: one sort.
    """
    values = optimistic_gap(answers, pairs, beta=beta)
    values[list(not_for_dpo(answers, pairs, floor=floor, outlier=outlier))] = np.nan
    return uncertainty(
        values, k, covered=None if covered is None else np.asarray(covered, np.int64)
    )


def optimistic_gap(answers: Answers, pairs: npt.ArrayLike, *, beta: float = 1.0) -> Floats:
    """Return the largest gap within the bounds of both rewards, shape (n_pairs,)."""
    a, b = two_columns(pairs).T
    gap = np.abs(answers.reward[a] - answers.reward[b])
    return np.asarray(gap + beta * (answers.reward_sd[a] + answers.reward_sd[b]), np.float64)


def not_for_dpo(
    answers: Answers, pairs: npt.ArrayLike, *, floor: float = FLOOR, outlier: float = OUTLIER
) -> dict[int, str]:
    """Return the pairs that DPO should not be trained on: reason.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        floor: Quantile of all rewards that the better answer must reach.
        outlier: Standard deviations below their mean that the worse one may lie.
    """
    rows = two_columns(pairs)
    known = answers.reward[~np.isnan(answers.reward)]
    if not len(known) or not len(rows):
        return {}
    least = float(np.quantile(known, floor))
    lowest = float(known.mean() - outlier * known.std())
    best, worst = answers.reward[rows].max(axis=1), answers.reward[rows].min(axis=1)
    low = f"its better answer's reward is below {least:.2f}, the {floor:g} quantile of all"
    out = f"its worse answer's reward is below {lowest:.2f}, {outlier:g} sd under the mean of all"
    reasons = dict.fromkeys(np.flatnonzero(worst < lowest - _ROUNDING).tolist(), out)
    return reasons | dict.fromkeys(np.flatnonzero(best < least - _ROUNDING).tolist(), low)


_ROUNDING = 1e-9


def picker(offer: Offer) -> Picker:
    """Offer pairs by their optimistic gap.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    answers, pairs = compared(offer, "delta_ucb")
    values = optimistic_gap(answers, pairs)
    return ranked(offer, values, "optimistic gap", open_only(offer, not_for_dpo(answers, pairs)))


def open_only(offer: Offer, reasons: dict[int, str]) -> dict[int, str]:
    """Return the reasons of rows on offer alone."""
    return {row: reason for row, reason in reasons.items() if offer.open[row]}
