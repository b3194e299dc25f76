"""Curves as a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curate.simulate.curves import Curves
from curate.simulate.filed import Part

__all__ = ["COLORS", "draw"]

COLORS = (
    *("#bd4410", "#1a6aa3", "#6f45b8", "#2c7a4b", "#b98a12", "#8c2f57", "#3a7d7c", "#7a5c3e"),
    *("#4d5bb5", "#a3553a", "#5b7f1f", "#905a94"),
)
"""Of the strategies, in their order; random is grey."""
RANDOM = "#7b868a"


def draw(parts: Sequence[Part], path: Path) -> None:
    """Write a picture with a panel a part: the metric against answers, with 95 % bands.

    Args:
        parts: What was simulated.
        path: Of the PNG; the same curves give the same bytes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4 * len(parts)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    for part, axes in zip(parts, figure.subplots(len(parts), 1, squeeze=False)[:, 0], strict=True):
        _panel(axes, part)
    figure.savefig(path, format="png", metadata={"Software": None})


def _panel(axes: Any, part: Part) -> None:
    curves = part.curves
    for name, color in colored(curves):
        low, high = curves.band(name)
        style = "--" if name == curves.baseline else "-"
        axes.plot(curves.labels, curves.mean(name), style, color=color, label=name, lw=1.8)
        axes.fill_between(curves.labels, low, high, color=color, alpha=0.15, lw=0)
    if curves.full == curves.full:
        axes.axhline(curves.full, color=RANDOM, lw=0.8, ls=":")
    axes.set_title(
        f"{part.title}: {curves.metric}, {curves.n_seeds} seeds", loc="left", fontsize=10
    )
    axes.set_xlabel("answers asked for")
    axes.set_ylabel(curves.metric)
    axes.grid(alpha=0.25, lw=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="best")


def colored(curves: Curves) -> list[tuple[str, str]]:
    """Return each strategy with its colour."""
    active = [name for name in curves.strategies if name != curves.baseline]
    own = {name: COLORS[i % len(COLORS)] for i, name in enumerate(active)}
    return [(name, own.get(name, RANDOM)) for name in curves.strategies]
