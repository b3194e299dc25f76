"""Curves as one JSON object: the points, and every figure that is drawn from them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from curate.simulate.curves import THRESHOLDS, Curves

__all__ = ["told"]


def told(curves: Curves) -> dict[str, Any]:
    """Return curves and their figures as JSON's kinds; what is infinite becomes text.

    Args:
        curves: What was simulated.
    """
    return {
        "metric": curves.metric,
        "labels": curves.labels.tolist(),
        "full": curves.full,
        "floor": curves.floor,
        "rate": None if curves.rate is None else curves.rate.tolist(),
        "n_seeds": curves.n_seeds,
        "baseline": curves.baseline,
        "notes": list(curves.notes),
        "strategies": {name: _strategy(curves, name) for name in curves.strategies},
    }


def _strategy(curves: Curves, name: str) -> dict[str, Any]:
    low, high = curves.band(name)
    found = [curves.label_efficiency(t, name) for t in THRESHOLDS if not np.isnan(curves.full)]
    found += [curves.label_efficiency_at(size, name) for size in curves.sizes]
    return {
        "verdict": curves.verdict(name),
        "values": curves.values[name].tolist(),
        "mean": curves.mean(name).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "area": asdict(curves.area(name)),
        "label_efficiency": [
            {key: _finite(value) for key, value in asdict(f).items()} for f in found
        ],
        "extras": {
            label: of[name].mean(axis=0).tolist()
            for label, of in curves.extras.items()
            if name in of
        },
    }


def _finite(value: Any) -> Any:
    return str(value) if isinstance(value, float) and np.isinf(value) else value
