"""What a panel of judges makes of pairs, each judge asked in both orders.

In: votes, shape (n_items, n_judges, 2): 0 = a, 1 = b, 2 = tie, with a shown first and with b shown
first, in terms of a and b whatever was shown first; NaN = not read. Out: arrays.

A judge whose orders say the same has one vote. One whose orders differ follows the position rather
than the answers: its vote is halved between what it said, and its position inconsistency is
counted apart, as noise and not as disagreement. A judge with one order unread does not count.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.measure.disagreement import EntropySplit, entropy_split
from curate.measure.reliability import log_odds, reliability

__all__ = [
    "PanelVerdict",
    "item_position_inconsistency",
    "judge_distributions",
    "judge_reliability",
    "panel_entropy",
    "panel_shares",
    "panel_split",
    "panel_verdict",
    "position_inconsistency",
    "ratings_matrix",
]

Floats = npt.NDArray[np.float64]
N_OPTIONS = 3


def ratings_matrix(
    items: npt.ArrayLike,
    raters: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    shape: tuple[int, int],
) -> Floats:
    """Lay out verdicts as one ratings matrix.

    Args:
        items: Row of each verdict, shape (n_verdicts,), whole numbers from 0.
        raters: Column of each verdict, same shape.
        values: Shape (n_verdicts,), or (n_verdicts, n) for n values each; NaN = unscored.
        shape: (n_items, n_raters).

    Returns:
        Shape (n_items, n_raters), or (n_items, n_raters, n); NaN where there is no verdict.

    Raises:
        ValueError: If a rater has two verdicts on one item.

    >>> ratings_matrix([0, 1, 1], [0, 0, 1], [4, 2, 5], shape=(2, 2)).tolist()
    [[4.0, nan], [2.0, 5.0]]
    """
    row, column = np.asarray(items, dtype=np.int64), np.asarray(raters, dtype=np.int64)
    given = np.asarray(values, dtype=np.float64)
    cells = row * max(shape[1], 1) + column
    if len(np.unique(cells)) < len(cells):
        raise ValueError("a rater has two verdicts on one item")
    matrix = np.full((*shape, *given.shape[1:]), np.nan)
    matrix[row, column] = given
    return matrix


def judge_distributions(votes: npt.ArrayLike) -> Floats:
    """Return what each judge says as shares of a, b and tie: halves where its orders differ.

    Args:
        votes: Shape (n_items, n_judges, 2).

    Returns:
        Shape (n_items, n_judges, 3); NaN for a judge that does not count. Fits `entropy_split`.

    Raises:
        ValueError: If a vote is none of 0, 1 and 2.

    >>> judge_distributions([[[0, 0], [0, 1]]]).tolist()
    [[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]]
    """
    said = _votes(votes)
    options = np.arange(N_OPTIONS, dtype=np.float64)
    shares = (said[..., None] == options).mean(axis=2)
    return np.where(_counts(said)[..., None], shares, np.nan)


def panel_shares(votes: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Floats:
    """Return the panel's shares of a, b and tie for each item.

    Args:
        votes: Shape (n_items, n_judges, 2).
        weights: How much judges count, shape (n_judges,), not negative; None = all the same.

    Returns:
        Shape (n_items, 3), adding up to 1; NaN where no judge counts.

    >>> panel_shares([[[0, 0], [0, 1]]]).tolist()
    [[0.75, 0.25, 0.0]]
    """
    each = judge_distributions(votes)
    weight = _weights(each, weights)
    whole = weight.sum(axis=1)
    sums = np.einsum("im,imk->ik", weight, np.nan_to_num(each))
    shares = np.full(sums.shape, np.nan)
    np.divide(sums, whole[:, None], out=shares, where=whole[:, None] > 0)
    return shares


def panel_entropy(
    votes: npt.ArrayLike, *, weights: npt.ArrayLike | None = None, normalise: bool = False
) -> Floats:
    """Return how evenly the panel is spread over a, b and tie: 0 = of one mind.

    Vote entropy (Dagan and Engelson, 1995) of the `panel_shares`, natural logarithm; equal to
    `vote_entropy` where every judge's orders agree. Normalised, it is divided by
    ``ln min(n_judges that count, 3)`` and is at most 1. `panel_split` says how much of it is
    position noise.

    Args:
        votes: Shape (n_items, n_judges, 2).
        weights: How much judges count, shape (n_judges,).
        normalise: Divide by the greatest value; an item with one judge is then NaN.

    Returns:
        Shape (n_items,); NaN where no judge counts.

    >>> panel_entropy([[[0, 0], [1, 1], [0, 0]]]).round(6).tolist()
    [0.636514]
    """
    shares = panel_shares(votes, weights=weights)
    entropy: Floats = np.abs((shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1))
    if not normalise:
        return entropy
    n_judges = (_weights(judge_distributions(votes), weights) > 0).sum(axis=1)
    most = np.log(np.maximum(np.minimum(n_judges, N_OPTIONS), 1))
    normal: Floats = np.divide(entropy, most, out=np.full(len(entropy), np.nan), where=most > 0)
    return normal.clip(max=1.0)


def panel_split(votes: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> EntropySplit:
    """Split the panel's entropy into disagreement and position noise.

    `entropy_split` of the judges' distributions: ``ignorance`` is how far judges are from each
    other, ``ambiguity`` how far they are from themselves between the orders (ln 2 for a judge that
    contradicts itself, 0 for one that does not).

    Args:
        votes: Shape (n_items, n_judges, 2).
        weights: How much judges count, shape (n_judges,).
    """
    return entropy_split(judge_distributions(votes), weights=weights)


def position_inconsistency(votes: npt.ArrayLike) -> Floats:
    """Return, for each judge, the share of pairs on which its two orders say different things.

    Args:
        votes: Shape (n_items, n_judges, 2).

    Returns:
        Shape (n_judges,), in [0, 1]; NaN for a judge that never counts.

    >>> position_inconsistency([[[0, 0], [0, 1]], [[1, 1], [2, 2]]]).tolist()
    [0.0, 0.5]
    """
    return _share_differing(votes, axis=0)


def item_position_inconsistency(votes: npt.ArrayLike) -> Floats:
    """Return, for each item, the share of judges whose two orders say different things.

    Args:
        votes: Shape (n_items, n_judges, 2).

    Returns:
        Shape (n_items,), in [0, 1]; NaN where no judge counts.
    """
    return _share_differing(votes, axis=1)


def judge_reliability(votes: npt.ArrayLike) -> Floats:
    """Estimate how often each judge is right, without knowing what is right.

    `reliability` with each order as half a vote, so that a judge that contradicts itself is half
    right at best. What all judges get wrong together counts as right.

    Args:
        votes: Shape (n_items, n_judges, 2).

    Returns:
        Shape (n_judges,), in (0, 1); 0.5 for a judge that never counts.
    """
    said = _votes(votes)
    halves = np.where(_counts(said)[..., None], said, np.nan)
    halves = halves.reshape(len(said), 2 * said.shape[1])
    if not len(said):
        return np.full(said.shape[1], 0.5)
    who = np.broadcast_to(np.repeat(np.arange(said.shape[1]), 2), halves.shape)
    return reliability(halves, members=who, shares=np.full(halves.shape, 0.5))


class PanelVerdict(NamedTuple):
    """What a panel says of each pair; each (n_items,)."""

    choice: Floats
    """0 = a, 1 = b, 2 = tie; NaN where no judge counts."""
    support: Floats
    """Share of the panel's weight behind it; of an even split, behind either side."""


