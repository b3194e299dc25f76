"""What a queue is made of, beside what lots would have drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.measure.vendi import vendi
from curate.records import Selection
from curate.select.facility_location import nearest_cosine
from curate.select.pool import Pool
from curate.select.regions import regions
from curate.select.vectors import unit_rows
from curate.where.cells import codes

__all__ = ["composition", "composition_lines"]

Ints = npt.NDArray[np.int64]
Figures = dict[str, float]


def composition(
    pool: Pool,
    selection: Selection,
    *,
    seed: int,
    columns: Sequence[str] = ("source", "model"),
    n_draws: int = 20,
) -> dict[str, Any]:
    """Describe a queue, and `n_draws` random queues of the same size.

    Args:
        pool: What was on offer.
        selection: The queue that was picked from it.
        seed: Of the random queues.
        columns: Columns of the pool whose values are counted.
        n_draws: How many random queues the comparison rests on.

    Returns:
        `on_offer`, `n` and `n_draws`; then, under `queue` and `random` (the mean of the draws)
        alike: `clusters` (of `n_clusters` clusters of what was on offer, how many it reaches),
        `coverage` (mean over what was on offer of the cosine to the nearest picked row), `vendi`
        (effective number of different rows), for each column how many values it reaches, `minutes`
        (estimated, of the whole queue, where the pool has them), and the mean of the need and of
        each score (NaN left out); `low` and `high`: two standard deviations of the draws around
        their mean, where 95 in 100 random queues lie; `notes`: each figure in words; last, under
        `shares`, for each column the share of its most frequent values in the queue and on offer.
        A figure of nothing is NaN.
    """
    rows = np.flatnonzero(pool.open)
    rng = np.random.default_rng(seed)
    view = _view(pool, rows, columns)
    k = min(len(selection), len(rows))
    queue = _describe(view, selection.indices)
    draws = [_describe(view, rng.choice(rows, k, replace=False)) for _ in range(n_draws)]
    mean = {name: _mean([draw[name] for draw in draws]) for name in queue}
    spread = {name: 2 * _deviation([draw[name] for draw in draws]) for name in queue}
    n_clusters = len(np.unique(view.clusters[rows]))
    return {
        "on_offer": len(rows),
        "n": len(selection),
        "n_draws": n_draws,
        "n_clusters": n_clusters,
        "queue": queue,
        "random": mean,
        "low": {name: mean[name] - spread[name] for name in mean},
        "high": {name: mean[name] + spread[name] for name in mean},
        "notes": {name: _in_words(view, name, n_clusters) for name in mean},
        "shares": {
            name: _shares(number, labels, selection.indices, rows)
            for name, (number, labels) in view.columns.items()
        },
    }


@dataclass(frozen=True, slots=True)
class _View:
    pool: Pool
    vectors: npt.NDArray[np.float32]
    rows: Ints
    clusters: Ints
    columns: Mapping[str, tuple[Ints, list[str]]]
    """The number of each row's value, and the values."""


def _view(pool: Pool, rows: Ints, columns: Sequence[str]) -> _View:
    return _View(
        pool=pool,
        vectors=unit_rows(pool.vectors),
        rows=rows,
        clusters=regions(pool),
        columns={name: codes(pool.columns[name]) for name in columns if name in pool.columns},
    )


def _describe(view: _View, picked: Ints) -> Figures:
    figures = {"clusters": float(len(np.unique(view.clusters[picked])))}
    figures |= {"coverage": _coverage(view, picked), "vendi": _vendi(view, picked)}
    for name, (number, _) in view.columns.items():
        reached = np.unique(number[picked])
        figures[_plural(name)] = float((reached >= 0).sum())
    if view.pool.minutes is not None:
        figures["minutes"] = float(np.nansum(view.pool.minutes[picked]))
    return figures | {name: _mean(v[picked]) for name, v in _scores(view.pool).items()}


def _plural(column: str) -> str:
    return f"{column}s"


