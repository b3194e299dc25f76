"""The geometry of the page's charts: numbers to coordinates that the template draws as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.report.distributions import Bar, Histogram, rank_correlation, wilson
from curate.report.page import Committee, Map, Measure, QueueRow, Scores
from curate.report.regions import Region, name_regions
from curate.report.wording import count, number, percent

__all__ = [
    "Cell",
    "Column",
    "Dots",
    "Mark",
    "Picture",
    "Rate",
    "columns",
    "correlations",
    "dots",
    "picture",
    "rate",
    "redundancy",
    "stacked",
]

Floats = npt.NDArray[np.floating]
Indices = npt.NDArray[np.integer]

_DRAWN = 5_000
_RANKED = 20_000
_SIDE = 1000
_RIM = 24
_LABEL = 140
_WORDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One bin of a mirrored histogram: the pool upwards, the queue downwards, from y = 0.

    Positions are in 0 … 100; the tallest bar of either side has height 50.
    """

    x: float
    width: float
    up: float
    down: float
    tip: str


def columns(histogram: Histogram, *, names: tuple[str, str] = ("pool", "queue")) -> list[Column]:
    """Return the bars of a histogram, pool and queue each to its own height.

    Args:
        histogram: What to draw.
        names: What the two are called.
    """
    n = len(histogram.bars)
    pool, queue = max(1, histogram.n_pool), max(1, histogram.n_queue)
    most_pool = max((bar.pool for bar in histogram.bars), default=0) or 1
    most_queue = max((bar.queue for bar in histogram.bars), default=0) or 1
    step = 100 / max(n, 8)
    margin = (100 - step * n) / 2
    return [
        Column(
            x=round(margin + i * step, 3),
            width=round(step * 0.84, 3),
            up=_height(bar.pool / most_pool),
            down=_height(bar.queue / most_queue),
            tip=_tip(bar, pool, queue, names),
        )
        for i, bar in enumerate(histogram.bars)
    ]


def _height(share: float) -> float:
    return round(max(50 * share, 0.8), 2) if share else 0.0


def _tip(bar: Bar, pool: int, queue: int, names: tuple[str, str]) -> str:
    span = number(bar.low) if bar.high == bar.low else f"{number(bar.low)} to {number(bar.high)}"
    shares = f"{names[0]} {count(bar.pool)} ({percent(bar.pool / pool)})"
    return f"{span}: {shares}, {names[1]} {count(bar.queue)} ({percent(bar.queue / queue)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One rank correlation; `level` -4 … 4 is its shade."""

    value: float
    level: int


def correlations(scores: Scores) -> list[tuple[str, list[Cell]]]:
    """Return the rank correlation of each score with each, a row a score.

    Of a pool of more than 20,000 rows, 20,000 drawn at random are ranked.
    """
    names = list(scores.columns)
    rows = _sample(len(scores.queued), _RANKED)
    values = [np.asarray(scores.columns[name], np.float64)[rows] for name in names]
    table = np.eye(len(names))
    for i in range(len(names)):
        for j in range(i + 1):
            table[i, j] = table[j, i] = rank_correlation(values[i], values[j])
    return [(name, [_cell(v) for v in table[i].tolist()]) for i, name in enumerate(names)]


def redundancy(committee: Committee) -> list[tuple[str, list[Cell]]]:
    """Return how far each member repeats each, a row a member, in the committee's order.

    Raises:
        ValueError: If the matrix is not of these members.
    """
    n = len(committee.members)
    if np.shape(committee.correlation) != (n, n):
        raise ValueError(f"correlation has shape {np.shape(committee.correlation)} for {n} members")
    rows = np.asarray(committee.correlation, np.float64).tolist()
    return [
        (m.name, [_cell(v) for v in row]) for m, row in zip(committee.members, rows, strict=True)
    ]


