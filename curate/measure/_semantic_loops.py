"""The loops of `semantic_entropy`, compiled by numba on first use and kept on disk.

Groups and log-probabilities are float64, shape (n_prompts, n), NaN = no answer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["counts", "log_masses"]

Floats = npt.NDArray[np.float64]


@compiled
def counts(votes: Floats, out: Floats) -> None:
    """Write how often each distinct vote was given, at its first place; 0 elsewhere."""
    n_prompts, size = votes.shape
    for i in range(n_prompts):
        for a in range(size):
            out[i, a] = 0.0
            if votes[i, a] != votes[i, a]:
                continue
            first, same = True, 0.0
            for b in range(size):
                if votes[i, b] == votes[i, a]:
                    same += 1.0
                    first = first and b >= a
            out[i, a] = same if first else 0.0


@compiled
def log_masses(votes: Floats, logs: Floats, mass: Floats, first: npt.NDArray[np.bool_]) -> None:
    """Write ln of the summed probability of each answer's group, and who is a group's first."""
    n_prompts, size = votes.shape
    for i in range(n_prompts):
        for a in range(size):
            first[i, a] = votes[i, a] == votes[i, a]
            mass[i, a] = np.nan
            highest, total = -np.inf, 0.0
            for b in range(size):
                if votes[i, b] == votes[i, a]:
                    highest = max(highest, logs[i, b])
                    first[i, a] = first[i, a] and b >= a
            for b in range(size):
                if votes[i, b] == votes[i, a] and highest > -np.inf:
                    total += np.exp(logs[i, b] - highest)
            if votes[i, a] == votes[i, a]:
                mass[i, a] = highest + np.log(total) if total > 0 else -np.inf
