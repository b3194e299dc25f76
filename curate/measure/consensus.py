"""Which answers are wrong, by what a committee's members make of each other.

In: votes, shape (n_items, n_votes), NaN = did not answer; codes of one row have nothing to do
with those of another. Out: for each vote how likely it is to be wrong, for each item how likely
the committee's best answer is, for each member how often it is right. No labels are needed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from curate.measure.disagreement import _matrix, _members, _weights
from curate.measure.reliability import _n_members

__all__ = ["Consensus", "consensus", "doubt_by_group"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """What a committee's votes say of its answers, its items and its members."""

    wrong: Floats
    """Probability that the vote's answer is wrong, shape of the votes; NaN = no vote."""
    log_odds: Floats
    """Its log-odds, which still tell apart what rounds to 0 or 1; rank by these."""
    best: Ints
    """A vote for the likeliest answer, shape (n_items,); -1 = nobody voted."""
    doubt: Floats
    """Probability that the likeliest answer is wrong, shape (n_items,); NaN = nobody voted."""
    nobody: Floats
    """Probability that nobody is right, shape (n_items,); NaN = nobody voted."""
    ease: Floats
    """How much easier an item is than others, in log-odds, shape (n_items,); 0 without votes."""
    reliability: Floats
    """How often each member is right over all items, shape (n_members,); 0.5 without votes."""
    spread: float
    """Standard deviation of the items' ease."""
    variety: float
    """How errors spread: two wrong members say the same with probability 1 / (1 + variety)."""


def consensus(
    votes: npt.ArrayLike,
    *,
    members: npt.ArrayLike | None = None,
    shares: npt.ArrayLike | None = None,
    n_options: int | None = None,
    widest: float = 2.0,
    tolerance: float = 1e-6,
    max_steps: int = 200,
) -> Consensus:
    """Say how likely each answer is wrong, without knowing what is right.

    Use it where several members answered; for repeated samples of a single one, which it could
    tell apart from nothing, see `contradiction` and `semantic_entropy`.

    Dawid and Skene's model (1979) with one coin a member, made fit for open answers: member m is
    right on item i with log-odds ``skill_m + ease_i`` (Rasch, 1960), where ease is normal about 0;
    wrong members fall into groups that say the same as guests of a Chinese restaurant do (Ewens,
    1972), with a concentration (`Consensus.variety`) that says how seldom errors coincide, or,
    with `n_options`, as draws from a symmetric Dirichlet over the wrong options; and it may be
    that nobody is right. So a lone answer beside a majority is wrong, all of ten different
    answers are likely to be, members who are mostly right count more, and a common mistake is
    allowed for. Everything is fitted to the votes by expectation maximisation: skill with four
    right and two wrong answers added; the spread of ease from 0.5 to `widest`, with twenty items
    at 1 added, as a wider one would explain any unanimity by an item that is easy or hard for
    all; the concentration from 1 to 100, so that members who agree are not mostly wrong together.
    Of more than 20,000 items, so many (evenly spaced) are fitted first, then a few steps over all.

    What all members get wrong together counts as right. Of two members, neither can be told to
    be the better one.

    Several votes of one member on an item count 1 / (1 + (n - 1) r) each (Kish's design effect,
    1965), r being how much more often two votes of one member agree than votes of two: a model
    that says the same ten times is one witness, one that varies like ten models is ten.

    Args:
        votes: Shape (n_items, n_votes), NaN = did not answer.
        members: Who gave each vote, shape of `votes`, whole numbers from 0; None = one member a
            column.
        shares: How much each vote counts instead, shape of `votes`; needs `n_options`. A judge
            asked in both orders has two halves: where it goes by position, they cancel, and
            judges who share that fault are no witnesses of each other.
        n_options: How many answers there are to choose from; None = no end of them. Of two, the
            one is taken for right under which members are right more often than not, on average.
        widest: The greatest spread of ease, in log-odds; at least 0.5.
        tolerance: Stop when the log-likelihood rises by no more than this share of it.
        max_steps: Stop after so many steps in any case.

    Raises:
        ValueError: If the shapes do not fit, a share is negative or without `n_options`, that is
            below 2, more answers are there than options, or `widest` is too small.

    >>> got = consensus([[1, 1, 1], [2, 2, 3], [4, 4, 4], [5, 5, 5], [6, 6, 6], [7, 8, 9]])
    >>> bool(got.wrong[1, 2] > 0.9 > got.wrong[5, 2] > 0.5 > got.wrong[1, 0])
    True
    """
    data = _data(_matrix(votes), members, shares, n_options)
    fit = _Fit.start(_n_members(data.members), widest)
    if len(data.votes) > _ENOUGH:
        fit, _ = _fitted(data.thinned(_ENOUGH), fit, tolerance, max_steps)
        max_steps = min(max_steps, _FEW_STEPS)
    fit, told = _fitted(data, fit, tolerance, max_steps)
    if data.options == 2 and _reliability(fit).mean() < 0.5:
        fit = replace(fit, skill=-fit.skill)
        told = _expected(data, fit)
    return _as_consensus(fit, told, data)


