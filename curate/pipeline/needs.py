"""How much a row that has just arrived needs a person."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError
from curate.pipeline.learn import (
    Answered,
    answered,
    calibrated,
    calibration,
    default_need,
    learned,
    model,
)
from curate.pipeline.rows import LENGTHS, Rows, rows_on_offer
from curate.project import Project

__all__ = ["Needs", "needs"]

Vectors = npt.NDArray[np.float32]
Needs = Callable[[Rows, Vectors], list[tuple[str, float]]]
"""From rows, scored, and their prompts' unit vectors to the name and value of each one's need;
NaN where nothing says anything."""


def needs(project: Project) -> Needs:
    """Return what tells the need of rows that are in no pool.

    It is the score that the configuration names, else what the acquisition model has learned
    where it is better than the task's default score, else that score.

    Args:
        project: Whose answers and configuration count.
    """
    config = project.config
    known = learned(project)
    if config.select.need in (None, "learned") and known is not None and known[1]["better"]:
        return _by_model(project)
    return _by_score(default_need(config))


def _by_score(name: str) -> Needs:
    def of(rows: Rows, vectors: Vectors) -> list[tuple[str, float]]:
        if name not in rows.scores:
            raise ConfigError(
                f"`select.need`: no score named {name!r}; known: {', '.join(rows.scores)}"
            )
        return [(name, _finite(value)) for value in rows.scores[name]]

    return of


def _by_model(project: Project) -> Needs:
    pool = rows_on_offer(project)
    told: Answered = answered(project, pool)
    need, judged = model(project, pool, told)
    temperature = calibration(judged, told).temperature
    names = [name for name in told.scores if name not in LENGTHS]
    with_text = project.config.learn.text

    def of(rows: Rows, vectors: Vectors) -> list[tuple[str, float]]:
        scores = {name: rows.scores[name] for name in names}
        features = need.mapped([vectors] if with_text else [], scores)
        chances = calibrated(need, features, temperature)
        return [("learned", _finite(chance)) for chance in chances]

    return of


def _finite(value: float) -> float:
    return float(value) if math.isfinite(value) else math.nan
