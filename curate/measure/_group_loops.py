"""The loops of `clusters`, compiled by numba on first use and kept on disk.

Similarities are float64, shape (n_items, n, n), NaN in the row and column of an answer that is
not there; groups are written as 0, 1, … in the order of their first members, NaN for no answer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["average_link", "group_by_first", "group_connected"]

Floats = npt.NDArray[np.float64]


@compiled
def group_by_first(similarity: Floats, least: float, out: Floats) -> None:
    """Greedy: an answer joins the first group whose first member is similar enough."""
    n_items, size, _ = similarity.shape
    for i in range(n_items):
        groups = 0
        leader = np.empty(size, dtype=np.int64)
        for a in range(size):
            out[i, a] = np.nan
            if similarity[i, a, a] != similarity[i, a, a]:
                continue
            for g in range(groups):
                if similarity[i, leader[g], a] >= least:
                    out[i, a] = g
                    break
            if out[i, a] != out[i, a]:
                leader[groups] = a
                out[i, a] = groups
                groups += 1


@compiled
def group_connected(similarity: Floats, least: float, out: Floats) -> None:
    """Connected components of the graph of pairs that are similar enough."""
    n_items, size, _ = similarity.shape
    stack = np.empty(size, dtype=np.int64)
    for i in range(n_items):
        groups = 0
        out[i, :] = np.nan
        for a in range(size):
            if similarity[i, a, a] != similarity[i, a, a] or out[i, a] == out[i, a]:
                continue
            out[i, a] = groups
            stack[0], height = a, 1
            while height > 0:
                height -= 1
                b = stack[height]
                for c in range(size):
                    if out[i, c] != out[i, c] and similarity[i, b, c] >= least:
                        out[i, c] = groups
                        stack[height] = c
                        height += 1
            groups += 1


@compiled
def average_link(similarity: Floats, least: float, out: Floats) -> None:
    """Merge the two groups of highest mean similarity, for as long as it is at least `least`."""
    n_items, size, _ = similarity.shape
    for i in range(n_items):
        between = similarity[i].copy()
        weight = np.ones(size)
        root = np.arange(size)
        alive = np.empty(size, dtype=np.bool_)
        for a in range(size):
            alive[a] = between[a, a] == between[a, a]
        while True:
            best, left, right = -np.inf, -1, -1
            for a in range(size):
                for b in range(a + 1, size):
                    if alive[a] and alive[b] and between[a, b] > best:
                        best, left, right = between[a, b], a, b
            if left < 0 or best < least:
                break
            both = weight[left] + weight[right]
            for c in range(size):
                mean = (weight[left] * between[left, c] + weight[right] * between[right, c]) / both
                between[left, c] = mean
                between[c, left] = mean
                root[c] = left if root[c] == right else root[c]
            weight[left] = both
            alive[right] = False
        groups = 0
        for a in range(size):
            out[i, a] = np.nan
            if similarity[i, a, a] == similarity[i, a, a]:
                if root[a] == a:
                    out[i, a] = groups
                    groups += 1
                else:
                    out[i, a] = out[i, root[a]]
