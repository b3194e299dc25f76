"""The loops of `spectral`, compiled by numba on first use and kept on disk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["weights"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@compiled
def weights(similarity: Floats, most: float, out: Floats, n: Ints) -> None:
    """Write the mean of both directions, in [0, `most`], 1 on the diagonal, 0 for missing answers.

    `n` gets the number of answers that are there, or 0 where a pair of them is NaN both ways; the
    weights are then 0 but for the diagonal.
    """
    n_prompts, size, _ = similarity.shape
    for i in range(n_prompts):
        near, graph = similarity[i], out[i]
        n[i] = 0
        unknown = False
        for a in range(size):
            there = near[a, a] == near[a, a]
            n[i] += np.int64(there)
            graph[a, a] = np.float64(there)
            for b in range(a):
                weight = 0.0
                if there and near[b, b] == near[b, b]:
                    one, other = near[a, b], near[b, a]
                    one = one if one == one else other
                    other = other if other == other else one
                    unknown = unknown or one != one
                    weight = min(max((one + other) / 2.0, 0.0), most) if one == one else 0.0
                graph[a, b] = weight
                graph[b, a] = weight
        if unknown:
            n[i] = 0
