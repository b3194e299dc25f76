"""The inner loop of `k_center`, compiled (numba). Imported on use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled, reordered

__all__ = ["farthest", "squared_lengths"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@reordered
def squared_gap(a: Floats, b: Floats, length_a: float, length_b: float) -> float:
    """Return the squared Euclidean distance, from the squared lengths and the product."""
    product = np.float32(0)
    for i in range(a.shape[0]):
        product += a[i] * b[i]
    return float(max(np.float32(0), length_a + length_b - np.float32(2) * product))


@reordered
def squared_lengths(rows: Floats) -> Floats:
    """Return each row's squared length, summed in the order that `squared_gap` sums in."""
    lengths = np.empty(rows.shape[0], np.float32)
    for i in range(rows.shape[0]):
        a = rows[i]
        total = np.float32(0)
        for j in range(a.shape[0]):
            total += a[j] * a[j]
        lengths[i] = total
    return lengths


@compiled
def farthest(
    rows: Floats,
    lengths: Floats,
    centres: Floats,
    centre_lengths: Floats,
    n_centres: int,
    bound: Floats,
    seen: Ints,
) -> int:
    """Return the open row farthest from all centres, or -1; ties: lowest index.

    `bound[i]` is row i's squared gap to the first `seen[i]` centres, thus never below its gap to
    all of them, so a row whose bound does not beat the farthest found so far needs no look.
    A closed row has bound -1.
    """
    best = int(np.argmax(bound))
    if bound[best] < 0:
        return -1
    refresh(best, -1.0, rows, lengths, centres, centre_lengths, n_centres, bound, seen)
    for i in range(rows.shape[0]):
        if bound[i] > bound[best] or (bound[i] == bound[best] and i < best):
            floor = AHEAD * bound[best]
            refresh(i, floor, rows, lengths, centres, centre_lengths, n_centres, bound, seen)
            if bound[i] > bound[best] or (bound[i] == bound[best] and i < best):
                best = i
    return best


AHEAD = 0.95
"""A row that is looked at anyway is compared with further centres until it is this far below the
farthest: it is in the cache now, and will need a look later than it would otherwise."""


@compiled
def refresh(
    i: int,
    floor: float,
    rows: Floats,
    lengths: Floats,
    centres: Floats,
    centre_lengths: Floats,
    n_centres: int,
    bound: Floats,
    seen: Ints,
) -> None:
    """Lower row `i`'s bound centre by centre, until it is at `floor` or all were seen."""
    while bound[i] > floor and seen[i] < n_centres:
        c = seen[i]
        gap = squared_gap(rows[i], centres[c], lengths[i], centre_lengths[c])
        bound[i] = min(bound[i], gap)
        seen[i] += 1