def panel_verdict(votes: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> PanelVerdict:
    """Return the panel's verdict on each pair: the option with the greatest weight.

    Where a and b weigh the same, and no less than tie, the verdict is a tie.

    Args:
        votes: Shape (n_items, n_judges, 2).
        weights: How much judges count, shape (n_judges,); None = by the log-odds of their
            `judge_reliability`.

    >>> panel_verdict([[[0, 0], [1, 1]], [[0, 0], [0, 1]]], weights=[1, 1]).choice.tolist()
    [2.0, 0.0]
    """
    given = log_odds(judge_reliability(votes)) if weights is None else weights
    shares = panel_shares(votes, weights=given)
    known = ~np.isnan(shares).any(axis=1)
    best = np.nan_to_num(shares).argmax(axis=1)
    even = np.isclose(shares[:, 0], shares[:, 1], rtol=0, atol=1e-12) & (best < 2)
    choice = np.where(even, 2, best)
    return PanelVerdict(
        choice=np.where(known, choice, np.nan),
        support=np.where(known, np.take_along_axis(shares, best[:, None], 1)[:, 0], np.nan),
    )


def _votes(votes: npt.ArrayLike) -> Floats:
    said = np.asarray(votes, dtype=np.float64)
    if said.ndim != 3 or said.shape[2] != 2:
        raise ValueError(f"votes have the shape (n_items, n_judges, 2), not {said.shape}")
    if not (np.isnan(said) | np.isin(said, range(N_OPTIONS))).all():
        raise ValueError("votes are 0 (a), 1 (b), 2 (tie) or NaN")
    return said


def _counts(said: Floats) -> npt.NDArray[np.bool_]:
    """Say which judges have both orders read, shape (n_items, n_judges)."""
    return ~(np.isnan(said[..., 0]) | np.isnan(said[..., 1]))


def _weights(each: Floats, weights: npt.ArrayLike | None) -> Floats:
    given = np.ones(each.shape[1]) if weights is None else np.asarray(weights, np.float64)
    if given.shape != (each.shape[1],) or not (given >= 0).all():
        raise ValueError(f"weights have the shape {(each.shape[1],)} and are not negative")
    return np.where(np.isnan(each[..., 0]), 0.0, given)


def _share_differing(votes: npt.ArrayLike, *, axis: int) -> Floats:
    said = _votes(votes)
    counts = _counts(said)
    differ = (counts & (said[..., 0] != said[..., 1])).sum(axis=axis)
    n = counts.sum(axis=axis)
    shares: Floats = np.divide(differ, n, out=np.full(n.shape, np.nan), where=n > 0)
    return shares
