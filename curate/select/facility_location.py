"""Rows that stand for all the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from curate.measure.neighbours import PROBES, neighbours
from curate.select.allotted import proportional_chance, systematic
from curate.select.strategies import Offer
from curate.select.vectors import unit_rows
from curate.select.within import Within

__all__ = ["Representatives", "facility_location", "picker", "representatives"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DENSE_ROWS = 12_000
"""Up to this many rows all similarities are held (576 MB); past it, those along a graph."""
N_EDGES = 24_000_000
"""Similarities that the graph holds at most (400 MB while it is built)."""
REACH = 2
"""The graph's lists are so many times as long as the rows that one pick stands for on average,"""
SHORTEST, LONGEST = 64, 256
"""within these bounds."""


def facility_location(
    vectors: Floats,
    k: int,
    *,
    covered: Ints | None = None,
    weights: Doubles | None = None,
    quality: Doubles | None = None,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick `k` rows so that every row has a similar one among the picks.

    Lazy greedy maximisation of sum_i w_i max_(j in picks) cos+(i, j) + sum_(j in picks) q_j,
    where cos+ is the cosine with negative values at 0; what is `covered` counts as picked. The
    value reached is at least 1 - 1/e of the best possible (Nemhauser, Wolsey and Fisher, 1978).

    Past `DENSE_ROWS` rows the guarantee holds for the sum along a graph instead: each row's list
    of its most similar rows (see `graph.neighbours`, which finds about 94 of 100), other
    similarities counting as 0. The longer the lists, the farther a pick is seen to reach, so they
    grow with n_rows / k, from 64 to 256; where that would be more than `N_EDGES` similarities,
    the sum is estimated without bias from a sample of its rows, drawn with chances in proportion
    to their weights, while any row may still be picked.

    Args:
        vectors: One row per item, shape (n_rows, n_dims); taken at unit length. May be
            memory-mapped.
        k: How many rows to pick; at most those not covered come back.
        covered: Rows that count as picked already, e.g. those reviewed earlier.
        weights: How much it matters that a row is represented, shape (n_rows,), >= 0.
        quality: What picking a row is worth in itself, shape (n_rows,), >= 0.
        rng: Seed or generator of the samples that large pools need.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: n_rows^2 / 2 similarities,
        then about n_rows operations a pick; past `DENSE_ROWS` n_rows^1.5 products.

    >>> facility_location(np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [-1, 0]], "f4"), 2)
    array([1, 3])
    """
    unit = unit_rows(vectors)
    covered = np.empty(0, np.int64) if covered is None else np.asarray(covered, np.int64)
    rows = np.arange(len(unit))
    worth = (weights, quality)
    best = representatives(unit, rows, k, unit[covered], worth, rng)
    best.close(covered)
    picks: list[int] = []
    while len(picks) < k and (row := best.offer()) >= 0:
        best.take(row)
        picks.append(row)
    return np.array(picks, np.int64)


def picker(offer: Offer) -> Within:
    """Offer the open row that betters the cover of the open rows most, round by round."""
    rows = np.flatnonzero(offer.open)
    covered = offer.vectors[offer.centres]
    worth = (None, None)
    return Within(rows, representatives(offer.vectors, rows, offer.k, covered, worth, offer.rng))


def representatives(
    vectors: Floats,
    rows: Ints,
    k: int,
    covered: Floats,
    worth: tuple[Doubles | None, Doubles | None],
    rng: int | np.random.Generator,
) -> Representatives:
    """Return who picks among `rows`, by position; weights and quality are by position too."""
    weights, quality = worth
    if len(rows) <= DENSE_ROWS:
        every = vectors[rows]
        nearest = nearest_cosine(every, covered)
        return Representatives(
            Dense(every, every), nearest=nearest, weights=weights, quality=quality
        )
    rng = np.random.default_rng(rng)
    length = min(max(SHORTEST, REACH * len(rows) // max(1, k)), LONGEST)
    weights = np.ones(len(rows)) if weights is None else np.asarray(weights, np.float64)
    chance = proportional_chance(weights, N_EDGES // length)
    clients = np.sort(systematic(chance, rng))
    return Representatives(
        Sparse(vectors, length, rows=rows, clients=clients, rng=rng),
        nearest=nearest_cosine(vectors[rows[clients]], covered),
        weights=weights[clients] / chance[clients],
        quality=quality,
        stands_for=max(1.0, float((weights > 0).sum()) / max(1, len(clients))),
    )


def nearest_cosine(vectors: Floats, others: Floats) -> Floats:
    """Return each row's highest cosine to `others`, at least 0; 0 without any.

    Past `N_COMPARED` pairs the others are searched by cells (see `graph.neighbours`), where the
    nearest of all may be missed for one that is hardly farther.

    Args:
        vectors: Unit rows, shape (n_rows, n_dims).
        others: Unit rows, shape (n_others, n_dims).
    """
    if len(vectors) * len(others) > N_COMPARED:
        return _nearest_by_cells(vectors, others)
    nearest = np.zeros(len(vectors), np.float32)
    for start in range(0, len(others), _BLOCK):
        block = vectors @ others[start : start + _BLOCK].T
        np.maximum(nearest, block.max(axis=1), out=nearest)
    return nearest


N_COMPARED = 500_000_000
_BLOCK = 1024


def _nearest_by_cells(vectors: Floats, others: Floats) -> Floats:
    n = len(others)
    _, cosines = neighbours(
        np.concatenate([others, vectors]),
        1,
        candidates=np.arange(n),
        clients=np.arange(n, n + len(vectors)),
    )
    return np.maximum(cosines[:, 0], 0)


class Similarities(Protocol):
    """How similar each candidate is to the clients it may stand for."""

    n_candidates: int

    def gains(self, state: State) -> Doubles:
        """Return every candidate's gain, shape (n_candidates,)."""

    def best(self, state: State, size: int, turn: int) -> int:
        """Bring the best open candidate to the heap's top and return the heap's new size."""

    def of(self, candidate: int) -> tuple[npt.NDArray[np.int32] | slice, Floats]:
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

    def of(self, candidate: int) -> tuple[npt.NDArray[np.int32] | slice, Floats]:
        """Return all clients and the similarities."""
        return slice(None), self._similar[candidate]