def _cell(value: float) -> Cell:
    level = 0 if math.isnan(value) else round(4 * value)
    return Cell(value=value, level=level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots:
    """Queue, random draw and pool on one scale of 0 to 100; NaN where unknown."""

    queue: float
    random: float
    pool: float


def dots(measure: Measure) -> Dots:
    """Place a measure's three values on its own scale, which starts at 0."""
    values = [v for v in (measure.queue, measure.random, measure.pool) if math.isfinite(v)]
    low, high = min([0.0, *values]), max([0.0, *values])
    span = (high - low) or 1.0

    def at(value: float) -> float:
        return round(4 + 92 * (value - low) / span, 2)

    return Dots(queue=at(measure.queue), random=at(measure.random), pool=at(measure.pool))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of a count with its 95 % interval, all in [0, 1]."""

    name: str
    part: str
    wrong: int
    n: int
    share: float
    low: float
    high: float


def rate(name: str, part: str, wrong: int, n: int) -> Rate:
    """Return the share of `wrong` in `n`; `part` names its colour."""
    low, high = wilson(wrong, n)
    share = wrong / n if n else float("nan")
    return Rate(name=name, part=part, wrong=wrong, n=n, share=share, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A row of the queue on the map."""

    x: float
    y: float
    part: str
    row: int
    """Index into the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The map in a box of `width` by `height`, y downwards."""

    width: int
    height: int
    dust: str
    """SVG path of a dot for each point of the pool that is drawn."""
    marks: tuple[Mark, ...]
    rings: tuple[tuple[float, float], ...]
    """Reviewed in earlier rounds."""
    regions: tuple[Region, ...]
    drawn: int
    n: int
    hover: tuple[tuple[float, float, str], ...]
    """(x, y, label) of the points drawn that have one."""


def picture(page_map: Map, queue: Sequence[QueueRow], *, show_text: bool = True) -> Picture:
    """Lay the map out: at most 5,000 points of the pool, every mark of the queue.

    Where points are left out, those drawn are a random sample, the same one each time.

    Raises:
        ValueError: If the map's queue is not the page's, or an index is out of range.
    """
    _check(page_map, queue)
    width, height, at = _boxed(np.asarray(page_map.xy, np.float64))
    sample = _sample(len(at), _DRAWN)
    labels = list(page_map.labels) if show_text else []
    rows = sample.tolist()
    return Picture(
        width=width,
        height=height,
        dust=_dust(at[sample]),
        marks=_marks(at, page_map.queued, queue),
        rings=tuple((x, y) for x, y in at[page_map.reviewed].tolist()),
        regions=name_regions(at[sample], [labels[i][:_WORDS] for i in rows]) if labels else (),
        drawn=len(sample),
        n=len(at),
        hover=tuple((*at[i].tolist(), labels[i][:_LABEL]) for i in rows) if labels else (),
    )


def _check(page_map: Map, queue: Sequence[QueueRow]) -> None:
    n = len(page_map.xy)
    if len(page_map.queued) != len(queue):
        raise ValueError(f"map has {len(page_map.queued)} queued points, the queue {len(queue)}")
    if len(page_map.labels) not in (0, n):
        raise ValueError(f"map has {len(page_map.labels)} labels for {n} points")
    for index in (page_map.queued, page_map.reviewed):
        if len(index) and not (0 <= int(np.min(index)) and int(np.max(index)) < n):
            raise ValueError(f"map has {n} points, and an index beyond them")


def _boxed(xy: npt.NDArray[np.float64]) -> tuple[int, int, npt.NDArray[np.float64]]:
    xy = np.nan_to_num(xy.reshape(-1, 2))
    if not len(xy):
        return _SIDE, _SIDE, xy
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = float((high - low).max()) or 1.0
    scale = (_SIDE - 2 * _RIM) / span
    size = (high - low) * scale
    height = max(400.0, float(size[1]) + 2 * _RIM)
    offset = np.array([(_SIDE - size[0]) / 2, (height - size[1]) / 2])
    at: npt.NDArray[np.float64] = (xy - low) * scale + offset
    at[:, 1] = height - at[:, 1]
    return _SIDE, round(height), at.round(1)


def _sample(n: int, most: int) -> Indices:
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def _dust(at: Floats) -> str:
    return "".join(f"M{x:g} {y:g}h0" for x, y in at.tolist())


def _marks(at: Floats, queued: Indices, queue: Sequence[QueueRow]) -> tuple[Mark, ...]:
    points = at[queued].tolist()
    return tuple(
        Mark(x=x, y=y, part=row.part, row=i)
        for i, ((x, y), row) in enumerate(zip(points, queue, strict=True))
    )


def stacked(shares: Mapping[str, int]) -> list[tuple[str, int, float, float]]:
    """Return (name, count, start, width) of each part of one bar of width 100."""
    total = sum(shares.values()) or 1
    parts, start = [], 0.0
    for name, n in shares.items():
        width = 100 * n / total
        parts.append((name, n, round(start, 3), round(width, 3)))
        start += width
    return parts
