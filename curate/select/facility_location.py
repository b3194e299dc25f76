"""Rows that stand for all the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from curate.select.neighbours import neighbours
from curate.select.strategies import Offer
from curate.select.vectors import unit_rows
from curate.select.within import Within

__all__ = ["Representatives", "facility_location", "picker"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DENSE_ROWS = 12_000
"""Up to this many rows all similarities are held (576 MB); past it, a graph of neighbours."""
N_NEIGHBOURS = 64
"""Length of each row's list in the graph."""


def facility_location(
    vectors: Floats,
    k: int,
    *,
    covered: Ints | None = None,
    weights: Doubles | None = None,
    quality: Doubles | None = None,
) -> Ints:
    """Pick `k` rows so that every row has a similar one among the picks.

    Lazy greedy maximisation of sum_i w_i max_(j in picks) cos+(i, j) + sum_(j in picks) q_j,
    where cos+ is the cosine with negative values at 0; what is `covered` counts as picked. The
    value reached is at least 1 - 1/e of the best possible (Nemhauser, Wolsey and Fisher, 1978).
    Past `DENSE_ROWS` rows the sum runs over the graph of each row's `N_NEIGHBOURS` most similar
    rows (exact neighbours, other similarities at 0) and the guarantee holds for that sum.

    Args:
        vectors: One row per item, shape (n_rows, n_dims); taken at unit length.
        k: How many rows to pick; at most those not covered come back.
        covered: Rows that count as picked already, e.g. those reviewed earlier.
        weights: How much it matters that a row is represented, shape (n_rows,), >= 0.
        quality: What picking a row is worth in itself, shape (n_rows,), >= 0.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: n_rows^2 / 2 similarities,
        then about n_rows operations a pick.

    >>> facility_location(np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [-1, 0]], "f4"), 2)
    array([1, 3])
    """
    rows = unit_rows(vectors)
    covered = np.empty(0, np.int64) if covered is None else np.asarray(covered, np.int64)
    representatives = _representatives(rows, rows[covered], weights, quality)
    representatives.close(covered)
    picks: list[int] = []
    while len(picks) < k and (row := representatives.offer()) >= 0:
        representatives.take(row)
        picks.append(row)
    return np.array(picks, np.int64)


def picker(offer: Offer) -> Within:
    """Offer the open row that betters the cover of the open rows most, round by round."""
    rows = np.flatnonzero(offer.open)
    vectors = offer.vectors[rows]
    return Within(rows, _representatives(vectors, offer.vectors[offer.centres], None, None))


def _representatives(
    vectors: Floats,
    covered: Floats,
    weights: Doubles | None,
    quality: Doubles | None,
) -> Representatives:
    graph: Similarities
    if len(vectors) <= DENSE_ROWS:
        graph = Dense(vectors, vectors)
    else:
        graph = Sparse(vectors)
    return Representatives(
        graph, nearest=nearest_cosine(vectors, covered), weights=weights, quality=quality
    )


def nearest_cosine(vectors: Floats, others: Floats) -> Floats:
    """Return each row's highest cosine to `others`, at least 0; 0 without any.

    Args:
        vectors: Unit rows, shape (n_rows, n_dims).
        others: Unit rows, shape (n_others, n_dims).
    """
    nearest = np.zeros(len(vectors), np.float32)
    for start in range(0, len(others), _BLOCK):
        block = vectors @ others[start : start + _BLOCK].T
        np.maximum(nearest, block.max(axis=1), out=nearest)
    return nearest


_BLOCK = 1024


class Similarities(Protocol):
    """How similar each candidate is to the clients it may stand for."""

    n_candidates: int

    def gains(self, state: State) -> Doubles:
        """Return every candidate's gain, shape (n_candidates,)."""

    def best(self, state: State, size: int, turn: int) -> int:
        """Bring the best open candidate to the heap's top and return the heap's new size."""

    def of(self, candidate: int) -> tuple[Ints | slice, Floats]:
        """Return the clients that a candidate may stand for, and the similarities."""


@dataclass(slots=True, kw_only=True)
class State:
    """Where a lazy greedy run stands; its arrays change in place."""

    nearest: Floats
    """Each client's similarity to the nearest pick, shape (n_clients,)."""
    weights: Floats
    """Of the clients."""
    quality: Doubles
    """Of the candidates."""
    gains: Doubles
    """Each candidate's gain when last looked at, never below its gain now."""
    fresh: Ints
    """At which turn it was last looked at."""
    closed: npt.NDArray[np.bool_]
    """Candidates picked or not to be picked."""
    heap: Ints
    """Candidates, largest gain on top."""


