"""Which given preferences other evidence contradicts: confident learning on pairs.

In: features of both answers, which of them is which, and groups that stay on one side of a split.
Out: how likely each given preference is, by what was learned from all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.learn.bradley_terry import BradleyTerryHead
from curate.learn.calibration import Temperature

__all__ = ["ConfidentPairs", "PairDoubt", "confident_pairs", "folds_of", "pair_doubt"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDoubt:
    """What is held against given preferences."""

    log_odds: Floats
    """Of the given preference, calibrated, by all others, shape (n_pairs,); below 0 = against."""
    features_only: Floats
    """The same by the features alone, learned from other groups, before calibration."""
    spread: float
    """Standard deviation of what features do not tell of an answer; 0 = nothing seen."""
    temperature: float
    """By which the log-odds were divided."""

    @property
    def given(self) -> Floats:
        """Probability of each given preference, shape (n_pairs,)."""
        return np.asarray(1 / (1 + np.exp(-self.log_odds)), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidentPairs:
    """What confident learning says of given preferences."""

    noise_rate: float
    """Share of preferences that are held to be the wrong way round; NaN = nothing was confident."""
    expected: float
    """Given preference's mean probability: what counts as confident."""
    contradicted: Bools
    """Whether the opposite is confident, shape (n_pairs,)."""


def pair_doubt(
    chosen: npt.ArrayLike,
    rejected: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    answers: npt.ArrayLike | None = None,
    shares: npt.ArrayLike | None = None,
    n_folds: int = 5,
) -> PairDoubt:
    """Say how likely each given preference is, by all others.

    Features first: a Bradley-Terry head is fitted without the groups of one fold, and predicts that
    fold (cross-fitting), so that no pair is judged by pairs of its own prompt. Then what features
    do not tell: where answers stand in several pairs of a group, each answer's reward is the head's
    plus a deviation of its own (normal, its spread chosen by the likelihood of pairs left out), and
    a pair is judged by all others of its group (Laplace's leave-one-out; all copies of a pair are
    left out together). Last, one temperature makes the probabilities hold what they say.

    Args:
        chosen: Features of the preferred answers, shape (n_pairs, D).
        rejected: Features of the others, shape (n_pairs, D).
        groups: Which pairs belong together, shape (n_pairs,), whole numbers from 0.
        answers: Numbers of both answers, the preferred one first, shape (n_pairs, 2); an answer
            belongs to one group. None = every answer stands in one pair.
        shares: Share of votes for chosen, rejected and tie, shape (n_pairs, 3), to learn from; None
            = what was given.
        n_folds: How many folds; of fewer groups, as many as there are.

    Raises:
        ValueError: If there are fewer than two groups, or shapes do not fit.

    >>> better = np.array([[1.0], [1.0], [0.0], [1.0]] * 6)
    >>> doubt = pair_doubt(better, 1 - better, np.arange(24) % 4)
    >>> int(np.argmin(doubt.log_odds[:4]))
    2
    """
    good, bad = np.asarray(chosen, np.float32), np.asarray(rejected, np.float32)
    group = np.asarray(groups, np.int64)
    gaps = _cross_fitted(good, bad, folds_of(group, n_folds), shares)
    told, spread = gaps, 0.0
    if answers is not None:
        told, spread = _recurring(gaps, group, np.asarray(answers, np.int64), shares)
    cooled = Temperature().fit(np.stack([told, -told], axis=1) / 2, np.zeros(len(told), np.int64))
    return PairDoubt(
        log_odds=told / cooled.value,
        features_only=gaps,
        spread=spread,
        temperature=cooled.value,
    )


def confident_pairs(given: npt.ArrayLike) -> ConfidentPairs:
    """Return which preferences are contradicted with confidence, and how many that estimates.

    Confident learning (Northcutt, Jiang and Chuang, 2021) over both orders of every pair: a class
    is confident where its probability is at least the mean that it has where it was given; by
    symmetry that mean is one number. The share of confident pairs whose opposite is confident
    estimates the rate of noise: too high where the probabilities come from a weak model.

    Args:
        given: Out-of-fold probability of each given preference, shape (n_pairs,); NaN = unknown.

    >>> found = confident_pairs([0.9, 0.8, 0.9, 0.1, 0.8])
    >>> found.contradicted.tolist(), found.noise_rate
    ([False, False, False, True, False], 0.2)
    """
    chance = np.asarray(given, np.float64)
    known = ~np.isnan(chance)
    if not known.any():
        nothing = np.zeros(len(chance), bool)
        return ConfidentPairs(noise_rate=np.nan, expected=np.nan, contradicted=nothing)
    expected = max(float(chance[known].mean()), 0.5)
    against = known & (1 - chance >= expected) & (chance < 0.5)
    sure = int(against.sum() + (known & (chance >= expected)).sum())
    rate = float(against.sum()) / sure if sure else float("nan")
    return ConfidentPairs(noise_rate=rate, expected=expected, contradicted=against)


def folds_of(groups: npt.ArrayLike, n_folds: int) -> Ints:
    """Return a fold for each row, whole groups in one, the folds about equally large.

    Args:
        groups: Shape (n_rows,), whole numbers from 0.
        n_folds: At most; never more than there are groups.

    >>> folds_of([0, 0, 0, 1, 2], 2).tolist()
    [0, 0, 0, 1, 1]
    """
    group = np.asarray(groups, np.int64)
    sizes = np.bincount(group)
    fold, load = np.zeros(len(sizes), np.int64), np.zeros(max(min(n_folds, len(sizes)), 1))
    for g in np.argsort(-sizes, kind="stable"):
        fold[g] = int(load.argmin())
        load[fold[g]] += sizes[g]
    return fold[group]


