"""The loops of `disagreement` and `reliability`, compiled by numba on first use and kept on disk.

Votes are float64, shape (n_items, n_raters), NaN = not rated; weights have the same shape, 0
where there is no rating.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = [
    "contradiction",
    "most_distinct",
    "one_coin",
    "vote_entropy",
    "vote_entropy_of_few",
    "vote_shares",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BLOCK = 256


@compiled
def vote_entropy(votes: Floats, log: Floats, out: Floats) -> None:
    """Write each item's entropy; `log[c]` = ln c, and 0 for c = 0.

    Item by item the loops would be too short to be worth it, so items go in blocks, rater by
    rater: H = ln n - (1/n) * sum over raters of ln(raters who agree with this one).
    """
    n_items, n_raters = votes.shape
    x = np.empty((n_raters, _BLOCK))
    same = np.empty((n_raters, _BLOCK), dtype=np.int64)
    total = np.empty(_BLOCK)
    n = np.empty(_BLOCK, dtype=np.int64)
    most = np.empty(_BLOCK, dtype=np.int64)
    for start in range(0, n_items, _BLOCK):
        size = min(_BLOCK, n_items - start)
        for a in range(n_raters):
            mine = x[a]
            for i in range(size):
                mine[i] = votes[start + i, a]
        for a in range(n_raters):
            mine, agree = x[a], same[a]
            for i in range(size):
                agree[i] = np.int64(mine[i] == mine[i])
            for b in range(a):
                other, others = x[b], same[b]
                for i in range(size):
                    equal = np.int64(mine[i] == other[i])
                    agree[i] += equal
                    others[i] += equal
        total[:] = 0.0
        n[:] = 0
        most[:] = 0
        for a in range(n_raters):
            agree = same[a]
            for i in range(size):
                n[i] += np.int64(agree[i] > 0)
                most[i] = max(most[i], agree[i])
                total[i] += log[np.uint64(agree[i])]
        for i in range(size):
            if n[i] == 0:
                out[start + i] = np.nan
            elif most[i] == n[i]:
                out[start + i] = 0.0
            else:
                out[start + i] = log[n[i]] - total[i] / n[i]


@compiled
def vote_entropy_of_few(votes: Floats, table: Floats, out: Floats) -> None:
    """Write each item's entropy, looked up by 16 * ratings + pairs of raters who agree.

    For up to five raters the two numbers tell how the votes are spread: of six, 3 + 3 and 4 + 1 + 1
    have equally many agreeing pairs.
    """
    n_items, n_raters = votes.shape
    x = np.empty((n_raters, _BLOCK))
    key = np.empty(_BLOCK, dtype=np.int64)
    for start in range(0, n_items, _BLOCK):
        size = min(_BLOCK, n_items - start)
        key[:] = 0
        for a in range(n_raters):
            mine = x[a]
            for i in range(size):
                mine[i] = votes[start + i, a]
            for i in range(size):
                key[i] += np.int64(mine[i] == mine[i]) * 16
            for b in range(a):
                other = x[b]
                for i in range(size):
                    key[i] += np.int64(mine[i] == other[i])
        for i in range(size):
            out[start + i] = table[np.uint64(key[i])]


@compiled
def vote_shares(votes: Floats, weights: Floats, out: Floats) -> None:
    """Write each item's greatest share, second share and entropy, shape (n_items, 3)."""
    n_items, n_raters = votes.shape
    for i in range(n_items):
        whole = weights[i].sum()
        if whole <= 0:
            out[i, :] = np.nan
            continue
        first, second, entropy = 0.0, 0.0, 0.0
        for a in range(n_raters):
            share, seen = 0.0, weights[i, a] <= 0
            if seen:
                continue
            for b in range(n_raters):
                if votes[i, b] == votes[i, a]:
                    share += weights[i, b]
                    seen = seen or (b < a and weights[i, b] > 0)
            if seen:
                continue
            share /= whole
            entropy -= share * np.log(share)
            if share > first:
                first, second = share, first
            elif share > second:
                second = share
        out[i, 0], out[i, 1], out[i, 2] = first, second, max(entropy, 0.0)


@compiled
def contradiction(votes: Floats, weights: Floats, members: Ints, out: Floats) -> None:
    """Write the weighted share of the others that say something else, shape of `votes`.

    The others are the other members; where one member alone rated, its other ratings.
    """
    n_items, n_raters = votes.shape
    for i in range(n_items):
        alone = True
        first = np.int64(-1)
        for a in range(n_raters):
            if votes[i, a] == votes[i, a]:
                if first < 0:
                    first = members[i, a]
                alone = alone and members[i, a] == first
        for a in range(n_raters):
            out[i, a] = np.nan
            if votes[i, a] != votes[i, a]:
                continue
            against, whole = 0.0, 0.0
            for b in range(n_raters):
                mine = members[i, b] == members[i, a]
                other = b != a if alone else not mine
                if other and votes[i, b] == votes[i, b]:
                    whole += weights[i, b]
                    against += weights[i, b] * np.float64(votes[i, b] != votes[i, a])
            if whole > 0:
                out[i, a] = min(against / whole, 1.0)


@compiled
def most_distinct(votes: Floats) -> int:
    """Return the greatest number of distinct votes on any one item."""
    n_items, n_raters = votes.shape
    most = 0
    for i in range(n_items):
        distinct = 0
        for a in range(n_raters):
            new = votes[i, a] == votes[i, a]
            for b in range(a):
                new = new and votes[i, b] != votes[i, a]
            distinct += int(new)
        most = max(most, distinct)
    return most


@compiled
def one_coin(
    votes: Floats,
    shares: Floats,
    members: Ints,
    accuracy: Floats,
    n_wrong: float,
    right: Floats,
) -> None:
    """Add to `right[m]` how often member m is expected to be right, given the accuracies.

    `n_wrong` is over how many answers a member's errors spread.
    """
    n_items, n_raters = votes.shape
    weight = np.empty(n_raters)
    for i in range(n_items):
        highest = -np.inf
        for a in range(n_raters):
            weight[a] = 0.0
            if votes[i, a] != votes[i, a]:
                continue
            for b in range(n_raters):
                if votes[i, b] == votes[i, a]:
                    sure = accuracy[members[i, b]]
                    weight[a] += shares[i, b] * np.log(sure / (1.0 - sure) * n_wrong)
            highest = max(highest, weight[a])
        whole = 0.0
        for a in range(n_raters):
            if votes[i, a] != votes[i, a]:
                continue
            weight[a], new = np.exp(weight[a] - highest), True
            for b in range(a):
                new = new and votes[i, b] != votes[i, a]
            whole += weight[a] if new else 0.0
        for a in range(n_raters):
            if votes[i, a] == votes[i, a]:
                right[members[i, a]] += shares[i, a] * weight[a] / whole
