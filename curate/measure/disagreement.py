"""How far a committee is from one mind.

In: votes, shape (n_items, n_members): numbers that stand for answers (equal = same answer),
NaN = did not answer. Codes only need to be comparable within a row. Out: arrays, NaN where there
is nothing to compare. Logarithms are natural.

Weights say how much a vote counts: one a member, shape (n_members,), or one a vote, shape of
the votes; they must not be negative.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "EntropySplit",
    "contradiction",
    "entropy_split",
    "jensen_shannon",
    "margin",
    "margin_uncertainty",
    "variation_ratio",
    "vote_entropy",
]

Floats = npt.NDArray[np.float64]


def vote_entropy(
    votes: npt.ArrayLike,
    *,
    n_options: int | None = None,
    normalise: bool = False,
    weights: npt.ArrayLike | None = None,
) -> Floats:
    """Return how evenly each item's votes are spread: 0 = all the same.

    ``-sum(v_k / M * ln(v_k / M))`` over the answers k that M members gave (Dagan and Engelson,
    1995). Normalised, it is divided by its greatest value, ``ln min(M, n_options)`` (Engelson and
    Dagan, 1996), so that committees of different sizes compare.

    Args:
        votes: Shape (n_items, n_members), NaN = did not answer.
        n_options: How many answers there are to choose from; None = no end of them.
        normalise: Divide by the greatest possible value; an item with one vote is then NaN.
        weights: How much votes count.

    Returns:
        Shape (n_items,); NaN where nobody answered.

    Raises:
        ValueError: If the shapes do not fit or a weight is negative.

    >>> vote_entropy([[1, 1, 2], [3, 3, 3]]).round(6).tolist()
    [0.636514, 0.0]
    """
    votes = _matrix(votes)
    entropy = _plain_entropy(votes) if weights is None else _shares(votes, weights)[:, 2]
    if not normalise:
        return entropy
    n_votes = (_weights(votes, weights) > 0).sum(axis=1)
    most = np.minimum(n_votes, n_options or np.inf)
    ceiling = np.where(most > 1, np.log(np.maximum(most, 1)), np.nan)
    return np.minimum(entropy / ceiling, 1.0)


def margin(votes: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Floats:
    """Return the share of the most frequent answer less that of the second: 1 = all the same.

    Args:
        votes: Shape (n_items, n_members), NaN = did not answer.
        weights: How much votes count.

    Returns:
        Shape (n_items,), in [0, 1]; NaN where nobody answered.

    >>> margin([[1, 1, 2], [1, 2, 3], [4, 4, 4]]).round(6).tolist()
    [0.333333, 0.0, 1.0]
    """
    shares = _shares(_matrix(votes), weights)
    return shares[:, 0] - shares[:, 1]


def margin_uncertainty(votes: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Floats:
    """Return one minus the majority margin: 0 = all the same, 1 = a tie for the first place.

    The score that goes with self-consistency (Wang et al., 2023), turned so that higher = more
    worth a person's time.

    Args:
        votes: Shape (n_items, n_members), NaN = did not answer.
        weights: How much votes count.

    Returns:
        Shape (n_items,), in [0, 1]; NaN where fewer than two votes count: a lone one says nothing
        of disagreement.

    >>> margin_uncertainty([[1, 1, 2], [1, 2, 3], [4, 4, 4], [5, float("nan"), float("nan")]]
    ... ).round(6).tolist()
    [0.666667, 1.0, 0.0, nan]
    """
    matrix = _matrix(votes)
    several = (_weights(matrix, weights) > 0).sum(axis=1) > 1
    return np.where(several, 1.0 - margin(matrix, weights=weights), np.nan)


def variation_ratio(votes: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Floats:
    """Return the share of votes that are not for the most frequent answer (Freeman, 1965).

    Args:
        votes: Shape (n_items, n_members), NaN = did not answer.
        weights: How much votes count.

    Returns:
        Shape (n_items,), in [0, 1); NaN where nobody answered.

    >>> variation_ratio([[1, 1, 2, 2], [5, 5, 5, 5]]).tolist()
    [0.5, 0.0]
    """
    return 1.0 - _shares(_matrix(votes), weights)[:, 0]


def contradiction(
    votes: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    members: npt.ArrayLike | None = None,
) -> Floats:
    """Return, for each vote, the share of the other members' votes that say something else.

    Unlike the entropy it says *who* is alone. With `members`, several votes of one row may come
    from one member (repeated samples): the others are then the other members, or, where a
    single member gave all votes of the row, its other votes.

    Args:
        votes: Shape (n_items, n_votes), NaN = did not answer.
        weights: How much votes count.
        members: Who gave each vote, shape of `votes`, whole numbers from 0; None = one member a
            column.

    Returns:
        Shape of `votes`, in [0, 1]; NaN where the member did not answer, nobody else did, or
        those who did weigh nothing.

    >>> contradiction([[1, 1, 2]]).tolist()
    [[0.5, 0.5, 1.0]]
    """
    from curate.measure import _vote_loops as loops

    votes = _matrix(votes)
    out = np.empty_like(votes)
    loops.contradiction(votes, _weights(votes, weights), _members(votes, members), out)
    return out


class EntropySplit(NamedTuple):
    """What makes an item uncertain; `total` = `ignorance` + `ambiguity`. Each (n_items,)."""

    total: Floats
    """Entropy of the committee's mean."""
    ignorance: Floats
    """How far members are from their mean: what more data would settle (rewrite)."""
    ambiguity: Floats
    """How unsure each member is by itself: what lies in the item (clarify the guideline)."""