def _cross_fitted(
    good: npt.NDArray[np.float32], bad: npt.NDArray[np.float32], fold: Ints, shares: object
) -> Floats:
    """Return the gap of each pair as a head sees it that was fitted on the other folds."""
    if len(np.unique(fold)) < 2:
        raise ValueError("pairs of one group only: nothing is left to learn from")
    said = np.tile([1.0, 0.0, 0.0], (len(good), 1)) if shares is None else np.asarray(shares)
    head = BradleyTerryHead(ties=bool(said[:, 2].any()))
    gaps, last = np.empty(len(good)), None
    for k in np.unique(fold):
        rest, here = fold != k, fold == k
        last = head.fit(good[rest], bad[rest], said[rest], start=last)
        gaps[here] = (good[here] - bad[here]) @ last.weights
    return gaps


def _recurring(gaps: Floats, group: Ints, answers: Ints, shares: object) -> tuple[Floats, float]:
    """Return each pair's log-odds by the head and the other pairs of its answers; the spread."""
    sites = _sites(gaps, group, answers, shares)
    best = (_likelihood(gaps, sites), gaps, 0.0)
    for spread in _SPREADS if sites.recur else ():
        told = _left_out(sites, spread)
        found = (_likelihood(told, sites), told, spread)
        best = max(best, found, key=lambda item: item[0])
    return best[1], best[2]


_SPREADS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
_MOST = 500
"""Answers of a group, beyond which its pairs are judged by the features alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sites:
    of_pair: Ints
    """Site of each pair, shape (n_pairs,)."""
    turned: Floats
    """1 where the pair's chosen answer is the site's first, else -1."""
    weights: Floats
    """Of each pair's own vote for chosen and rejected, shape (n_pairs, 2)."""
    gaps: Floats
    """The head's, of each pair."""
    starts: Ints
    sizes: Ints
    node: Ints
    prior: Floats
    won: Floats
    large: Bools
    """Sites of groups that are too large."""
    recur: bool


def _sites(gaps: Floats, group: Ints, answers: Ints, shares: object) -> _Sites:
    """Gather the copies of each pair, and lay out the pairs by group."""
    first, second = answers.min(axis=1), answers.max(axis=1)
    turned = np.where(answers[:, 0] == first, 1.0, -1.0)
    keys = np.stack([group, first, second], axis=1)
    distinct, place, of_pair = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    of_pair = of_pair.reshape(-1)
    weights = _own(shares, len(gaps))
    won = np.zeros((len(distinct), 2))
    as_site = np.where(turned[:, None] > 0, weights, weights[:, ::-1])
    np.add.at(won, of_pair, as_site)
    starts = np.append(np.flatnonzero(np.diff(distinct[:, 0], prepend=-1)), len(distinct))
    node, sizes = _numbered(distinct, starts)
    return _Sites(
        of_pair=of_pair,
        turned=turned,
        weights=weights,
        gaps=gaps,
        starts=starts.astype(np.int64),
        sizes=sizes,
        node=node,
        prior=gaps[place] * turned[place],
        won=won,
        large=np.repeat(sizes > _MOST, np.diff(starts)),
        recur=bool((np.diff(starts) > 1).any()),
    )


def _own(shares: object, n: int) -> Floats:
    if shares is None:
        return np.tile([1.0, 0.0], (n, 1))
    said = np.asarray(shares, np.float64)
    return np.asarray(said[:, :2] + said[:, 2:] / 2)


def _numbered(distinct: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Return the answers' numbers within their groups, and how many each group has."""
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    both = np.stack([np.tile(group, 2), distinct[:, 1:].T.reshape(-1)], axis=1)
    known, at = np.unique(both, axis=0, return_inverse=True)
    sizes = np.bincount(known[:, 0], minlength=len(starts) - 1)
    before = np.cumsum(sizes) - sizes
    within = at.reshape(-1) - before[np.tile(group, 2)]
    return np.ascontiguousarray(within.reshape(2, -1).T), sizes


def _left_out(sites: _Sites, spread: float) -> Floats:
    from curate.learn._recurring_loops import leave_one_out

    mean, variance = sites.prior.copy(), np.zeros(len(sites.prior))
    for starts, sizes in _stretches(sites):
        leave_one_out(starts, sizes, sites.node, sites.prior, sites.won, spread**-2, mean, variance)
    log_odds = mean / np.sqrt(1 + np.pi * variance / 8)
    return np.where(
        sites.large[sites.of_pair], sites.gaps, (log_odds[sites.of_pair] * sites.turned)
    )


def _stretches(sites: _Sites) -> list[tuple[Ints, Ints]]:
    """Return the groups that are small enough, as stretches of neighbours."""
    small = np.flatnonzero(sites.sizes <= _MOST)
    runs = np.split(small, np.flatnonzero(np.diff(small) > 1) + 1)
    return [(sites.starts[r[0] : r[-1] + 2], sites.sizes[r]) for r in runs if len(r)]


def _likelihood(log_odds: Floats, sites: _Sites) -> float:
    """Return the log-likelihood of pairs, under the temperature that suits them best.

    Of many pairs some that lie evenly apart are looked at.
    """
    some = slice(None, None, max(1, len(log_odds) // _ENOUGH))
    both = np.stack([log_odds[some], -log_odds[some]], axis=1) / 2
    chances = Temperature().fit(both, np.zeros(len(both), np.int64))(both)
    return float((sites.weights[some] * np.log(np.maximum(chances, 1e-300))).sum())


_ENOUGH = 10_000
