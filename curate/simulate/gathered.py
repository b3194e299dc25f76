"""Results of single runs as curves on one axis of labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.simulate.curves import Curves
from curate.simulate.loop import Run
from curate.simulate.plan import Plan

__all__ = ["gathered"]

Floats = npt.NDArray[np.float64]
Runs = Mapping[tuple[str, int], Run]


def gathered(task: Any, plan: Plan, full: Run, runs: Runs) -> Curves:
    """Lay runs side by side; where one asked for fewer at a time, its values are interpolated.

    Args:
        task: What was learned.
        plan: What was asked.
        full: The metric with all labels.
        runs: Of each strategy and seed.
    """
    labels = _axis(plan, runs)
    metrics = list(dict.fromkeys(name for run in runs.values() for name in run.measured))
    laid = {
        metric: {
            name: np.stack([_on(labels, runs[name, seed], metric) for seed in plan.seeds])
            for name in plan.strategies
        }
        for metric in metrics
    }
    rates = [runs[plan.strategies[0], seed].rate for seed in plan.seeds]
    return Curves(
        metric=task.metric,
        labels=labels,
        values=laid.pop(task.metric),
        full=full.measured[task.metric][0],
        floor=task.floor,
        rate=None if None in rates else np.array(rates, np.float64),
        extras=laid,
        sizes=tuple(size for size in getattr(task, "sizes", ()) if size <= labels[-1]),
        notes=_notes(plan, runs),
    )


def _axis(plan: Plan, runs: Runs) -> Floats:
    """Return the points up to which every run came: those of the plan, or of all runs alike."""
    alike = {tuple(run.labels) for run in runs.values()}
    if len(alike) == 1:
        return np.array(alike.pop(), np.float64)
    shortest = min(run.labels[-1] for run in runs.values())
    points = [plan.start + i * plan.batch for i in range(1 + plan.budget // plan.batch)]
    within = [point for point in points if point <= min(plan.budget, shortest)]
    if not within or within[-1] < shortest <= plan.budget:
        within.append(shortest)
    return np.array(within, np.float64)


def _on(labels: Floats, run: Run, metric: str) -> Floats:
    values = np.array(run.measured[metric], np.float64)
    return np.asarray(np.interp(labels, run.labels, values), np.float64)


def _notes(plan: Plan, runs: Runs) -> tuple[str, ...]:
    share = plan.config.random_share
    settings = f"{100 * share:g} % of each round by lot, as in a project"
    cold = (
        f"first {plan.start:,} by {plan.config.cold_start.strategy} where a model must learn first"
    )
    short = {name for (name, _), run in runs.items() if run.labels[-1] < plan.budget}
    ends = [
        f"{name} came to an end before {plan.budget:,} answers: everything else on offer was "
        "near-identical, capped or not scored"
        for name in plan.strategies
        if name in short
    ]
    if not plan.rounds:
        return (f"{settings}; nothing is learned between answers", *ends)
    return (f"{settings}; {cold}; then {plan.batch:,} at a time", *ends)
