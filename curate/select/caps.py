"""The limits by value that a configuration sets."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from curate.config import CapConfig, SelectConfig
from curate.errors import ConfigError
from curate.select.gate import Cap, ClusterCap, PromptCap
from curate.select.pool import Pool
from curate.where.cells import Column

__all__ = ["caps_of"]

Bools = npt.NDArray[np.bool_]


def caps_of(
    pool: Pool, columns: Mapping[str, Column], config: SelectConfig, k: int, on_offer: Bools
) -> list[Cap]:
    """Return the caps of a configuration, that on rows of one prompt last.

    Args:
        pool: What is on offer.
        columns: Name to one cell a row.
        config: The section.
        k: Size of the queue, for shares.
        on_offer: Rows that may be picked, shape (n_rows,).

    Raises:
        ConfigError: If a column is not known.
    """
    caps = [Cap.of(c.column, _column(columns, c), _most(c, k)) for c in config.caps]
    if config.cluster_quota == "sqrt":
        clusters = np.asarray(columns["cluster"], np.int64)
        caps.append(ClusterCap.by_root(clusters, on_offer, k))
    if pool.identity is not None:
        caps.append(PromptCap.by_number(pool.identity, config.pairs_per_prompt))
    return caps


def _most(cap: CapConfig, k: int) -> int:
    if cap.most is not None:
        return cap.most
    return max(1, math.floor((cap.share or 1.0) * k + _ROUNDING))


_ROUNDING = 1e-9


def _column(columns: Mapping[str, Column], cap: CapConfig) -> Column:
    if cap.column not in columns:
        raise ConfigError(
            f"`select.caps`: no column {cap.column!r} in this project; "
            f"known: {', '.join(columns) or 'none'}"
        )
    return columns[cap.column]
