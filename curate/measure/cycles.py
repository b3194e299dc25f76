"""Preferences that go round in a circle, and the fewest to ask again.

In: comparisons as winners and losers. Out: strongly connected components, the shortest circle in
each, and a smallest set of comparisons without which no circle is left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Circle", "circles", "feedback_arcs", "shortest_circle"]

Arc = tuple[int, int]
Ints = npt.NDArray[np.int64]

EXACT = 12
"""Most answers of a circle for which the fewest comparisons are found for certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Answers of which each is preferred to another, round and round."""

    answers: tuple[int, ...]
    """All that are tangled up with each other, ascending."""
    shortest: tuple[int, ...]
    """Rows of the shortest circle, in its order: one for each of its comparisons."""
    again: tuple[int, ...]
    """Rows to ask again, ascending: without them nothing goes round."""
    certain: bool
    """Whether there is no smaller set to ask again."""


def circles(winners: npt.ArrayLike, losers: npt.ArrayLike) -> list[Circle]:
    """Return what goes round in circles, one entry for each knot of answers.

    Answers are in one knot where each is preferred to the other directly or by way of others
    (Tarjan, 1972). Which rows to ask again: a smallest feedback arc set, each arc weighing as
    much as it has rows.

    Args:
        winners: Numbers of the preferred answers, shape (n,), whole numbers from 0.
        losers: Numbers of the others, shape (n,).

    Raises:
        ValueError: If the shapes differ.

    >>> knot = circles([0, 1, 2, 0], [1, 2, 0, 3])[0]
    >>> knot.answers, knot.shortest, knot.again
    ((0, 1, 2), (0, 1, 2), (2,))
    """
    won, lost = np.asarray(winners, np.int64), np.asarray(losers, np.int64)
    if won.shape != lost.shape or won.ndim != 1:
        raise ValueError(f"{won.shape} winners, but {lost.shape} losers")
    rows, knot = _tangled(won, lost)
    arcs: dict[int, dict[Arc, list[int]]] = {}
    for row, number in zip(rows.tolist(), knot.tolist(), strict=True):
        held = arcs.setdefault(number, {})
        held.setdefault((int(won[row]), int(lost[row])), []).append(row)
    found = [_circle(held) for held in arcs.values()]
    return sorted(found, key=lambda circle: circle.answers)


def shortest_circle(arcs: Sequence[Arc]) -> tuple[int, ...]:
    """Return the answers of a shortest circle, its least one first; none = empty.

    >>> shortest_circle([(0, 1), (1, 2), (2, 3), (3, 0), (2, 0)])
    (0, 1, 2)
    """
    onward: dict[int, list[int]] = {}
    for one, other in sorted(set(arcs)):
        onward.setdefault(one, []).append(other)
    best: tuple[int, ...] = ()
    for start in sorted(onward):
        found = _back_to(start, onward, len(best))
        best = found if found and (not best or len(found) < len(best)) else best
        if len(best) == _SMALLEST:
            break
    return best


def feedback_arcs(weights: Mapping[Arc, float]) -> tuple[frozenset[Arc], bool]:
    """Return arcs of the least weight without which there is no circle, and if that is certain.

    Up to 12 nodes by dynamic programming over sets of nodes (Lawler, 1964); of more, the order
    of Eades, Lin and Smyth (1993), bettered by moving single nodes while that helps.

    Args:
        weights: Arc to weight, above 0.

    >>> sorted(feedback_arcs({(0, 1): 2, (1, 2): 1, (2, 0): 3})[0])
    [(1, 2)]
    """
    nodes = sorted({node for arc in weights for node in arc})
    number = {node: n for n, node in enumerate(nodes)}
    weight = np.zeros((len(nodes), len(nodes)))
    for (one, other), value in sorted(weights.items()):
        weight[number[one], number[other]] = value
    exact = len(nodes) <= EXACT
    order = _best_order(weight) if exact else _bettered(weight, _greedy_order(weight))
    place = {nodes[n]: at for at, n in enumerate(order)}
    return frozenset(a for a in weights if place[a[0]] >= place[a[1]]), exact


_SMALLEST = 2


def _tangled(won: Ints, lost: Ints) -> tuple[Ints, Ints]:
    """Return rows whose two answers are in one knot, and the knot's number."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(won):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    n = int(max(won.max(), lost.max())) + 1
    graph = coo_matrix((np.ones(len(won), np.int8), (won, lost)), shape=(n, n)).tocsr()
    _, knot = connected_components(graph, directed=True, connection="strong")
    rows = np.flatnonzero((knot[won] == knot[lost]) & (won != lost))
    return rows, knot[won[rows]].astype(np.int64)