class Dense:
    """All similarities, candidate by client.

    Args:
        candidates: Unit rows, shape (n_candidates, n_dims).
        clients: Unit rows, shape (n_clients, n_dims).
    """

    def __init__(self, candidates: Floats, clients: Floats) -> None:
        self.n_candidates = len(candidates)
        self._similar = candidates @ clients.T
        np.maximum(self._similar, 0, out=self._similar)

    def gains(self, state: State) -> Doubles:
        """Return every candidate's gain."""
        from curate.select._lazy_greedy import dense_gains

        return dense_gains(self._similar, state.nearest, state.weights, state.quality)

    def best(self, state: State, size: int, turn: int) -> int:
        """Bring the best open candidate to the heap's top."""
        from curate.select._lazy_greedy import dense_best

        return dense_best(
            state.heap,
            size,
            state.gains,
            state.fresh,
            state.closed,
            turn,
            self._similar,
            state.nearest,
            state.weights,
            state.quality,
        )

    def of(self, candidate: int) -> tuple[Ints | slice, Floats]:
        """Return all clients and the similarities."""
        return slice(None), self._similar[candidate]


class Sparse:
    """Similarities along the graph of nearest neighbours.

    Args:
        vectors: Unit rows, shape (n_rows, n_dims): clients and candidates.
    """

    def __init__(self, vectors: Floats) -> None:
        self.n_candidates = len(vectors)
        rows, cosines = neighbours(vectors, N_NEIGHBOURS)
        by_candidate = np.argsort(rows.ravel(), kind="stable")
        self._clients = by_candidate // rows.shape[1]
        self._similar = np.maximum(cosines.ravel()[by_candidate], 0)
        counts = np.bincount(rows.ravel(), minlength=len(vectors))
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def gains(self, state: State) -> Doubles:
        """Return every candidate's gain."""
        from curate.select._lazy_greedy import sparse_gains

        graph = (self._starts, self._clients, self._similar)
        return sparse_gains(*graph, state.nearest, state.weights, state.quality)

    def best(self, state: State, size: int, turn: int) -> int:
        """Bring the best open candidate to the heap's top."""
        from curate.select._lazy_greedy import sparse_best

        return sparse_best(
            state.heap,
            size,
            state.gains,
            state.fresh,
            state.closed,
            turn,
            self._starts,
            self._clients,
            self._similar,
            state.nearest,
            state.weights,
            state.quality,
        )

    def of(self, candidate: int) -> tuple[Ints | slice, Floats]:
        """Return the clients that have the candidate in their list."""
        span = slice(self._starts[candidate], self._starts[candidate + 1])
        return self._clients[span], self._similar[span]


class Representatives:
    """Offers the candidate that betters the cover most, evaluating few (Minoux, 1978).

    Args:
        graph: Similarities of candidates to clients.
        nearest: Each client's similarity to what is covered, shape (n_clients,).
        weights: Of the clients; None = 1 each.
        quality: Of the candidates; None = 0 each.
    """

    def __init__(
        self,
        graph: Similarities,
        *,
        nearest: Floats,
        weights: Doubles | None = None,
        quality: Doubles | None = None,
    ) -> None:
        from curate.select._lazy_greedy import heapify

        self.refused: dict[int, str] = {}
        n = graph.n_candidates
        self._graph = graph
        self._state = State(
            nearest=nearest,
            weights=np.asarray(np.ones(len(nearest)) if weights is None else weights, np.float32),
            quality=np.asarray(np.zeros(n) if quality is None else quality, np.float64),
            gains=np.zeros(n),
            fresh=np.zeros(n, np.int64),
            closed=np.zeros(n, bool),
            heap=np.arange(n, dtype=np.int64),
        )
        self._state.gains = graph.gains(self._state)
        self._size = n
        self._turn = 0
        heapify(self._state.heap, self._state.gains)

    def offer(self) -> int:
        """Return the open candidate with the largest gain, or -1."""
        self._size = self._graph.best(self._state, self._size, self._turn)
        return int(self._state.heap[0]) if self._size else -1

    def take(self, row: int) -> str:
        """Count `row` as picked and say for how many rows it is the nearest pick."""
        clients, similar = self._graph.of(row)
        nearest = self._state.nearest
        better = similar > nearest[clients]
        nearest[clients] = np.maximum(nearest[clients], similar)
        self._state.closed[row] = True
        self._turn += 1
        return f"nearer to {int(better.sum()):,} rows on offer than any pick before it"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._state.closed[rows] = True