def doubt_by_group(
    log_odds: npt.ArrayLike, groups: npt.ArrayLike, *, strength: float = 20.0
) -> Floats:
    """Return log-odds of being wrong, where some groups of items are wrong more often than others.

    The given log-odds speak of each item as one of all; but labels of one topic may be worse than
    those of the next, and the committee shows it. Each group's own share of wrong items is
    estimated from the same log-odds (empirical Bayes by expectation maximisation), drawn towards
    the overall one, and put in its place.

    Args:
        log_odds: Of being wrong, shape (n_items,), e.g. a column of `Consensus.log_odds`; NaN = not
            known.
        groups: Which group each item is of, shape (n_items,), whole numbers from 0; -1 = none.
        strength: Items that a group needs before its own share counts as much as the overall one.

    Returns:
        Shape (n_items,).

    Raises:
        ValueError: If the shapes differ.

    >>> doubt_by_group([2.0, 2.0, 0.0, -4.0, -4.0, 0.0], [0, 0, 0, 1, 1, 1]).round(2).tolist()
    [2.16, 2.16, 0.16, -4.16, -4.16, -0.16]
    """
    given, group = np.asarray(log_odds, dtype=np.float64), np.asarray(groups, dtype=np.int64)
    if given.shape != group.shape or given.ndim != 1:
        raise ValueError(f"{given.shape} log-odds, but groups of {group.shape} items")
    known = ~np.isnan(given)
    if not known.any():
        return given
    overall = _chance(given[known]).mean(keepdims=True)
    counts, of = known & (group >= 0), np.maximum(group, 0)
    sizes = np.bincount(of[counts], minlength=int(of.max()) + 1)
    shift = np.zeros(len(sizes))
    for _ in range(_GROUP_STEPS):
        chance = _chance(given + shift[of])
        own = np.bincount(of[counts], weights=chance[counts], minlength=len(sizes))
        shift = _logit((own + strength * overall) / (sizes + strength)) - _logit(overall)
    return given + np.where(group >= 0, shift[of], 0.0)


