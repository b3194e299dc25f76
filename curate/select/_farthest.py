"""The inner loop of `k_center`, compiled (numba). Imported on use."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MATHS = {"reassoc", "contract"}


@numba.njit(cache=True, fastmath=MATHS)
def squared_gap(a: Floats, b: Floats, length_a: float, length_b: float) -> float:
    """Return the squared Euclidean distance, from the squared lengths and the product."""
    product = np.float32(0)
    for i in range(a.shape[0]):
        product += a[i] * b[i]
    return float(max(np.float32(0), length_a + length_b - np.float32(2) * product))


@numba.njit(cache=True, fastmath=MATHS)
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


@numba.njit(cache=True)
def refresh(
    i: int,
    floor: float,
    keep_tie: bool,
    rows: Floats,
    lengths: Floats,
    centres: Floats,
    centre_lengths: Floats,
    n_centres: int,
    bound: Floats,
    seen: Ints,
) -> bool:
    """Lower row `i`'s bound centre by centre; stop as soon as it cannot be the farthest."""
    while bound[i] > floor or (keep_tie and bound[i] == floor):
        if seen[i] == n_centres:
            return True
        c = seen[i]
        gap = squared_gap(rows[i], centres[c], lengths[i], centre_lengths[c])
        bound[i] = min(bound[i], gap)
        seen[i] += 1
    return False


@numba.njit(cache=True, parallel=True)
def farthest(
    rows: Floats,
    lengths: Floats,
    centres: Floats,
    centre_lengths: Floats,
    n_centres: int,
    bound: Floats,
    seen: Ints,
    parts: int,
) -> int:
    """Return the open row farthest from all centres, or -1; ties: lowest index.

    `bound[i]` is row i's squared gap to the first `seen[i]` centres, thus never below its gap to
    all of them, so a row whose bound does not beat the farthest found so far needs no look.
    A closed row has bound -1. The rows are walked in `parts` parts at once.
    """
    first = int(np.argmax(bound))
    if bound[first] < 0:
        return -1
    refresh(first, -1.0, False, rows, lengths, centres, centre_lengths, n_centres, bound, seen)
    size = (rows.shape[0] + parts - 1) // parts
    best_of = np.empty(parts, np.int64)
    for part in numba.prange(parts):
        best = first
        for i in range(part * size, min(rows.shape[0], (part + 1) * size)):
            if refresh(
                i,
                bound[best],
                i < best,
                rows,
                lengths,
                centres,
                centre_lengths,
                n_centres,
                bound,
                seen,
            ):
                best = i
        best_of[part] = best
    winner = first
    for part in range(parts):
        i = best_of[part]
        if bound[i] > bound[winner] or (bound[i] == bound[winner] and i < winner):
            winner = i
    return int(winner)
