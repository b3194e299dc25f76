"""The inner loops of `neighbours`, compiled (numba). Imported on use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["keep_best", "turned"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@compiled
def keep_best(cosines: Floats, columns: Ints, clients: Ints, best: Floats, rows: Ints) -> None:
    """Merge a block of cosines into its clients' lists of their most similar rows.

    Args:
        cosines: Shape (n_clients of the block, n_columns).
        columns: Which row each column is.
        clients: Which list each row of the block goes into.
        best: Of all clients, each a heap with the least similar on top; of equal cosines the one
            met first stays.
        rows: The rows that have them.
    """
    for i in range(cosines.shape[0]):
        heap, listed = best[clients[i]], rows[clients[i]]
        for j in range(cosines.shape[1]):
            if cosines[i, j] > heap[0]:
                replace_least(heap, listed, cosines[i, j], columns[j])


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


@compiled
def turned(
    rows: Ints, cosines: Floats, n_candidates: int
) -> tuple[npt.NDArray[np.int64], Ints, Floats]:
    """Turn lists of candidates by client into lists of clients by candidate.

    Returns:
        Where each candidate's list starts, shape (n_candidates + 1,); the clients of all lists,
        ascending within each; their cosines. What is not above 0 is left out.
    """
    starts = np.zeros(n_candidates + 1, np.int64)
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            if cosines[i, j] > 0:
                starts[rows[i, j] + 1] += 1
    for c in range(n_candidates):
        starts[c + 1] += starts[c]
    at = starts[:-1].copy()
    clients = np.empty(starts[-1], np.int32)
    similar = np.empty(starts[-1], np.float32)
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            if cosines[i, j] > 0:
                place = at[rows[i, j]]
                clients[place], similar[place] = i, cosines[i, j]
                at[rows[i, j]] += 1
    return starts, clients, similar