_ENOUGH = 20_000
_FEW_STEPS = 5
_GROUP_STEPS = 50
_NARROWEST = 0.5
_SPREAD_WEIGHT = 20.0
_VARIETY = (1.0, 100.0)
_STEPS = np.exp(np.array([0.0, -0.5, 0.5, -0.15, 0.15, -0.04, 0.04]))
_N_LEVELS = 15
_TELLING = 3
_PRIOR = (4.0, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Votes:
    votes: Floats
    shares: Floats
    members: Ints
    options: int

    def thinned(self, n: int) -> _Votes:
        rows = np.linspace(0, len(self.votes) - 1, n).astype(np.int64)
        return replace(
            self, votes=self.votes[rows], shares=self.shares[rows], members=self.members[rows]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    skill: Floats
    spread: float
    widest: float
    variety: float

    @classmethod
    def start(cls, n_members: int, widest: float) -> _Fit:
        if not widest >= _NARROWEST:
            raise ValueError(f"widest must be at least {_NARROWEST}, not {widest}")
        return cls(skill=np.ones(n_members), spread=min(1.0, widest), widest=widest, variety=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the votes say under a fit."""

    log_odds: Floats
    truth: Floats
    nobody: Floats
    right: Floats
    seen: Floats
    ease: Floats
    squares: float
    likelihood: float


def _data(
    votes: Floats,
    members: npt.ArrayLike | None,
    shares: npt.ArrayLike | None,
    n_options: int | None,
) -> _Votes:
    if shares is not None and n_options is None:
        raise ValueError("shares need n_options; of open answers, each member's votes are weighed")
    who = _members(votes, members)
    share = _by_design(votes, who) if shares is None else _weights(votes, shares)
    options = _options(votes, share, n_options)
    return _Votes(votes=votes, shares=share, members=who, options=options)


def _by_design(votes: Floats, who: Ints) -> Floats:
    """Return how much each vote counts, given how much more alike one member's votes are."""
    there = ~np.isnan(votes)
    n = np.zeros(votes.shape)
    alike, pairs = np.zeros(2), np.zeros(2)
    for a in range(votes.shape[1]):
        both = there & there[:, a : a + 1]
        own = both & (who == who[:, a : a + 1])
        n[:, a] = own.sum(axis=1)
        own[:, a], both[:, a] = False, False
        same = votes == votes[:, a : a + 1]
        for k, side in enumerate((own, both & ~own)):
            alike[k] += (same & side).sum()
            pairs[k] += side.sum()
    own_agree, others_agree = np.where(pairs > 0, alike / np.maximum(pairs, 1), 0.0)
    excess = (own_agree - others_agree) / (1.0 - others_agree) if others_agree < 1 else 1.0
    return np.where(there, 1.0 / (1.0 + (np.maximum(n, 1) - 1) * np.clip(excess, 0.0, 1.0)), 0.0)


def _options(votes: Floats, share: Floats, n_options: int | None) -> int:
    from curate.measure import _vote_loops as loops

    if n_options is None:
        return 0
    most = loops.most_distinct(np.where(share > 0, votes, np.nan))
    if n_options < 2 or most > n_options:
        raise ValueError(f"up to {most} answers to one item, but n_options = {n_options}")
    return n_options


def _fitted(data: _Votes, fit: _Fit, tolerance: float, max_steps: int) -> tuple[_Fit, _Told]:
    told, before = _expected(data, fit), -np.inf
    for _ in range(max_steps):
        if told.likelihood - before <= tolerance * abs(told.likelihood):
            break
        before = told.likelihood
        fit = _maximised(data, fit, told)
        told = _expected(data, fit)
    return fit, told


def _levels() -> tuple[Floats, Floats]:
    """Return standard normal eases and the log of their shares (Gauss-Hermite)."""
    at, mass = np.polynomial.hermite_e.hermegauss(_N_LEVELS)
    return at, np.log(mass / mass.sum())


def _expected(data: _Votes, fit: _Fit) -> _Told:
    from curate.measure import _consensus_loops as loops

    at, log_mass = _levels()
    n, m = len(data.votes), len(fit.skill)
    log_odds, truth = np.empty_like(data.votes), np.empty_like(data.votes)
    nobody, ease = np.empty(n), np.empty((n, 2))
    right, seen = np.zeros(m), np.zeros((m, _N_LEVELS))
    likelihood = loops.expect(
        data.votes,
        data.shares,
        data.members,
        fit.skill,
        fit.spread * at,
        log_mass,
        fit.variety,
        data.options,
        log_odds,
        truth,
        nobody,
        right,
        seen,
        ease,
    )
    return _Told(
        log_odds=log_odds,
        truth=truth,
        nobody=nobody,
        right=right,
        seen=seen,
        ease=ease[:, 0],
        squares=float(ease[:, 1].sum()),
        likelihood=likelihood,
    )


def _maximised(data: _Votes, fit: _Fit, told: _Told) -> _Fit:
    return replace(
        fit,
        skill=_skill(fit, told),
        spread=_spread(fit, told),
        variety=_variety(data, fit, told),
    )


def _skill(fit: _Fit, told: _Told) -> Floats:
    """Return the skills under which members are right as often as expected; Newton's method."""
    ease = fit.spread * _levels()[0]
    right, seen, skill = told.right, told.seen, fit.skill
    if 0 < len(skill) < _TELLING:
        right = np.full_like(right, right.mean())
        seen = np.broadcast_to(seen.mean(axis=0), seen.shape)
    for _ in range(3):
        p, q = _chance(skill[:, None] + ease), _chance(skill)
        slope = right + _PRIOR[0] - (seen * p).sum(axis=1) - sum(_PRIOR) * q
        bend = (seen * p * (1.0 - p)).sum(axis=1) + sum(_PRIOR) * q * (1.0 - q)
        skill = np.clip(skill + np.clip(slope / np.maximum(bend, 1e-9), -1.0, 1.0), -6.0, 6.0)
    return skill


def _spread(fit: _Fit, told: _Told) -> float:
    mean = (told.squares + _SPREAD_WEIGHT) / (len(told.ease) + _SPREAD_WEIGHT)
    return float(np.clip(np.sqrt(mean), _NARROWEST, fit.widest))


def _variety(data: _Votes, fit: _Fit, told: _Told) -> float:
    from curate.measure import _consensus_loops as loops

    tried = np.clip(fit.variety * _STEPS, *_VARIETY)
    likelihood = np.zeros(len(tried))
    loops.log_partitions(
        data.votes, data.shares, told.truth, told.nobody, tried, data.options, likelihood
    )
    return float(tried[np.argmax(likelihood)])


def _as_consensus(fit: _Fit, told: _Told, data: _Votes) -> Consensus:
    log_odds, shape = told.log_odds, data.votes.shape
    voted = ~np.isnan(log_odds).all(axis=1)
    lowest = np.where(np.isnan(log_odds), np.inf, log_odds)
    best = np.where(voted, lowest.argmin(axis=1) if shape[1] else 0, -1)
    wrong = _chance(log_odds)
    doubt = np.full(shape[0], np.nan)
    doubt[voted] = wrong[voted, best[voted]]
    return Consensus(
        wrong=wrong,
        log_odds=log_odds,
        best=best,
        doubt=doubt,
        nobody=np.where(voted, told.nobody, np.nan),
        ease=told.ease,
        reliability=np.where(told.seen.sum(axis=1) > 0, _reliability(fit), 0.5),
        spread=fit.spread,
        variety=fit.variety,
    )


def _reliability(fit: _Fit) -> Floats:
    at, log_mass = _levels()
    reliability: Floats = _chance(fit.skill[:, None] + fit.spread * at) @ np.exp(log_mass)
    return reliability


def _chance(log_odds: Floats) -> Floats:
    known = ~np.isnan(log_odds)
    return np.where(known, np.exp(-np.logaddexp(0.0, np.where(known, -log_odds, 0.0))), np.nan)


def _logit(p: Floats) -> Floats:
    safe = np.clip(p, 1e-12, 1.0 - 1e-12)
    return np.log(safe / (1.0 - safe))
