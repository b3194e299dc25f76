"""The loops of `dawid_skene`, compiled by numba on first use and kept on disk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["expect", "tally"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@compiled
def expect(
    starts: Ints, raters: Ints, labels: Ints, weight: Floats, prior: Floats, log_confusion: Floats
) -> tuple[Floats, float]:
    """Return the posterior of each vote pattern, and the log-likelihood of all items.

    Args:
        starts: Where the votes of each pattern begin, shape (n_patterns + 1,).
        raters: Who cast each vote.
        labels: Which class each vote names.
        weight: How many items have each pattern, shape (n_patterns,).
        prior: Shape (n_classes,).
        log_confusion: Log of P(rater says l | truth is k), shape (n_raters, l, k).
    """
    n, k = len(weight), len(prior)
    posterior = np.empty((n, k))
    log_prior = np.log(prior)
    total = 0.0
    for p in range(n):
        row = posterior[p]
        row[:] = log_prior
        for vote in range(starts[p], starts[p + 1]):
            row += log_confusion[raters[vote], labels[vote]]
        top = row.max()
        row[:] = np.exp(row - top)
        mass = row.sum()
        row /= mass
        total += weight[p] * (top + np.log(mass))
    return posterior, total


@compiled
def tally(
    starts: Ints, raters: Ints, labels: Ints, weight: Floats, posterior: Floats, n_raters: int
) -> Floats:
    """Count, for each rater, votes for l on items that are k, shape (n_raters, l, k)."""
    k = posterior.shape[1]
    counts = np.zeros((n_raters, k, k))
    for p in range(len(weight)):
        share = weight[p] * posterior[p]
        for vote in range(starts[p], starts[p + 1]):
            counts[raters[vote], labels[vote]] += share
    return counts
