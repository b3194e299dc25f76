"""What is true, and who is how reliable, from votes alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DawidSkene", "dawid_skene"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DawidSkene:
    """A fitted Dawid-Skene model."""

    posteriors: Floats
    """Chance of each class for each item, shape (n_items, n_classes); the prior where nobody
    rated."""
    confusion: Floats
    """P(rater says l | truth is k), shape (n_raters, k, l); rows add up to 1."""
    prior: Floats
    """Share of each class, shape (n_classes,)."""
    log_likelihood: tuple[float, ...]
    """Before each step (with the log of the smoothing prior); never falls."""


def dawid_skene(
    ratings: npt.ArrayLike,
    n_classes: int,
    *,
    max_iter: int = 100,
    tol: float = 1e-7,
    smoothing: float = 0.0,
) -> DawidSkene:
    """Estimate the true class of each item and each rater's confusion matrix from votes alone.

    Expectation-maximisation from the vote shares (Dawid and Skene, Applied Statistics 28,
    1979). Items with the same votes share one posterior, so the work grows with the number of
    distinct vote patterns. Use it where raters differ in care and items overlap; with one vote
    an item it can only repeat the votes.

    Args:
        ratings: Class numbers 0 .. n_classes - 1, shape (n_items, n_raters), NaN = not rated.
        n_classes: How many classes there are.
        max_iter: Most steps.
        tol: Stop once a step gains less log-likelihood than this, per vote.
        smoothing: Votes added to each cell of each confusion matrix; a little keeps few votes
            from being taken as certain.

    Raises:
        ValueError: If a rating is no class number.
    """
    votes = _votes(ratings, n_classes)
    patterns = _patterns(votes)
    posterior = _shares(patterns, n_classes)
    history: list[float] = []
    while True:
        prior, confusion = _maximise(patterns, posterior, smoothing)
        posterior, gained = _expect(patterns, prior, confusion, smoothing)
        history.append(gained)
        if _settled(history, tol * max(1, patterns.n_votes)) or len(history) > max_iter:
            break
    return DawidSkene(
        posteriors=posterior[patterns.of_item],
        confusion=confusion.transpose(0, 2, 1),
        prior=prior,
        log_likelihood=tuple(history),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patterns:
    """The distinct rows of a votes matrix, as one list of votes."""

    starts: Ints
    raters: Ints
    labels: Ints
    weight: Floats
    of_item: Ints
    n_raters: int
    n_votes: int


def _votes(ratings: npt.ArrayLike, n_classes: int) -> npt.NDArray[np.int16]:
    matrix = np.asarray(ratings, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"ratings must have the shape (n_items, n_raters), not {matrix.shape}")
    missing = np.isnan(matrix)
    votes = np.where(missing, -1, matrix).astype(np.int16)
    wrong = ~missing & ((votes != matrix) | (votes < 0) | (votes >= n_classes))
    if wrong.any():
        row, rater = np.argwhere(wrong)[0]
        raise ValueError(
            f"item {row}, rater {rater}: {matrix[row, rater]:g} is no class; "
            f"classes are 0 to {n_classes - 1}"
        )
    return votes


def _patterns(votes: npt.NDArray[np.int16]) -> _Patterns:
    first, of_item, weight = _distinct_rows(votes)
    distinct = votes[first]
    pattern, raters = np.nonzero(distinct >= 0)
    starts = np.searchsorted(pattern, np.arange(len(distinct) + 1))
    return _Patterns(
        starts=starts.astype(np.int64),
        raters=raters.astype(np.int64),
        labels=distinct[pattern, raters].astype(np.int64),
        weight=weight.astype(np.float64),
        of_item=of_item,
        n_raters=votes.shape[1],
        n_votes=int(weight[pattern].sum()),
    )


def _distinct_rows(votes: npt.NDArray[np.int16]) -> tuple[Ints, Ints, Ints]:
    """Return the first index of each distinct row, the row of each item, and the counts."""
    base = int(votes.max(initial=-1)) + 2
    if base ** votes.shape[1] > _MOST_KEYS:
        _, first, of_item, counts = np.unique(
            votes, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        return first, of_item.reshape(-1), counts
    keys = np.zeros(len(votes), np.int64)
    for column in votes.T:
        keys = keys * base + (column + 1)
    counts = np.bincount(keys, minlength=1)
    present = np.flatnonzero(counts)
    place = np.zeros(len(counts), np.int64)
    place[present] = np.arange(len(present))
    of_item = place[keys]
    first = np.empty(len(present), np.int64)
    first[of_item[::-1]] = np.arange(len(votes))[::-1]
    return first, of_item, counts[present]


_MOST_KEYS = 1 << 22


def _shares(patterns: _Patterns, n_classes: int) -> Floats:
    """Return the share of votes for each class in each pattern; even where there is no vote."""
    pattern = np.repeat(np.arange(len(patterns.weight)), np.diff(patterns.starts))
    cells = np.bincount(
        pattern * n_classes + patterns.labels, minlength=len(patterns.weight) * n_classes
    )
    counts = cells.reshape(len(patterns.weight), n_classes).astype(np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    return np.where(totals > 0, counts / np.maximum(totals, 1), 1 / n_classes)


def _maximise(patterns: _Patterns, posterior: Floats, smoothing: float) -> tuple[Floats, Floats]:
    from curate.measure import _dawid_skene_loops as loops

    p = patterns
    counts = loops.tally(p.starts, p.raters, p.labels, p.weight, posterior, p.n_raters) + smoothing
    totals = counts.sum(axis=1, keepdims=True)
    n_classes = posterior.shape[1]
    confusion = np.where(totals > 0, counts / np.where(totals > 0, totals, 1), 1 / n_classes)
    share = (p.weight[:, None] * posterior).sum(axis=0)
    whole = share.sum()
    prior = share / whole if whole else np.full(n_classes, 1 / n_classes)
    return prior, confusion


def _expect(
    patterns: _Patterns, prior: Floats, confusion: Floats, smoothing: float
) -> tuple[Floats, float]:
    from curate.measure import _dawid_skene_loops as loops

    p = patterns
    with np.errstate(divide="ignore"):
        log_confusion = np.log(confusion)
    posterior, likelihood = loops.expect(
        p.starts, p.raters, p.labels, p.weight, prior, log_confusion
    )
    return posterior, likelihood + (smoothing * float(log_confusion.sum()) if smoothing else 0.0)


def _settled(history: list[float], least: float) -> bool:
    return len(history) > 1 and history[-1] - history[-2] < least
