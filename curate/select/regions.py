"""Into which clusters the prompts of a pool fall."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.clusters import clusters
from curate.select.pool import Pool
from curate.select.vectors import unit_rows

__all__ = ["regions"]

MOST = 100
"""Clusters, of a pool of any size."""
ROWS = 10
"""Rows of a cluster at least, on average."""


def regions(pool: Pool) -> npt.NDArray[np.int64]:
    """Return the cluster of each row's prompt, from 0 on, shape (n_rows,).

    K-means over all rows, protected and reviewed ones included, always from the same start: as
    long as the pool stays the same, so do the clusters, from round to round.

    Args:
        pool: What is on offer; its `clusters` are returned where it has them.
    """
    if pool.clusters is not None:
        return pool.clusters
    n_clusters = min(MOST, len(pool) // ROWS + 1)
    return clusters(unit_rows(pool.vectors), n_clusters, rng=_SEED)


_SEED = 7
