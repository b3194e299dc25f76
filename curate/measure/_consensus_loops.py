"""The loops of `consensus`, compiled by numba on first use and kept on disk.

Votes are float64, shape (n_items, n_votes), NaN = none; shares have the same shape, 0 where there
is no vote; members are whole numbers from 0. `n_options` = 0 stands for no end of them.
"""

from __future__ import annotations

from math import lgamma

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["expect", "log_partitions"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@compiled
def _gather(votes: Floats, shares: Floats, place: Ints, count: Floats) -> int:
    """Number one item's distinct answers by first vote; return how many there are."""
    n = 0
    for a in range(len(votes)):
        place[a] = -1
        if shares[a] <= 0:
            continue
        for b in range(a):
            if place[b] >= 0 and votes[b] == votes[a]:
                place[a] = place[b]
                break
        if place[a] < 0:
            place[a] = n
            count[n] = 0.0
            n += 1
        count[place[a]] += shares[a]
    return n


@compiled
def _alike(count: float, variety: float, n_options: int) -> float:
    """Return the log of what one answer adds to the probability of a partition of errors."""
    if n_options > 0:
        each = variety / (n_options - 1)
        return lgamma(each + count) - lgamma(each)
    return float(min(count, 1.0) * np.log(variety) + lgamma(max(count, 1.0)))


@compiled
def _partitions(count: Floats, n: int, variety: float, n_options: int, out: Floats) -> None:
    """Write log P(how errors fall into answers | which answer is right); out[n]: none of them."""
    every, total = 0.0, 0.0
    for g in range(n):
        every += count[g]
        total += _alike(count[g], variety, n_options)
    for g in range(n):
        rest = every - count[g]
        alone = total - _alike(count[g], variety, n_options)
        out[g] = alone - lgamma(variety + rest) + lgamma(variety)
    out[n] = total - lgamma(variety + every) + lgamma(variety)
    if n_options > 0:
        left = n_options - n
        out[n] = out[n] + np.log(left) if left > 0 else -np.inf


@compiled
def _log_sum(values: Floats, n: int, leave: int) -> float:
    """Return the log of the sum of exp of the first n values, one of them left out."""
    top = -np.inf
    for k in range(n):
        if k != leave:
            top = max(top, values[k])
    if top == -np.inf:
        return -np.inf
    total = 0.0
    for k in range(n):
        if k != leave:
            total += np.exp(values[k] - top)
    return float(top + np.log(total))


@compiled
def _join(
    shares: Floats,
    members: Ints,
    place: Ints,
    skill: Floats,
    ease: Floats,
    log_mass: Floats,
    joint: Floats,
    n: int,
) -> None:
    """Write log P(ease, who is right | which of n answers is right); joint[n]: none of them."""
    for d in range(len(ease)):
        wrong = log_mass[d]
        for g in range(n + 1):
            joint[g, d] = 0.0
        for a in range(len(place)):
            if place[a] >= 0:
                odds = skill[members[a]] + ease[d]
                wrong -= shares[a] * (np.log1p(np.exp(-abs(odds))) + max(odds, 0.0))
                joint[place[a], d] += shares[a] * odds
        for g in range(n + 1):
            joint[g, d] += wrong


@compiled
def expect(
    votes: Floats,
    shares: Floats,
    members: Ints,
    skill: Floats,
    ease: Floats,
    log_mass: Floats,
    variety: float,
    n_options: int,
    against: Floats,
    truth: Floats,
    nobody: Floats,
    right: Floats,
    seen: Floats,
    easy: Floats,
) -> float:
    """Write what is expected of the truth and of each item's ease; return the log-likelihood.

    Args:
        votes: Shape (n_items, n_votes).
        shares: How much of a vote each is.
        members: Who gave each.
        skill: Log-odds of each member on an item of middling ease, shape (n_members,).
        ease: The grid of eases that an item can have, in log-odds, shape (n_levels,).
        log_mass: Log of the share of items with each ease, shape (n_levels,).
        variety: How errors spread: concentration of the partition.
        n_options: Answers to choose from, 0 = no end of them.
        against: Out: log-odds that the vote is wrong, shape of `votes`.
        truth: Out: probability that the vote is right, shape of `votes`.
        nobody: Out: probability that nobody is right, shape (n_items,).
        right: Adds how often each member is expected to be right, shape (n_members,).
        seen: Adds each member's votes by ease, shape (n_members, n_levels).
        easy: Out: mean ease and mean square of it, shape (n_items, 2).
    """
    n_items, n_votes = votes.shape
    n_levels = len(ease)
    place = np.empty(n_votes, np.int64)
    count, apart = np.empty(n_votes + 1), np.empty(n_votes + 1)
    joint, marginal = np.empty((n_votes + 1, n_levels)), np.empty(n_votes + 1)
    level = np.empty(n_levels)
    likelihood = 0.0
    for i in range(n_items):
        n = _gather(votes[i], shares[i], place, count)
        _partitions(count, n, variety, n_options, apart)
        _join(shares[i], members[i], place, skill, ease, log_mass, joint, n)
        for g in range(n + 1):
            joint[g] += apart[g]
        for g in range(n + 1):
            marginal[g] = _log_sum(joint[g], n_levels, -1)
        whole = _log_sum(marginal, n + 1, -1)
        likelihood += whole
        nobody[i] = np.exp(marginal[n] - whole)
        easy[i, 0], easy[i, 1] = 0.0, 0.0
        for d in range(n_levels):
            level[d] = 0.0
            for g in range(n + 1):
                level[d] += np.exp(joint[g, d] - whole)
            easy[i, 0] += level[d] * ease[d]
            easy[i, 1] += level[d] * ease[d] ** 2
        for a in range(n_votes):
            against[i, a], truth[i, a] = np.nan, np.nan
            if place[a] >= 0:
                mine = marginal[place[a]]
                against[i, a] = _log_sum(marginal, n + 1, place[a]) - mine
                truth[i, a] = np.exp(mine - whole)
                right[members[i, a]] += shares[i, a] * truth[i, a]
                for d in range(n_levels):
                    seen[members[i, a], d] += shares[i, a] * level[d]
    return likelihood


@compiled
def log_partitions(
    votes: Floats,
    shares: Floats,
    truth: Floats,
    nobody: Floats,
    varieties: Floats,
    n_options: int,
    out: Floats,
) -> None:
    """Add, for each variety, the expected log-probability of how errors fall into answers."""
    n_items, n_votes = votes.shape
    place = np.empty(n_votes, np.int64)
    count, apart = np.empty(n_votes + 1), np.empty(n_votes + 1)
    chance = np.empty(n_votes + 1)
    for i in range(n_items):
        n = _gather(votes[i], shares[i], place, count)
        for a in range(n_votes):
            if place[a] >= 0:
                chance[place[a]] = truth[i, a]
        chance[n] = nobody[i]
        for k in range(len(varieties)):
            _partitions(count, n, varieties[k], n_options, apart)
            for g in range(n + 1):
                if chance[g] > 0:
                    out[k] += chance[g] * apart[g]
