"""Pairs by a number each: no pair looks at the others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from curate.select.pairs.cold import cold, nothing_known
from curate.select.pairs.design import in_words
from curate.select.pairs.gaps import Gaps, chance, compared, gaps, two_columns
from curate.select.pool import Answers
from curate.select.strategies import Offer, Picker
from curate.select.uncertainty import uncertainty

__all__ = [
    "Ranked",
    "confident_gap",
    "confident_picker",
    "infomax",
    "infomax_picker",
    "infomax_span",
    "moderate_gap",
    "moderate_picker",
    "ranked",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_CHANCE = 0.55
MOST_CHANCE = 0.8
"""A moderate gap: the chance of the likelier side lies between these."""


def infomax(
    answers: Answers,
    pairs: npt.ArrayLike,
    k: int,
    *,
    beta: float = 1.0,
    covered: npt.ArrayLike | None = None,
) -> Ints:
    """Pick the `k` pairs whose outcome the bounds of both rewards leave most open.

    ``s(U_a - L_b) - s(L_a - U_b)`` with U, L = reward ± `beta` standard deviations (the InfoMax
    rule of online preference learning). Each pair is taken by itself. Use it where there is no
    covariance, only a mean and a standard deviation of each answer. No guarantee.

    Args:
        answers: What is known of the completions; their features are not looked at.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        beta: Width of the bounds.
        covered: Rows of `pairs` that are not picked.

    Returns:
        Rows of `pairs` in the order of picking; ties: lowest index. Cost: one sort.
    """
    return uncertainty(infomax_span(answers, pairs, beta=beta), k, covered=_rows(covered))


def infomax_span(answers: Answers, pairs: npt.ArrayLike, *, beta: float = 1.0) -> Floats:
    """Return the span of chances that the bounds of both rewards leave, shape (n_pairs,).

    The same for (a, b) and (b, a): s(x) - s(-y) = s(y) - s(-x).
    """
    a, b = two_columns(pairs).T
    gap = answers.reward[a] - answers.reward[b]
    reach = beta * (answers.reward_sd[a] + answers.reward_sd[b])
    return np.asarray(_logistic(gap + reach) + _logistic(reach - gap) - 1)


def confident_gap(
    answers: Answers, pairs: npt.ArrayLike, k: int, *, covered: npt.ArrayLike | None = None
) -> Ints:
    """Pick the `k` pairs whose order is predicted with the largest gap.

    Active preference learning (Muldrew et al., 2024) asks these, because a label that contradicts a
    sure prediction changes the model most. It tells little where the predictions are right.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        covered: Rows of `pairs` that are not picked.

    Returns:
        Rows of `pairs` in the order of picking; ties: lowest index. Cost: one sort.
    """
    return uncertainty(np.abs(gaps(answers, pairs).mean), k, covered=_rows(covered))


def moderate_gap(
    answers: Answers,
    pairs: npt.ArrayLike,
    k: int,
    *,
    covered: npt.ArrayLike | None = None,
    least: float = LEAST_CHANCE,
    most: float = MOST_CHANCE,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick `k` pairs by lot among those that one side may, but need not, win.

    Neither near-ties, whose labels are noise, nor what is settled (2502.04354 finds such gaps best
    for reward models, with exploration beside them). Pairs outside of the window come after.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        covered: Rows of `pairs` that are not picked.
        least: Least chance of the likelier side.
        most: Its largest.
        rng: Draws the lots.

    Returns:
        Rows of `pairs` in the order of picking. Cost: one sort.
    """
    order = _moderate(gaps(answers, pairs), least, most, np.random.default_rng(rng))
    return uncertainty(order, k, covered=_rows(covered))


def infomax_picker(offer: Offer) -> Picker:
    """Offer pairs by the span of chances that the bounds leave.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    answers, pairs = compared(offer, "infomax")
    return ranked(offer, infomax_span(answers, pairs), "span of chances")


def confident_picker(offer: Offer) -> Picker:
    """Offer pairs by their predicted gap.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    found = gaps(*compared(offer, "confident_gap"))
    return ranked(offer, np.abs(found.mean), "predicted gap")


def moderate_picker(offer: Offer) -> Picker:
    """Offer pairs of a moderate gap by lot.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    found = gaps(*compared(offer, "moderate_gap"))
    return ranked(offer, _moderate(found, LEAST_CHANCE, MOST_CHANCE, offer.rng), "lot")


def _moderate(found: Gaps, least: float, most: float, rng: np.random.Generator) -> Floats:
    """Return lots: above 1 inside of the window."""
    likelier = chance(np.abs(found.mean), found.variance)
    inside = (likelier >= least) & (likelier <= most)
    lots = inside + rng.random(len(likelier))
    return np.where(np.isnan(likelier), np.nan, lots)


def _rows(rows: npt.ArrayLike | None) -> Ints | None:
    return None if rows is None else np.asarray(rows, np.int64)


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def ranked(
    offer: Offer, values: Floats, name: str, refused: Mapping[int, str] | None = None
) -> Picker:
    """Offer pairs by a number each, or by the cold start while no reward is known at all.

    Args:
        offer: What a strategy may look at.
        values: Higher = earlier, shape (n_pairs,); NaN = never.
        name: What the number is.
        refused: Pairs that are never offered: reason.
    """
    answers, _ = compared(offer, name)
    if nothing_known(answers):
        return cold(offer)
    return Ranked(offer, values, name, refused)


class Ranked:
    """Offers pairs by a number each.

    Args:
        offer: What a strategy may look at.
        values: Higher = earlier, shape (n_pairs,).
        name: What the number is.
        refused: Pairs that are never offered: reason.
    """

    def __init__(
        self, offer: Offer, values: Floats, name: str, refused: Mapping[int, str] | None = None
    ) -> None:
        unknown = np.flatnonzero(offer.open & np.isnan(values)).tolist()
        self.refused = dict.fromkeys(unknown, _UNKNOWN) | dict(refused or {})
        self._belief = gaps(*compared(offer, name))
        self._values, self._name = values, name
        self._open = offer.open.copy()
        self._open[list(self.refused)] = False
        self._order = np.argsort(-values, kind="stable").tolist()
        self._next = 0

    def offer(self) -> int:
        """Return the open pair of the highest number, or -1."""
        while self._next < len(self._order) and not self._open[self._order[self._next]]:
            self._next += 1
        return self._order[self._next] if self._next < len(self._order) else -1

    def take(self, row: int) -> str:
        """Close a pair and say what is believed of it."""
        self._open[row] = False
        one = slice(row, row + 1)
        belief = Gaps(mean=self._belief.mean[one], variance=self._belief.variance[one])
        return f"{in_words(belief)}; {self._name} {self._values[row]:.3f}"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._open[rows] = False


_UNKNOWN = "an answer of it has no reward to go by"