def entropy_split(
    probabilities: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> EntropySplit:
    """Split a committee's uncertainty into ignorance and ambiguity.

    ``H(mean p) = JS(p_1 .. p_M) + mean H(p_m)``.

    Args:
        probabilities: Each member's distribution over the options, shape
            (n_items, n_members, n_options); a member with a NaN is left out of that item.
        weights: How much members count, shape (n_members,) or (n_items, n_members).

    Raises:
        ValueError: If the shapes do not fit, or a weight or probability is negative.

    >>> split = entropy_split([[[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]])
    >>> [round(float(part[0]), 6) for part in split]
    [0.693147, 0.245376, 0.447771]
    """
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 3:
        raise ValueError(f"expected (n_items, n_members, n_options), not the shape {p.shape}")
    if (p < 0).any():
        raise ValueError("probabilities must not be negative")
    answered = np.where(np.isnan(p).any(axis=2), np.nan, 0.0)
    w = _weights(answered, weights)
    with np.errstate(invalid="ignore"):
        w = w / w.sum(axis=1, keepdims=True)
    known = np.where(np.isnan(answered)[:, :, None], 0.0, p)
    total = _entropy(np.einsum("im,imk->ik", w, known))
    ambiguity = np.einsum("im,im->i", w, _entropy(known))
    apart = total - ambiguity
    return EntropySplit(total, np.where(apart < _ROUNDING, 0.0, apart), ambiguity)


def jensen_shannon(
    probabilities: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    normalise: bool = False,
) -> Floats:
    """Return how far members' distributions are from their mean: 0 = all the same.

    ``H(mean p) - mean H(p)``, the generalised Jensen-Shannon divergence; the same number as the
    mean Kullback-Leibler divergence to the consensus (McCallum and Nigam, 1998) and as BALD with
    members as posterior samples (Houlsby, 2011). At most ln min(n_members, n_options).

    Args:
        probabilities: Shape (n_items, n_members, n_options).
        weights: How much members count.
        normalise: Divide by the greatest possible value; an item with one member is then NaN.

    Returns:
        Shape (n_items,); NaN where no member has a distribution.

    >>> jensen_shannon([[[1, 0], [0, 1]]], normalise=True).tolist()
    [1.0]
    """
    p = np.asarray(probabilities, dtype=np.float64)
    apart = entropy_split(p, weights=weights).ignorance
    if not normalise:
        return apart
    answered = np.where(np.isnan(p).any(axis=2), np.nan, 0.0)
    n_members = (_weights(answered, weights) > 0).sum(axis=1)
    most = np.minimum(n_members, p.shape[2])
    ceiling = np.where(most > 1, np.log(np.maximum(most, 1)), np.nan)
    return np.minimum(apart / ceiling, 1.0)


_ROUNDING = 1e-14
"""Differences of entropies below are rounding: members of one mind are at exactly 0."""


def _matrix(votes: npt.ArrayLike) -> Floats:
    matrix = np.ascontiguousarray(votes, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"votes have the shape (n_items, n_members), not {matrix.shape}")
    return matrix


def _weights(votes: Floats, weights: npt.ArrayLike | None) -> Floats:
    """Return one weight a vote, 0 where there is none."""
    given = np.asarray(1.0 if weights is None else weights, dtype=np.float64)
    if given.ndim and given.shape not in (votes.shape, votes.shape[1:]):
        raise ValueError(
            f"weights have the shape {votes.shape[1:]} or {votes.shape}, not {given.shape}"
        )
    if not (given >= 0).all():
        raise ValueError("weights must be numbers, and not negative")
    return np.where(np.isnan(votes), 0.0, given)


def _members(votes: Floats, members: npt.ArrayLike | None) -> npt.NDArray[np.int64]:
    if members is None:
        columns = np.arange(votes.shape[1], dtype=np.int64)
        return np.ascontiguousarray(np.broadcast_to(columns, votes.shape))
    given = np.ascontiguousarray(members, dtype=np.int64)
    if given.shape != votes.shape:
        raise ValueError(f"members have the shape {votes.shape}, not {given.shape}")
    return given


def _plain_entropy(votes: Floats) -> Floats:
    from curate.measure import _vote_loops as loops

    out = np.empty(len(votes))
    if votes.shape[1] <= _FEW:
        loops.vote_entropy_of_few(votes, _entropy_by_pairs(), out)
        return out
    counts = np.arange(votes.shape[1] + 1, dtype=np.float64)
    loops.vote_entropy(votes, np.log(np.maximum(counts, 1.0)), out)
    return out


_FEW = 5


@lru_cache(maxsize=1)
def _entropy_by_pairs() -> Floats:
    """Return the entropy of up to five votes, at 16 * votes + pairs of them that agree."""
    table = np.full(16 * (_FEW + 1), np.nan)
    for n_answers in range(1, _FEW + 1):
        for counts in combinations_with_replacement(range(1, _FEW + 1), n_answers):
            n, pairs = sum(counts), sum(c * (c - 1) // 2 for c in counts)
            if n <= _FEW:
                entropy = np.log(n) - sum(c * np.log(c) for c in counts) / n
                table[16 * n + pairs] = entropy if n_answers > 1 else 0.0
    return table


def _shares(votes: Floats, weights: npt.ArrayLike | None) -> Floats:
    from curate.measure import _vote_loops as loops

    out = np.empty((len(votes), 3))
    loops.vote_shares(votes, _weights(votes, weights), out)
    return out


def _entropy(p: Floats) -> Floats:
    entropy: Floats = -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=-1)
    return entropy
