"""The loops of `disagreement` and `reliability`, compiled by numba on first use and kept on disk.

Votes are float64, shape (n_items, n_raters), NaN = not rated; weights have the same shape, 0
where there is no rating.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["contradiction", "one_coin", "vote_entropy", "vote_shares"]

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
            for i in range(size):
                x[a, i] = votes[start + i, a]
        for a in range(n_raters):
            for i in range(size):
                same[a, i] = np.int64(x[a, i] == x[a, i])
            for b in range(a):
                for i in range(size):
                    equal = np.int64(x[a, i] == x[b, i])
                    same[a, i] += equal
                    same[b, i] += equal
        total[:] = 0.0
        n[:] = 0
        most[:] = 0
        for a in range(n_raters):
            for i in range(size):
                count = same[a, i]
                n[i] += np.int64(count > 0)
                most[i] = max(most[i], count)
                total[i] += log[count]
        for i in range(size):
            if n[i] == 0:
                out[start + i] = np.nan
            elif most[i] == n[i]:
                out[start + i] = 0.0
            else:
                out[start + i] = log[n[i]] - total[i] / n[i]


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
            against, whole = 0.0, 0.0
            for b in range(n_raters):
                mine = members[i, b] == members[i, a]
                other = b != a if alone else not mine
                if other and votes[i, b] == votes[i, b]:
                    whole += weights[i, b]
                    against += weights[i, b] * np.float64(votes[i, b] != votes[i, a])
            known = votes[i, a] == votes[i, a] and whole > 0
            out[i, a] = min(against / whole, 1.0) if known else np.nan


@compiled
def one_coin(
    votes: Floats,
    shares: Floats,
    members: Ints,
    accuracy: Floats,
    right: Floats,
) -> None:
    """Add to `right[m]` how often member m is expected to be right, given the accuracies."""
    n_items, n_raters = votes.shape
    weight = np.empty(n_raters)
    for i in range(n_items):
        distinct = 0
        for a in range(n_raters):
            new = votes[i, a] == votes[i, a]
            for b in range(a):
                new = new and votes[i, b] != votes[i, a]
            distinct += int(new)
        highest = -np.inf
        for a in range(n_raters):
            weight[a] = 0.0
            for b in range(n_raters):
                if votes[i, b] == votes[i, a]:
                    sure = accuracy[members[i, b]]
                    odds = np.log(sure / (1.0 - sure)) + np.log(max(distinct - 1, 1))
                    weight[a] += shares[i, b] * odds
            if votes[i, a] == votes[i, a]:
                highest = max(highest, weight[a])
        whole = 0.0
        for a in range(n_raters):
            new = votes[i, a] == votes[i, a]
            weight[a] = np.exp(weight[a] - highest) if new else 0.0
            for b in range(a):
                new = new and votes[i, b] != votes[i, a]
            whole += weight[a] if new else 0.0
        for a in range(n_raters):
            if votes[i, a] == votes[i, a]:
                right[members[i, a]] += shares[i, a] * weight[a] / whole
