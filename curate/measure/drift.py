"""Whether new rows are like old ones: a two-sample test by classifier, and clusters that grew.

In: vectors of old and of new rows, shapes (n_old, n_dims) and (n_new, n_dims), one row for each
unit that came by itself: of rows that belong together (one chat's turns, copies of one text)
give one, or the test takes one event for many.

**The rule.** New rows **reopen** the queue if a difference is both sure and large enough to matter:

* they are told from the old ones with p <= 0.01, and the AUROC is above 0.55 by its interval; or
* the clusters' shares changed with p <= 0.01 and a stability index 0.1 above that of chance; or
* more than a tenth of them, by its interval, lies farther from everything reviewed than 19 of 20
  old rows do.

A difference that is sure (p <= 0.05) and small is to be **watched**. Fewer than 50 new rows
**cannot tell** that nothing changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.measure.intervals import Interval, share_interval
from curate.measure.two_sample import MOST, TwoSample, drawn, rows_drawn

__all__ = [
    "ClusterChange",
    "ClusterShift",
    "Drift",
    "cluster_shift",
    "drift",
    "uncovered",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterChange:
    """One cluster's share of the old and of the new rows."""

    old: float
    new: float
    low: float
    """Lower end of the new share's 95 % interval."""
    high: float
    examples: tuple[int, ...]
    """New rows nearest to its middle, the nearest first."""
    members: Ints
    """All new rows in it."""

    @property
    def growth(self) -> float:
        """New share over old share."""
        return self.new / self.old if self.old > 0 else math.inf if self.new > 0 else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterShift:
    """How the shares of clusters changed."""

    psi: float
    """Population stability index: 0 = the same shares, from 0.1 a change, from 0.25 a large one."""
    psi_by_chance: float
    """What the index is on average where nothing changed, for so few rows."""
    p_value: float
    """Pearson's chi-square test of equal shares."""
    clusters: tuple[ClusterChange, ...]
    """Those that hold new rows, the one that grew most (new share less old share) first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What is to be done about new rows."""

    state: Literal["reopen", "watch", "no drift", "cannot tell"]
    reasons: tuple[str, ...]
    """Clauses without a full stop; none where nothing differs."""


def drift(test: TwoSample, shift: ClusterShift, far: Interval) -> Drift:
    """Say whether new rows reopen the queue, by the rule of this module.

    Args:
        test: From `measure.two_sample`.
        shift: From `cluster_shift`.
        far: From `uncovered`.
    """
    large = _large(test, shift, far)
    if large:
        return Drift(state="reopen", reasons=tuple(large))
    if min(test.p_value, shift.p_value) <= _SURE:  # NaN is no evidence
        reason = f"new prompts differ from the old ones, but little: {_told_apart(test)}"
        return Drift(state="watch", reasons=(reason,))
    if test.n_new < _ENOUGH:
        reason = f"{test.n_new:,} new prompts are too few to tell; {_ENOUGH} are needed"
        return Drift(state="cannot tell", reasons=(reason,))
    return Drift(state="no drift", reasons=())


_SURE, _VERY_SURE, _ENOUGH = 0.05, 0.01, 50
_AUROC, _PSI, _FAR = 0.55, 0.1, 0.1


def _large(test: TwoSample, shift: ClusterShift, far: Interval) -> list[str]:
    found = []
    if test.p_value <= _VERY_SURE and test.auroc.low > _AUROC:
        found.append(f"a classifier tells new prompts from old ones: {_told_apart(test)}")
    if shift.p_value <= _VERY_SURE and shift.psi - shift.psi_by_chance >= _PSI:
        found.append(
            f"the shares of topics changed: stability index {shift.psi:.2f} "
            f"(chance alone: {shift.psi_by_chance:.2f})"
        )
    if far.low > _FAR:
        found.append(
            f"{100 * far.value:.0f} % [{100 * far.low:.0f}, {100 * far.high:.0f}] of the new "
            "prompts lie farther from all that was reviewed than 95 % of the old ones"
        )
    return found


def _told_apart(test: TwoSample) -> str:
    area = test.auroc
    return f"AUROC {area.value:.2f} [{area.low:.2f}, {area.high:.2f}], p = {test.p_value:.3f}"


_ROUNDING = 1e-12


