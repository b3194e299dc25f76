"""How well scores rank, with weights and vote shares, over many resamples at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["resampled_auroc"]

Floats = npt.NDArray[np.float64]


def resampled_auroc(scores: Floats, useful: Floats, times: Floats) -> Floats:
    """Return the area under the ROC curve for several weightings of the same rows.

    How often a useful row scores higher than a useless one; ties count half; NaN where rows of one
    kind are missing. The same as `curate.measure.auroc` where shares are 0 or 1 and weights 1.

    Args:
        scores: Shape (n,).
        useful: Share of useful, shape (n,).
        times: How often each row counts, shape (n_resamples, n).
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(scores[order]) > 0))
    good = np.add.reduceat((times * useful)[:, order], starts, axis=1)
    bad = np.add.reduceat((times * (1 - useful))[:, order], starts, axis=1)
    below = np.cumsum(bad, axis=1) - bad / 2
    pairs = good.sum(axis=1) * bad.sum(axis=1)
    won = np.einsum("bt,bt->b", good, below)
    return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1.0), np.nan)