def _coverage(view: _View, picked: Ints) -> float:
    if not len(picked) or not len(view.rows):
        return math.nan
    most = max(_LEAST_COVERED, min(_MOST_COVERED, _SIMILARITIES // len(picked)))
    covered = view.rows[:: max(1, len(view.rows) // most)]
    return float(nearest_cosine(view.vectors[covered], view.vectors[picked]).mean())


_SIMILARITIES = 2_000_000
"""How many are computed for one queue: of a large pool a part is looked at."""
_LEAST_COVERED = 1_000
_MOST_COVERED = 20_000


def _vendi(view: _View, picked: Ints) -> float:
    return vendi(view.vectors[picked]) if len(picked) else math.nan


def _scores(pool: Pool) -> dict[str, npt.NDArray[np.float64]]:
    return {pool.need_name: pool.need, **pool.scores}


def _mean(values: npt.ArrayLike) -> float:
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else math.nan


def _deviation(values: npt.ArrayLike) -> float:
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    return float(known.std(ddof=1)) if len(known) > 1 else math.nan


def _in_words(view: _View, name: str, n_clusters: int) -> str:
    fixed = {
        "clusters": f"of {n_clusters:,} clusters of prompts it reaches",
        "coverage": "mean cosine of what was on offer to the nearest picked row",
        "vendi": "effective number of different prompts (Vendi score)",
        "minutes": "estimated minutes of all reviewers together",
    }
    fixed |= {_plural(c): f"different values of {c} among them" for c in view.columns}
    return fixed.get(name, f"mean {name.replace('_', ' ')}")


def _shares(
    number: Ints, labels: Sequence[str], picked: Ints, rows: Ints
) -> dict[str, dict[str, float]]:
    queue, offered = _count(number, labels, picked), _count(number, labels, rows)
    names = [*labels, ""]
    top = sorted(
        (n for n in range(len(names)) if offered[n]), key=lambda n: (-offered[n], names[n])
    )
    return {names[n]: {"queue": queue[n], "on_offer": offered[n]} for n in top[:_TOP_VALUES]}


_TOP_VALUES = 10


def _count(number: Ints, labels: Sequence[str], rows: Ints) -> list[float]:
    """Return the share of each value among `rows`; last, of rows without one."""
    known = np.where(number[rows] < 0, len(labels), number[rows])
    counts = np.bincount(known, minlength=len(labels) + 1)
    return [float(n / max(1, len(rows))) for n in counts]


def composition_lines(figures: Mapping[str, Any]) -> list[str]:
    """Return what `composition` found as lines to read: a table, and what the shares are.

    Args:
        figures: As `composition` returns them.
    """
    if not figures["n"]:
        return ["the queue is empty"]
    head = (
        f"{figures['n']:,} of {figures['on_offer']:,} rows on offer; beside them "
        f"{figures['n_draws']} queues by lot, their mean and where 95 in 100 of them lie"
    )
    rows = [_row(figures, name) for name in figures["queue"]]
    width = [max(len(row[n]) for row in rows) for n in range(3)]
    table = [
        f"  {note:<{width[0]}}  {queue:>{width[1]}}  by lot {lot:<{width[2]}}  {more}".rstrip()
        for note, queue, lot, more in rows
    ]
    shares = [f"  {name}: {_listed(of)}" for name, of in figures["shares"].items() if of]
    return [head, *table, *shares]


def _row(figures: Mapping[str, Any], name: str) -> tuple[str, str, str, str]:
    mine, mean = figures["queue"][name], figures["random"][name]
    low, high = figures["low"][name], figures["high"][name]
    lot = f"{_short(mean)} ({_short(low)} to {_short(high)})"
    beside = "more" if mine > high else "less" if mine < low else ""
    return figures["notes"][name], _short(mine), lot, beside


def _short(value: float) -> str:
    if math.isnan(value):
        return "none"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _listed(shares: Mapping[str, Mapping[str, float]]) -> str:
    said = [
        f"{value or 'none'} {share['queue']:.0%} ({share['on_offer']:.0%} on offer)"
        for value, share in list(shares.items())[:_SHOWN_VALUES]
    ]
    more = len(shares) - _SHOWN_VALUES
    return ", ".join([*said, f"{more} more"] if more > 0 else said)


_SHOWN_VALUES = 5
