"""What a queue is made of, beside what lots would have drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.measure.vendi import vendi
from curate.records import Selection
from curate.select.facility_location import nearest_cosine
from curate.select.pool import Pool
from curate.select.vectors import unit_rows

__all__ = ["composition"]

Ints = npt.NDArray[np.int64]
Figures = dict[str, float]


def composition(
    pool: Pool,
    selection: Selection,
    *,
    seed: int,
    columns: Sequence[str] = ("source", "model"),
    n_draws: int = 20,
) -> dict[str, object]:
    """Describe a queue, and the mean of `n_draws` random queues of the same size.

    Args:
        pool: What was on offer.
        selection: The queue that was picked from it.
        seed: Of the random queues and of the clusters.
        columns: Columns of the pool whose most frequent values are counted.
        n_draws: How many random queues the comparison averages.

    Returns:
        `on_offer` and `n`; then, under `queue` and `random` alike: `clusters` (of `n_clusters`
        k-means clusters of what was on offer, how many it reaches), `coverage` (mean over what
        was on offer of the cosine to the nearest picked row), `vendi` (effective number of
        different rows), and the mean of the need and of each score (NaN left out); last, under
        `shares`, for each column the share of its most frequent values in the queue and on offer.
        A figure of nothing is NaN.
    """
    rows = np.flatnonzero(pool.open)
    rng = np.random.default_rng(seed)
    view = _View(pool, unit_rows(pool.vectors), rows, _clusters(pool, rows, rng))
    k = min(len(selection), len(rows))
    draws = [_describe(view, rng.choice(rows, k, replace=False)) for _ in range(n_draws)]
    return {
        "on_offer": len(rows),
        "n": len(selection),
        "n_clusters": len(np.unique(view.clusters[rows])),
        "queue": _describe(view, selection.indices),
        "random": {name: _mean([draw[name] for draw in draws]) for name in draws[0]},
        "shares": {
            name: _shares(pool.columns[name], selection.indices, rows)
            for name in columns
            if name in pool.columns
        },
    }


@dataclass(frozen=True, slots=True)
class _View:
    pool: Pool
    vectors: npt.NDArray[np.float32]
    rows: Ints
    clusters: Ints


def _clusters(pool: Pool, rows: Ints, rng: np.random.Generator) -> Ints:
    """Number each row's k-means cluster, -1 for rows that were not on offer."""
    numbers = np.full(len(pool), -1)
    vectors = unit_rows(pool.vectors)[rows]
    n = min(_MOST_CLUSTERS, len(np.unique(vectors, axis=0)), len(rows) // _CLUSTER_SIZE + 1)
    if n < 2:
        numbers[rows] = 0
        return numbers
    from sklearn.cluster import KMeans

    sample = rng.choice(len(rows), min(len(rows), _MOST_FITTED), replace=False)
    seed = int(rng.integers(2**31))
    means = KMeans(n_clusters=n, n_init=1, random_state=seed).fit(vectors[sample])
    numbers[rows] = means.predict(vectors)
    return numbers


_MOST_CLUSTERS = 100
_CLUSTER_SIZE = 10
_MOST_FITTED = 20_000
_MOST_COVERED = 20_000


def _describe(view: _View, picked: Ints) -> Figures:
    if not len(picked):
        return {"clusters": 0.0, "coverage": float("nan"), "vendi": float("nan")} | {
            name: float("nan") for name in _scores(view.pool)
        }
    covered = view.vectors[view.rows[:: max(1, len(view.rows) // _MOST_COVERED)]]
    reached = np.unique(view.clusters[picked])
    figures = {
        "clusters": float((reached >= 0).sum()),
        "coverage": float(nearest_cosine(covered, view.vectors[picked]).mean()),
        "vendi": vendi(view.vectors[picked]),
    }
    return figures | {name: _mean(v[picked]) for name, v in _scores(view.pool).items()}


def _scores(pool: Pool) -> dict[str, npt.NDArray[np.float64]]:
    return {pool.need_name: pool.need, **pool.scores}


def _mean(values: npt.ArrayLike) -> float:
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else float("nan")


def _shares(column: list[str | None], picked: Ints, rows: Ints) -> dict[str, dict[str, float]]:
    queue = _count(column, picked)
    offered = _count(column, rows)
    top = sorted(offered, key=lambda value: (-offered[value], value))[:_TOP_VALUES]
    return {value: {"queue": queue.get(value, 0.0), "on_offer": offered[value]} for value in top}


_TOP_VALUES = 10


def _count(column: list[str | None], rows: Ints) -> dict[str, float]:
    counts: dict[str, float] = {}
    for row in rows.tolist():
        value = column[row]
        counts["" if value is None else value] = counts.get("" if value is None else value, 0) + 1
    return {value: n / max(1, len(rows)) for value, n in counts.items()}
