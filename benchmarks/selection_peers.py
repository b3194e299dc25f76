"""What `benchmarks.selection` compares with: plain loops, and the peers that are installed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

__all__ = ["facility_locations", "numpy_k_center"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def numpy_k_center(vectors: Floats, k: int) -> Ints:
    """Compare every row with every pick, one matrix-vector product a pick."""
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    gap = np.full(len(vectors), np.inf, np.float32)
    picks = np.zeros(k, np.int64)
    for n in range(1, k):
        row = picks[n - 1]
        np.minimum(gap, lengths + lengths[row] - 2 * (vectors @ vectors[row]), out=gap)
        gap[row] = -1
        picks[n] = gap.argmax()
    return picks


def facility_locations() -> dict[str, Callable[[Floats, int], Ints]]:
    """Return the peers that are installed, and a plain lazy greedy that always is."""
    peers: dict[str, Callable[[Floats, int], Ints]] = {"lazy greedy in numpy": _numpy_lazy}
    for name, package, peer in (
        ("submodlib", "submodlib-py", _submodlib),
        ("apricot", "apricot-select", _apricot),
    ):
        if find_spec(name):
            peers[name] = peer
        else:
            print(f"{name} is not installed (package {package}): left out")
    return peers


def _numpy_lazy(similar: Floats, k: int) -> Ints:
    nearest = np.zeros(len(similar), np.float32)
    heap = [(-float(gain), j, 0) for j, gain in enumerate(similar.sum(axis=1))]
    heapq.heapify(heap)
    picks: list[int] = []
    while len(picks) < k:
        _, j, turn = heapq.heappop(heap)
        if turn == len(picks):
            picks.append(j)
            np.maximum(nearest, similar[j], out=nearest)
        else:
            gain = np.maximum(similar[j] - nearest, 0).sum(dtype=np.float64)
            heapq.heappush(heap, (-float(gain), j, len(picks)))
    return np.array(picks, np.int64)


def _submodlib(similar: Floats, k: int) -> Ints:
    kind = import_module("submodlib").FacilityLocationFunction
    function = kind(n=len(similar), mode="dense", sijs=similar, separate_rep=False)
    picks = function.maximize(budget=k, optimizer="LazyGreedy", show_progress=False)
    return np.array([row for row, _ in picks], np.int64)


def _apricot(similar: Floats, k: int) -> Ints:
    kind = import_module("apricot").FacilityLocationSelection
    chosen = kind(k, metric="precomputed", optimizer="lazy").fit(similar)
    return np.asarray(chosen.ranking, np.int64)
