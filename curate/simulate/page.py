"""Curves as one self-contained HTML page: no network, no script, nothing in the data can run."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.report.embedded import policy, shown
from curate.simulate.curves import THRESHOLDS, Curves
from curate.simulate.efficiency import Efficiency
from curate.simulate.filed import Part
from curate.simulate.picture import colored

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["page"]

_HERE = Path(__file__).parent
_WIDTH, _HEIGHT = 760.0, 360.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 12.0, 34.0


def page(title: str, parts: Sequence[Part], notes: Sequence[str] = ()) -> str:
    """Return the page as HTML.

    Args:
        title: What was simulated, e.g. the file's name.
        parts: What came out.
        notes: What a reader must know beside the curves' own notes.
    """
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    return _template().render(
        title=title,
        policy=_markup(policy(script="", style=style)),
        style=_markup(style),
        sections=[_section(part) for part in parts],
        notes=list(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A strategy's curve as drawn."""

    name: str
    mark: int
    """Number of its colour, 0 = random."""
    path: str
    band: str
    end_x: float
    end_y: float
    tips: tuple[tuple[float, float, str], ...]
    """(x, y, what it says) of each point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part as shown."""

    part: Part
    lines: tuple[Line, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    full_y: float | None
    heads: tuple[str, ...]
    """Of the columns of label efficiency."""
    rows: tuple[tuple[str, int, str, str, tuple[tuple[str, str], ...]], ...]
    """Strategy, mark, verdict, area, and label efficiency with its interval at each head."""
    extras: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Further metric, and its last value of each strategy."""


def _section(part: Part) -> Section:
    curves = part.curves
    axes = _Axes(curves)
    marks = _marks(curves)
    return Section(
        part=part,
        lines=tuple(_line(curves, name, marks[name], axes) for name in curves.strategies),
        x_ticks=tuple((axes.x(v), f"{v:,.0f}") for v in _ticks(0, float(curves.labels[-1]))),
        y_ticks=tuple((axes.y(v), f"{v:,.4g}") for v in _ticks(axes.low, axes.high)),
        full_y=axes.y(curves.full) if math.isfinite(curves.full) else None,
        heads=tuple(_heads(curves)),
        rows=tuple(_row(curves, name, marks[name]) for name in curves.strategies),
        extras=tuple(
            (label, tuple((name, f"{of[name].mean(axis=0)[-1]:.3f}") for name in of))
            for label, of in curves.extras.items()
        ),
    )


def _marks(curves: Curves) -> dict[str, int]:
    names = [name for name, _ in colored(curves) if name != curves.baseline]
    return {curves.baseline: 0} | {name: 1 + i % 12 for i, name in enumerate(names)}


class _Axes:
    """Where a number of labels and a value of the metric lie in the picture."""

    def __init__(self, curves: Curves) -> None:
        bands = [curves.band(name) for name in curves.strategies]
        values = [v for name in curves.strategies for v in curves.mean(name).tolist()]
        values += [v for band in bands for side in band for v in side.tolist()]
        values += [curves.full]
        known: list[float] = [v for v in values if math.isfinite(v)] or [0.0, 1.0]
        self.low, self.high = min(known), max(known)
        if self.high - self.low < 1e-9:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        self._most = float(curves.labels[-1]) or 1.0

    def x(self, labels: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * labels / self._most, 2)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share, 2)


def _line(curves: Curves, name: str, mark: int, axes: _Axes) -> Line:
    xs = [axes.x(v) for v in curves.labels.tolist()]
    means = curves.mean(name).tolist()
    ys = [axes.y(v) for v in means]
    low, high = (side.tolist() for side in curves.band(name))
    band = ""
    if all(math.isfinite(v) for v in (*low, *high)):
        there = [f"{x} {axes.y(v)}" for x, v in zip(xs, high, strict=True)]
        back = [f"{x} {axes.y(v)}" for x, v in zip(xs, low, strict=True)]
        band = f"M{'L'.join([*there, *reversed(back)])}Z"
    tips = [
        f"{name}: {value:,.4g} with {n:,.0f} answers"
        for n, value in zip(curves.labels.tolist(), means, strict=True)
    ]
    return Line(
        name=name,
        mark=mark,
        path="M" + "L".join(f"{x} {y}" for x, y in zip(xs, ys, strict=True)),
        band=band,
        end_x=xs[-1],
        end_y=ys[-1],
        tips=tuple(zip(xs, ys, tips, strict=True)),
    )


def _ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Return round numbers from `low` to `high`, about `n` of them.

    >>> _ticks(0, 1000)
    [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]
    """
    rough = (high - low) / n
    if rough <= 0:
        return [low]
    size = float(10.0 ** math.floor(math.log10(rough)))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _heads(curves: Curves) -> list[str]:
    shares = [] if math.isnan(curves.full) else [f"{100 * t:g} %" for t in THRESHOLDS]
    return shares + [f"{size:,} answers" for size in curves.sizes]


def _row(
    curves: Curves, name: str, mark: int
) -> tuple[str, int, str, str, tuple[tuple[str, str], ...]]:
    shares = [] if math.isnan(curves.full) else list(THRESHOLDS)
    found = [curves.label_efficiency(t, name) for t in shares]
    found += [curves.label_efficiency_at(size, name) for size in curves.sizes]
    area = curves.area(name).value
    cells = tuple(_cell(f) for f in found)
    return name, mark, curves.verdict(name), f"{area:,.4g}", cells


def _cell(found: Efficiency) -> tuple[str, str]:
    if math.isnan(found.ratio):
        return "–", "neither"
    if math.isnan(found.low):
        return _times(found.ratio), ""
    return _times(found.ratio), f"{_times(found.low)} to {_times(found.high)}"


def _times(ratio: float) -> str:
    if math.isinf(ratio):
        return "∞"
    return f"{ratio:.2f}"


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shown(value) if type(value) is str else value,
    )
    return environment.get_template("page.html.j2")


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)