def cluster_shift(
    old: npt.ArrayLike,
    new: npt.ArrayLike,
    *,
    clusters: int | None = None,
    most: int = MOST,
    rng: np.random.Generator | int = 7,
) -> ClusterShift:
    """Return how the shares of clusters differ between old and new rows.

    Both sides are clustered together (k-means), without looking at which is which.

    Args:
        old: Shape (n_old, n_dims).
        new: Shape (n_new, n_dims).
        clusters: How many; None = one for 50 rows of the smaller side, 2 to 20.
        most: Rows of each side that are looked at, drawn by lot.
        rng: Of the draws and the clusters' first middles.

    Returns:
        NaN and no clusters where a side has fewer than 10 rows.
    """
    from scipy.stats import chi2

    rng = np.random.default_rng(rng)
    ours, theirs = rows_drawn(old, most, rng), rows_drawn(new, most, rng)
    if min(len(ours), len(theirs)) < _LEAST:
        return ClusterShift(psi=math.nan, psi_by_chance=math.nan, p_value=math.nan, clusters=())
    x = np.concatenate([np.asarray(old)[ours], np.asarray(new)[theirs]]).astype(np.float64)
    k = clusters or int(min(20, max(2, min(len(ours), len(theirs)) // 50)))
    labels, middles = _kmeans(x, k, int(rng.integers(2**31 - 1)))
    counts = _counted(labels, len(ours))
    statistic, df = _chi_square(counts)
    return ClusterShift(
        psi=_psi(counts),
        psi_by_chance=df * float((1 / counts.sum(axis=1)).sum()),
        p_value=float(chi2.sf(statistic, df)) if df else 1.0,
        clusters=_changes(labels[: len(ours)], labels[len(ours) :], x, middles, theirs),
    )


_LEAST = 10


def uncovered(
    old: npt.ArrayLike,
    new: npt.ArrayLike,
    reviewed: npt.ArrayLike,
    *,
    far: float = 0.95,
    most: int = MOST,
    rng: np.random.Generator | int = 7,
) -> Interval:
    """Return the share of new rows that lie farther from all reviewed ones than old rows do.

    "Far" is what only ``1 - far`` of the old rows are: where nothing drifted, the share of far
    new rows is ``1 - far`` too, however thinly the reviewed rows cover the old ones.

    Args:
        old: Rows that rounds chose from and that were not reviewed, shape (n_old, n_dims), unit.
        new: Shape (n_new, n_dims), unit.
        reviewed: Shape (n_reviewed, n_dims), unit.
        far: Quantile of the old rows' distances.
        most: Rows of each side that are looked at, drawn by lot.
        rng: Of the draws.

    Returns:
        NaN where a side is empty.
    """
    rng = np.random.default_rng(rng)
    ours, theirs = drawn(old, most, rng), drawn(new, most, rng)
    middle = np.asarray(reviewed, np.float64)
    if not (len(ours) and len(theirs) and len(middle)):
        return Interval(value=math.nan, low=math.nan, high=math.nan)
    limit = float(np.quantile(_distance(ours, middle), far))
    share = float((_distance(theirs, middle) > limit + _ROUNDING).mean())
    low, high = share_interval(share, len(theirs))
    return Interval(value=share, low=low, high=high, n=len(theirs))


def _kmeans(x: Floats, k: int, seed: int) -> tuple[Ints, Floats]:
    from sklearn.cluster import KMeans

    fitted = KMeans(min(k, len(np.unique(x, axis=0))), n_init=1, random_state=seed).fit(x)
    return fitted.labels_.astype(np.int64), fitted.cluster_centers_


def _counted(labels: Ints, n_old: int) -> Floats:
    """Return the rows of each side in each cluster, shape (2, n_clusters)."""
    sides = np.split(labels, [n_old])
    counts = [np.bincount(side, minlength=labels.max() + 1) for side in sides]
    return np.stack(counts).astype(np.float64)


def _chi_square(counts: Floats) -> tuple[float, int]:
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    return float((np.square(counts - expected) / expected).sum()), counts.shape[1] - 1


def _psi(counts: Floats) -> float:
    """Return the population stability index, half a row added to each cluster of each side."""
    shares = counts + 0.5
    shares /= shares.sum(axis=1, keepdims=True)
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _changes(
    ours: Ints, theirs: Ints, x: Floats, middles: Floats, rows: Ints
) -> tuple[ClusterChange, ...]:
    new = x[len(ours) :]
    changes = []
    for c in np.unique(theirs).tolist():
        members = np.flatnonzero(theirs == c)
        share = len(members) / len(theirs)
        low, high = share_interval(share, len(theirs))
        gap = np.linalg.norm(new[members] - middles[c], axis=1)
        nearest = members[np.argsort(gap, kind="stable")[:_EXAMPLES]]
        changes.append(
            ClusterChange(
                old=float((ours == c).mean()),
                new=share,
                low=low,
                high=high,
                examples=tuple(rows[nearest].tolist()),
                members=rows[members],
            )
        )
    return tuple(sorted(changes, key=lambda change: change.old - change.new))


_EXAMPLES = 3


def _distance(x: Floats, reviewed: Floats) -> Floats:
    """Return 1 - cosine to the nearest reviewed row, in blocks."""
    nearest = [
        (part @ reviewed.T).max(axis=1)
        for part in np.array_split(x, max(1, len(x) // _BLOCK))
        if len(part)
    ]
    return 1 - np.concatenate(nearest)


_BLOCK = 512
