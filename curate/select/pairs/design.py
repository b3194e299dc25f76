"""Pairs that together teach the weights of a reward most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from curate.select.pairs.gaps import (
    Gaps,
    chance,
    compared,
    expected_noise,
    gaps,
    information,
    squared_distances,
    two_columns,
    whitened,
)
from curate.select.pool import Answers
from curate.select.strategies import Offer

__all__ = [
    "Design",
    "bald_picker",
    "batch_bald",
    "d_optimal",
    "log_det_gains",
    "picker",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Gain = Callable[[Floats, Floats, Floats], Floats]


def d_optimal(
    answers: Answers, pairs: npt.ArrayLike, k: int, *, covered: npt.ArrayLike | None = None
) -> Ints:
    """Pick the `k` pairs that make the posterior of the reward's weights narrowest.

    Greedy maximisation of ``log det(V + sum w d d')``, d = x_a - x_b and w = p (1 - p) expected
    over the posterior (D-optimal design; for preferences Mukherjee et al., 2024; Kveton et al.,
    2025): the value reached is at least 1 - 1/e of the best possible. V starts from the posterior's
    precision, so that nothing is asked that earlier answers told; cold, from the prior's, and
    `covered` pairs count as asked. Pairs of two prompts may be among `pairs`. Use it to train a
    reward model; it looks for large differences: leave out what is not worth comparing (`unfit`).
    A pair whose rewards are not known (NaN) counts as even.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        covered: Rows of `pairs` that are not picked and count as asked but not as answered.

    Returns:
        Rows of `pairs` in the order of picking; ties: lowest index. Cost: n_pairs x n_features
        once, n_answers x n_features + n_pairs a pick (Sherman and Morrison, 1950); no two pairs are
        ever held against each other.

    >>> known = Answers(features=np.array([[0.], [1], [3]], "f4"), reward=np.zeros(3),
    ...     reward_sd=np.ones(3), length=np.ones(3))
    >>> d_optimal(known, [[0, 1], [2, 0], [1, 2]], 2)
    array([1, 2])
    """
    return _picked(Design(answers, two_columns(pairs), log_det_gains), k, covered)


def batch_bald(
    answers: Answers, pairs: npt.ArrayLike, k: int, *, covered: npt.ArrayLike | None = None
) -> Ints:
    """Pick `k` pairs, each the one whose label tells most of the weights after those before it.

    BALD (Houlsby et al., 2011) in closed form, with variances lowered by what was picked (as if
    each comparison had its expected weight): what BatchBALD (Kirsch et al., 2019) is for, without
    its cost. Use it as `d_optimal`, of which it is the bounded form: a pair tells at most ln 2.
    No guarantee is known for the expected weights.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        covered: Rows of `pairs` that are not picked and count as asked but not as answered.

    Returns:
        Rows of `pairs` in the order of picking; ties: lowest index. Cost: that of `d_optimal`.
    """
    return _picked(Design(answers, two_columns(pairs), _told), k, covered)


def log_det_gains(mean: Floats, variance: Floats, weight: Floats | None = None) -> Floats:
    """Return by how much each pair would raise log det of the precision, nats, shape (n_pairs,).

    ``log(1 + w v)`` with the gap's variance v.

    Args:
        mean: Of each gap.
        variance: Of the belief.
        weight: w of each pair; None = p (1 - p) expected over the belief.
    """
    given = expected_noise(mean, variance) if weight is None else weight
    return np.log1p(given * variance)


def _told(mean: Floats, variance: Floats, weight: Floats) -> Floats:
    """Return what each label tells of the weights, nats; w is in the variances already."""
    return information(mean, variance)


def _picked(design: Design, k: int, covered: npt.ArrayLike | None) -> Ints:
    if covered is not None:
        design.count(np.asarray(covered, np.int64))
    picks: list[int] = []
    while len(picks) < k and (row := design.offer()) >= 0:
        design.take(row)
        picks.append(row)
    return np.array(picks, np.int64)


def picker(offer: Offer) -> Design:
    """Offer the pair that raises log det of the precision most, round by round.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    return _on_offer(offer, "d_optimal", log_det_gains)


def bald_picker(offer: Offer) -> Design:
    """Offer the pair whose label tells most of the weights, round by round.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    return _on_offer(offer, "batch_bald", _told)


def _on_offer(offer: Offer, name: str, gain: Gain) -> Design:
    answers, pairs = compared(offer, name)
    design = Design(answers, pairs, gain)
    design.count(offer.centres if answers.covariance is None else offer.drawn)
    design.close(np.flatnonzero(~offer.open))
    return design


class Design:
    """Offers the pair of the largest gain, given those taken before.

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2).
        gain: What a pair is worth, in nats, by the mean of its gap, its variance now, and its
            weight (expected over the posterior that the round started with).
    """

    def __init__(self, answers: Answers, pairs: Ints, gain: Gain) -> None:
        self.refused: dict[int, str] = {}
        self._points = whitened(answers)
        self._pairs = pairs
        mean = gaps(answers, pairs).mean
        self._known = ~np.isnan(mean)
        self._mean = np.nan_to_num(mean)
        self._variance = squared_distances(self._points, pairs)
        self._weight = expected_noise(self._mean, self._variance)
        self._inverse = np.eye(self._points.shape[1])
        self._gain = gain
        self._open = np.ones(len(pairs), bool)
        self._gains: Floats | None = None

    @property
    def gains(self) -> Floats:
        """What each pair would add now, nats, shape (n_pairs,)."""
        if self._gains is None:
            self._gains = self._worth(slice(None))
        return self._gains

    def offer(self) -> int:
        """Return the open pair of the largest gain, or -1; ties: lowest index."""
        if not self._open.any():
            return -1
        return int(np.where(self._open, self.gains, -np.inf).argmax())

    def take(self, row: int) -> str:
        """Count a pair as asked and say what it was worth."""
        said = self._say(row)
        self._ask(row)
        return said

    def count(self, rows: Ints) -> None:
        """Count pairs as asked that others chose, and offer them no more."""
        for row in rows.tolist():
            self._ask(row)

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._open[rows] = False

    def _worth(self, rows: slice) -> Floats:
        return self._gain(self._mean[rows], self._variance[rows], self._weight[rows])

    def _ask(self, row: int) -> None:
        """Lower all variances by what the pair tells (Sherman-Morrison)."""
        a, b = self._pairs[row]
        difference = np.asarray(self._points[a] - self._points[b], np.float64)
        seen = self._inverse @ difference
        weight = self._weight[row]
        share = weight / (1 + weight * float(difference @ seen))
        self._inverse -= share * np.outer(seen, seen)
        along = np.asarray(self._points @ seen.astype(self._points.dtype), np.float64)
        common = along[self._pairs[:, 0]] - along[self._pairs[:, 1]]
        self._variance = np.maximum(self._variance - share * common**2, 0)
        self._open[row] = False
        self._gains = None

    def _say(self, row: int) -> str:
        one = slice(row, row + 1)
        belief = Gaps(mean=self._mean[one], variance=self._variance[one])
        said = in_words(belief) if self._known[row] else "nothing known of both rewards yet"
        return f"{said}; adds {float(self._worth(one)[0]):.3f} nats"


def in_words(belief: Gaps) -> str:
    """Say what is believed of one pair.

    >>> in_words(Gaps(mean=np.array([-0.5]), variance=np.array([0.25])))
    'gap 0.50 ± 0.50, b preferred with chance 0.62'
    """
    mean, variance = float(belief.mean[0]), float(belief.variance[0])
    p = float(chance(np.abs(belief.mean), belief.variance)[0])
    side = "a" if mean >= 0 else "b"
    return f"gap {abs(mean):.2f} ± {variance**0.5:.2f}, {side} preferred with chance {p:.2f}"