def _circle(arcs: Mapping[Arc, list[int]]) -> Circle:
    around = shortest_circle(list(arcs))
    steps = zip(around, (*around[1:], around[0]), strict=True)
    again, certain = feedback_arcs({arc: float(len(rows)) for arc, rows in arcs.items()})
    return Circle(
        answers=tuple(sorted({node for arc in arcs for node in arc})),
        shortest=tuple(arcs[step][0] for step in steps),
        again=tuple(sorted(row for arc in again for row in arcs[arc])),
        certain=certain,
    )


def _back_to(start: int, onward: Mapping[int, list[int]], most: int) -> tuple[int, ...]:
    """Return the shortest way from a node to itself, breadth first, if shorter than `most`."""
    before = {start: start}
    far = {start: 0}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if most and far[node] + 1 >= most:
            return ()
        for other in onward.get(node, ()):
            if other == start:
                return _path(node, start, before)
            if other not in before:
                before[other], far[other] = node, far[node] + 1
                queue.append(other)
    return ()


def _path(node: int, start: int, before: Mapping[int, int]) -> tuple[int, ...]:
    path = [node]
    while path[-1] != start:
        path.append(before[path[-1]])
    return tuple(reversed(path))


def _best_order(weight: npt.NDArray[np.float64]) -> list[int]:
    """Return the order of nodes with the least weight of arcs that point back."""
    n = len(weight)
    cost, last = np.full(1 << n, np.inf), np.zeros(1 << n, np.int64)
    cost[0] = 0.0
    members = (np.arange(1 << n)[:, None] >> np.arange(n)) & 1
    back = members @ weight.T
    for placed in range(1 << n):
        for node in range(n):
            grown = placed | 1 << node
            price = cost[placed] + back[placed, node]
            if grown != placed and price < cost[grown]:
                cost[grown], last[grown] = price, node
    order, left = [], (1 << n) - 1
    while left:
        order.append(int(last[left]))
        left ^= 1 << order[-1]
    return order[::-1]


def _greedy_order(weight: npt.NDArray[np.float64]) -> list[int]:
    """Return nodes, sources first and sinks last, else what beats most of the rest next."""
    left, first, final = list(range(len(weight))), [], []
    while left:
        inner = weight[np.ix_(left, left)]
        out, into = inner.sum(axis=1), inner.sum(axis=0)
        sink = np.flatnonzero(out == 0)
        source = np.flatnonzero(into == 0)
        if len(sink):
            final.append(left.pop(int(sink[0])))
        else:
            first.append(left.pop(int(source[0] if len(source) else np.argmax(out - into))))
    return first + final[::-1]


def _bettered(weight: npt.NDArray[np.float64], order: list[int]) -> list[int]:
    """Move single nodes to where they cost least, until nothing is gained."""
    for _ in range(_ROUNDS):
        moved = False
        for node in sorted(order):
            at = order.index(node)
            rest = order[:at] + order[at + 1 :]
            # cost of standing at each place: arcs back to those before, and from those after
            gain = np.append(0.0, np.cumsum(weight[node, rest] - weight[rest, node]))
            best = int(np.argmin(gain))
            if gain[best] < gain[at] - 1e-12:
                order, moved = [*rest[:best], node, *rest[best:]], True
        if not moved:
            break
    return order


_ROUNDS = 20
