"""The geometry of what rounds found: shares by round with their intervals, as the page draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from curate.report.progress import Foretold, RoundRow, Span
from curate.report.wording import number, percent

__all__ = ["Curve", "Line", "Point", "Tick", "areas_by_round", "found_by_round"]

WIDTH, HEIGHT = 560.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 14.0, 12.0, 30.0
_APART = 7.0
"""Lines of one chart stand beside each other by so much, so that whiskers can be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One round of a line, in the chart's coordinates."""

    x: float
    y: float
    low: float
    high: float
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart."""

    name: str
    part: str
    """Names its colour."""
    points: tuple[Point, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A chart of lines over rounds."""

    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    """Rounds, along x."""
    up: tuple[Tick, ...]
    level: float | None = None
    """Where chance lies, along y."""
    width: float = WIDTH
    height: float = HEIGHT


def found_by_round(rounds: Sequence[RoundRow]) -> Curve | None:
    """Draw the share of useful answers by round: chosen, and by chance with its interval.

    Returns:
        None with nothing to draw.
    """
    chosen = [row.chosen for row in rounds]
    chance = [row.chance for row in rounds]
    numbers = [row.number for row in rounds]
    named = [("chosen", "active", chosen), ("by chance", "random", chance)]
    return _curve(numbers, named, least=0.0, percents=True)


def areas_by_round(foretold: Sequence[Foretold], on: str) -> Curve | None:
    """Draw how well scores foretold each round's answers on one set of rows.

    Args:
        foretold: Of all rounds.
        on: Which rows: by lot, asked, test or calibration.
    """
    here = [entry for entry in foretold if entry.on == on]
    numbers = sorted({entry.round for entry in here})
    names = list(dict.fromkeys(entry.by for entry in here))[:_LINES]
    spans = {(entry.by, entry.round): entry.auroc for entry in here}
    parts = ("active", "random", "always")
    named = [
        (name, part, [spans.get((name, n), Span()) for n in numbers])
        for name, part in zip(names, parts, strict=False)
    ]
    return _curve(numbers, named, least=0.5, percents=False, level=0.5)


_LINES = 3


def _curve(
    numbers: Sequence[int],
    named: Sequence[tuple[str, str, Sequence[Span]]],
    *,
    least: float,
    percents: bool,
    level: float | None = None,
) -> Curve | None:
    spans = [span for _, _, line in named for span in line if math.isfinite(span.value)]
    if not spans:
        return None
    low = min(least, *(_floor(min(_end(s.low, s.value), s.value)) for s in spans))
    high = _ceiling(max(max(_end(s.high, s.value), s.value) for s in spans), low)
    scale = _Scale(low, high, numbers)
    lines = tuple(
        _line(name, part, line, scale, (n - (len(named) - 1) / 2) * _APART, percents)
        for n, (name, part, line) in enumerate(named)
    )
    return Curve(
        lines=tuple(line for line in lines if line.points),
        across=tuple(Tick(at=scale.x(i), text=f"{n}") for i, n in _few(numbers)),
        up=tuple(_ticks(scale, percents)),
        level=None if level is None else scale.y(level),
    )


class _Scale:
    def __init__(self, low: float, high: float, numbers: Sequence[int]):
        self.low, self.high, self.n = low, high, len(numbers)

    def x(self, i: int) -> float:
        room = WIDTH - _LEFT - _RIGHT
        return round(_LEFT + room * (i + 0.5) / self.n, 1)

    def y(self, value: float) -> float:
        room = HEIGHT - _TOP - _BOTTOM
        return round(_TOP + room * (1 - (value - self.low) / (self.high - self.low)), 1)


def _few(numbers: Sequence[int]) -> list[tuple[int, int]]:
    step = max(1, math.ceil(len(numbers) / _MOST_TICKS))
    return [(i, n) for i, n in enumerate(numbers) if i % step == 0]


_MOST_TICKS = 14


def _end(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _floor(value: float) -> float:
    return math.floor(value * 10) / 10


def _ceiling(value: float, low: float) -> float:
    return max(min(1.0, math.ceil(value * 10) / 10), low + 0.1)


def _ticks(scale: _Scale, percents: bool) -> list[Tick]:
    span = scale.high - scale.low
    step = next(s for s in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0) if span / s <= _LEVELS)
    count = math.floor(span / step + 1e-9)
    values = [scale.low + i * step for i in range(count + 1)]
    write = percent if percents else number
    return [Tick(at=scale.y(v), text=write(v)) for v in values]


_LEVELS = 5


def _line(
    name: str, part: str, spans: Sequence[Span], scale: _Scale, shift: float, percents: bool
) -> Line:
    points = tuple(
        Point(
            x=round(scale.x(i) + shift, 1),
            y=scale.y(span.value),
            low=scale.y(_end(span.low, span.value)),
            high=scale.y(_end(span.high, span.value)),
            tip=f"{name}: {_tip(span, percents)}",
        )
        for i, span in enumerate(spans)
        if math.isfinite(span.value)
    )
    path = "M" + "L".join(f"{p.x:g} {p.y:g}" for p in points) if len(points) > 1 else ""
    return Line(name=name, part=part, points=points, path=path)


def _tip(span: Span, percents: bool) -> str:
    write = percent if percents else number
    return f"{write(span.value)} [{write(span.low)}, {write(span.high)}], n = {span.n}"
