"""How reliable each member of a committee is, from its votes alone.

In: votes, shape (n_items, n_members), NaN = did not answer; codes of one row have nothing to
do with those of another ("42" here and "42" there are different questions' answers). Out: one
number a member. For votes over one fixed set of labels, see `dawid_skene`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure.disagreement import _matrix, _members, _weights

__all__ = ["log_odds", "reliability"]

Floats = npt.NDArray[np.float64]


def reliability(
    votes: npt.ArrayLike,
    *,
    members: npt.ArrayLike | None = None,
    shares: npt.ArrayLike | None = None,
    tolerance: float = 1e-6,
    max_steps: int = 500,
) -> Floats:
    """Estimate how often each member is right, without knowing what is right.

    Dawid and Skene's model (1979) with one coin a member, over answers that are local to their
    item: the truth is one of the answers that were given; member m gives it with probability
    a_m, and each of K - 1 wrong ones with probability (1 - a_m) / (K - 1), where K is the greatest
    number of distinct answers that any item got. Fitted by expectation maximisation, starting from
    0.7 for everybody. One right and one wrong answer are added to each member's count, so that few
    votes say little (a member without votes gets 0.5).

    What all members get wrong together counts as right: estimates are of agreement with the
    committee's weighted consensus, and run above the true accuracy on items beyond everybody.

    Args:
        votes: Shape (n_items, n_votes), NaN = did not answer.
        members: Who gave each vote, shape of `votes`, whole numbers from 0; None = one member a
            column.
        shares: How much of a member's vote each one is, shape of `votes` (1 / n where a member
            gave n votes on an item); None = 1.
        tolerance: Stop when no estimate moves by more than this.
        max_steps: Stop after so many steps in any case.

    Returns:
        Shape (n_members,), in (0, 1); the order of items and the codes of answers do not matter.

    >>> reliability([[1, 1, 2], [3, 3, 4], [5, 5, 5]]).round(1).tolist()
    [0.8, 0.8, 0.4]
    """
    from curate.measure import _vote_loops as loops

    votes = _matrix(votes)
    who = _members(votes, members)
    share = _weights(votes, shares)
    rated = np.bincount(who[share > 0], weights=share[share > 0], minlength=_n_members(who))
    n_wrong = float(max(loops.most_distinct(votes) - 1, 1))
    accuracy = np.full(len(rated), _START)
    for _ in range(max_steps):
        right = np.zeros(len(rated))
        loops.one_coin(votes, share, who, accuracy, n_wrong, right)
        before, accuracy = accuracy, (right + 1.0) / (rated + 2.0)
        if np.abs(accuracy - before).max(initial=0.0) <= tolerance:
            break
    return np.where(rated > 0, accuracy, 0.5)


def log_odds(reliabilities: npt.ArrayLike, *, low: float = 0.55, high: float = 0.99) -> Floats:
    """Return weights ln(a / (1 - a)) for votes of members that are right with probability a.

    The weight under which independent members' votes add up to the log-odds of what they say.
    Clipped, so that nobody counts for nothing and nobody decides alone.

    Args:
        reliabilities: Shape (n_members,).
        low: Reliabilities below count as this.
        high: Reliabilities above count as this.

    Returns:
        Shape (n_members,), from 0.2 to 4.6 with the default clipping.

    >>> log_odds([0.1, 0.75, 1.0]).round(2).tolist()
    [0.2, 1.1, 4.6]
    """
    a = np.clip(np.asarray(reliabilities, dtype=np.float64), low, high)
    return np.log(a / (1.0 - a))


_START = 0.7


def _n_members(who: npt.NDArray[np.int64]) -> int:
    return int(who.max()) + 1 if who.size else who.shape[1]
