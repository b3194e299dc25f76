"""The inner loops of `prob_cover`, compiled (numba). Imported on use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["add_edges", "best", "count", "cover", "gains"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]


@compiled
def count(gaps: Floats, widest: float, offset: int, sizes: Ints) -> None:
    """Count for each row of a block how many rows are nearer than `widest`, itself included."""
    for i in range(gaps.shape[0]):
        for j in range(gaps.shape[1]):
            if gaps[i, j] < widest or j == offset + i:
                sizes[offset + i] += 1


@compiled
def add_edges(
    gaps: Floats, widest: float, offset: int, starts: Ints, rows: Rows, near: Floats
) -> None:
    """Write each row's near rows and their gaps behind `starts`; its own gap is 0."""
    for i in range(gaps.shape[0]):
        at = starts[offset + i]
        for j in range(gaps.shape[1]):
            if gaps[i, j] < widest or j == offset + i:
                rows[at] = j
                near[at] = 0 if j == offset + i else gaps[i, j]
                at += 1


@compiled
def gains(starts: Ints, rows: Rows, near: Floats, gap: Floats, radius: float, gain: Ints) -> None:
    """Count the rows of each ball that no ball holds yet."""
    for i in range(gain.shape[0]):
        gain[i] = 0
        for e in range(starts[i], starts[i + 1]):
            if near[e] < radius and gap[rows[e]] >= radius:
                gain[i] += 1


@compiled
def cover(
    row: int, starts: Ints, rows: Rows, near: Floats, gap: Floats, radius: float, gain: Ints
) -> None:
    """Put a ball around `row`; balls that hold what it takes gain less."""
    for e in range(starts[row], starts[row + 1]):
        other = rows[e]
        if near[e] < radius and gap[other] >= radius:
            for f in range(starts[other], starts[other + 1]):
                if near[f] < radius:
                    gain[rows[f]] -= 1
        gap[other] = min(gap[other], near[e])


@compiled
def best(gain: Ints, left: npt.NDArray[np.bool_]) -> int:
    """Return the row left with the largest gain, or -1; ties: lowest index."""
    found = -1
    for i in range(gain.shape[0]):
        if left[i] and (found < 0 or gain[i] > gain[found]):
            found = i
    return found
