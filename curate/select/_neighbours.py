"""The inner loop of `neighbours`, compiled (numba). Imported on use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["keep_best"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@compiled
def keep_best(cosines: Floats, offset: int, best: Floats, rows: Ints) -> None:
    """Merge a block of cosines into each client's list of its most similar rows.

    `best[i]` is a heap with the least similar on top; column j of `cosines` is row offset + j.
    Of equal cosines the one met first stays.
    """
    for i in range(cosines.shape[0]):
        for j in range(cosines.shape[1]):
            if cosines[i, j] > best[i, 0]:
                replace_least(best[i], rows[i], cosines[i, j], offset + j)


@compiled
def replace_least(best: Floats, rows: Ints, cosine: float, row: int) -> None:
    """Put a new entry in place of the heap's top and let it sink."""
    at = 0
    size = best.shape[0]
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and best[child + 1] < best[child]:
            child += 1
        if best[child] >= cosine:
            break
        best[at] = best[child]
        rows[at] = rows[child]
        at = child
    best[at] = cosine
    rows[at] = row
