"""The inner loops of `facility_location`, compiled (numba). Imported on use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled, reordered

__all__ = ["dense_best", "dense_gains", "heapify", "sparse_best", "sparse_gains"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SmallInts = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@reordered
def dense_gain(similar: Floats, nearest: Floats, weights: Floats) -> float:
    """Return by how much one candidate betters the sum over all clients."""
    total = 0.0
    for i in range(similar.shape[0]):
        total += weights[i] * max(similar[i] - nearest[i], np.float32(0))
    return total


@compiled
def dense_gains(similar: Floats, nearest: Floats, weights: Floats, quality: Doubles) -> Doubles:
    """Return every candidate's gain."""
    gains = np.empty(similar.shape[0], np.float64)
    for j in range(similar.shape[0]):
        gains[j] = quality[j] + dense_gain(similar[j], nearest, weights)
    return gains


@compiled
def dense_best(
    heap: Ints,
    size: int,
    gains: Doubles,
    fresh: Ints,
    closed: Bools,
    turn: int,
    similar: Floats,
    nearest: Floats,
    weights: Floats,
    quality: Doubles,
) -> int:
    """Bring the open candidate of the largest gain to the top; return the heap's new size."""
    while size > 0:
        j = heap[0]
        if closed[j]:
            size -= 1
            heap[0] = heap[size]
        elif fresh[j] == turn:
            return size
        else:
            gains[j] = quality[j] + dense_gain(similar[j], nearest, weights)
            fresh[j] = turn
        sink(heap, size, gains, 0)
    return 0


@compiled
def sparse_gain(
    start: int, stop: int, clients: SmallInts, similar: Floats, nearest: Floats, weights: Floats
) -> float:
    """Return by how much one candidate betters the sum over the clients that know it."""
    total = 0.0
    for e in range(start, stop):
        i = clients[e]
        total += weights[i] * max(similar[e] - nearest[i], np.float32(0))
    return total


@compiled
def sparse_gains(
    starts: Ints,
    clients: SmallInts,
    similar: Floats,
    nearest: Floats,
    weights: Floats,
    quality: Doubles,
) -> Doubles:
    """Return every candidate's gain."""
    gains = np.empty(starts.shape[0] - 1, np.float64)
    for j in range(gains.shape[0]):
        gains[j] = quality[j] + sparse_gain(
            starts[j], starts[j + 1], clients, similar, nearest, weights
        )
    return gains


@compiled
def sparse_best(
    heap: Ints,
    size: int,
    gains: Doubles,
    fresh: Ints,
    closed: Bools,
    turn: int,
    starts: Ints,
    clients: SmallInts,
    similar: Floats,
    nearest: Floats,
    weights: Floats,
    quality: Doubles,
) -> int:
    """Bring the open candidate of the largest gain to the top; return the heap's new size."""
    while size > 0:
        j = heap[0]
        if closed[j]:
            size -= 1
            heap[0] = heap[size]
        elif fresh[j] == turn:
            return size
        else:
            gains[j] = quality[j] + sparse_gain(
                starts[j], starts[j + 1], clients, similar, nearest, weights
            )
            fresh[j] = turn
        sink(heap, size, gains, 0)
    return 0


@compiled
def heapify(heap: Ints, gains: Doubles) -> None:
    """Order candidates as a heap: largest gain on top, ties by lowest index."""
    for at in range(heap.shape[0] // 2 - 1, -1, -1):
        sink(heap, heap.shape[0], gains, at)


@compiled
def sink(heap: Ints, size: int, gains: Doubles, at: int) -> None:
    """Move the entry at `at` down to its place."""
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and before(heap[child + 1], heap[child], gains):
            child += 1
        if not before(heap[child], heap[at], gains):
            return
        heap[at], heap[child] = heap[child], heap[at]
        at = child


@compiled
def before(a: int, b: int, gains: Doubles) -> bool:
    """Whether candidate `a` comes before `b`."""
    return bool(gains[a] > gains[b] or (gains[a] == gains[b] and a < b))
