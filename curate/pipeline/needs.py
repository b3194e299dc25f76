"""How much a row that has just arrived needs a person: the first score of a list that it has."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.errors import ConfigError
from curate.pipeline.offer import NEED
from curate.pipeline.rows import Rows
from curate.project import Project

__all__ = ["needs"]

Embed = Callable[[list[str]], npt.NDArray[np.float32]]


def needs(
    project: Project, rows: Rows, candidates: pa.Table, embed: Embed
) -> list[tuple[str, float]]:
    """Return the name and value of each row's need; NaN where no score says anything.

    Args:
        project: Its configuration names the score, or leaves it to the task.
        rows: What arrived, scored.
        candidates: The answers that they are of.
        embed: Turns texts into unit vectors.

    Raises:
        ConfigError: If `select.need` is no score.
    """
    name = project.config.select.need or NEED[project.config.project.task]
    if name not in rows.scores:
        raise ConfigError(
            f"`select.need`: no score named {name!r}; known: {', '.join(rows.scores)}"
        )
    return [(name, value if math.isfinite(value) else math.nan) for value in rows.scores[name]]