class Sparse:
    """Similarities along the graph of nearest neighbours.

    Args:
        vectors: Unit rows, shape (n_rows, n_dims).
        length: How many candidates each client's list holds.
        rows: The candidates as rows of `vectors`; None = all.
        clients: Positions of the clients among the candidates; None = all.
        probes: How thoroughly the graph is searched, see `neighbours`; None = exactly.
        rng: Seed or generator of the graph's samples.
    """

    def __init__(
        self,
        vectors: Floats,
        length: int,
        *,
        rows: Ints | None = None,
        clients: Ints | None = None,
        probes: int | None = PROBES,
        rng: int | np.random.Generator = 7,
    ) -> None:
        from curate.measure._neighbour_loops import turned

        rows = np.arange(len(vectors)) if rows is None else rows
        listed, cosines = neighbours(
            vectors,
            length,
            candidates=rows,
            clients=rows if clients is None else rows[clients],
            probes=probes,
            rng=rng,
        )
        self.n_candidates = len(rows)
        self._starts, self._clients, self._similar = turned(listed, cosines, len(rows))

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

    def of(self, candidate: int) -> tuple[npt.NDArray[np.int32] | slice, Floats]:
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
        stands_for: How many rows a client stands for, where the clients are a sample; what the
            reasons say is counted in rows.
    """

    def __init__(
        self,
        graph: Similarities,
        *,
        nearest: Floats,
        weights: Doubles | None = None,
        quality: Doubles | None = None,
        stands_for: float = 1.0,
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
        self._stands_for = stands_for
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
        n = round(self._stands_for * int(better.sum()))
        about = "about " if self._stands_for > 1 else ""
        return f"nearer to {about}{n:,} rows on offer than any pick before it"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._state.closed[rows] = True
