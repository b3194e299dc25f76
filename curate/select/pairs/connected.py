"""Comparisons that hold a ranking together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.pairs.design import in_words
from curate.select.pairs.gaps import Gaps, compared, gaps, two_columns
from curate.select.pool import Answers
from curate.select.strategies import Offer

__all__ = ["Graph", "connected", "doubt", "picker"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def connected(
    answers: Answers,
    pairs: npt.ArrayLike,
    k: int,
    *,
    nodes: npt.ArrayLike | None = None,
    covered: npt.ArrayLike | None = None,
) -> Ints:
    """Pick `k` pairs: first those that connect what was never compared, then doubtful orders.

    Bradley and Terry's strengths are comparable only within a connected graph of comparisons. Each
    of the first picks joins two parts of the graph (of those that do, the one whose order is in
    most doubt): as few comparisons as possible connect everything that `pairs` can connect. The
    others are the pairs whose order the posterior doubts most, `2 min(P, 1 - P)` with P the chance
    that a's reward is the higher one (1 where a reward is not known).

    Args:
        answers: What is known of the completions.
        pairs: Shape (n_pairs, 2), rows of `answers`.
        k: How many pairs to pick.
        nodes: What is ranked, e.g. the number of the model on each side of each pair, shape
            (n_pairs, 2); None = the answers themselves.
        covered: Rows of `pairs` that were compared: they connect, and are not picked.

    Returns:
        Rows of `pairs` in the order of picking; ties: lowest index. Cost: one pass a pick that
        connects, and a sort.

    >>> known = Answers(features=np.eye(4, dtype="f4"), reward=np.array([0.0, 0, 0, 5]),
    ...     reward_sd=np.ones(4), length=np.ones(4))
    >>> connected(known, [[0, 1], [1, 2], [0, 2], [2, 3]], 4)
    array([0, 1, 3, 2])
    """
    rows = two_columns(pairs)
    graph = Graph(gaps(answers, rows), rows if nodes is None else two_columns(nodes))
    if covered is not None:
        graph.count(np.asarray(covered, np.int64))
    picks: list[int] = []
    while len(picks) < k and (row := graph.offer()) >= 0:
        graph.take(row)
        picks.append(row)
    return np.array(picks, np.int64)


def doubt(belief: Gaps) -> Floats:
    """Return how much each pair's order is in doubt: 1 = even, 0 = settled, shape (n_pairs,).

    >>> doubt(Gaps(mean=np.array([0.0, 1.96]), variance=np.ones(2))).round(3).tolist()
    [1.0, 0.05]
    """
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(belief.mean) / np.sqrt(np.maximum(belief.variance, 0))
    return np.asarray(2 * ndtr(-np.nan_to_num(z, posinf=np.inf)))


def picker(offer: Offer) -> Graph:
    """Offer pairs that connect, then pairs whose order is in doubt.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    answers, pairs = compared(offer, "connected")
    ranked = pairs if answers.model is None else answers.model[pairs]
    graph = Graph(gaps(answers, pairs), ranked)
    graph.count(offer.centres)
    graph.close(np.flatnonzero(~offer.open))
    return graph


class Graph:
    """Offers the pair that connects two parts, or else the one whose order is in most doubt.

    Args:
        belief: Of each pair's gap.
        nodes: What each pair compares, shape (n_pairs, 2).
    """

    def __init__(self, belief: Gaps, nodes: Ints) -> None:
        self.refused: dict[int, str] = {}
        self._belief = belief
        self._order = np.argsort(-doubt(belief), kind="stable")
        numbers, flat = np.unique(nodes, return_inverse=True)
        self._nodes = flat.reshape(-1, 2).astype(np.int64)
        self._part = np.arange(len(numbers))
        self._open = np.ones(len(nodes), bool)
        self._joining = self._order

    def offer(self) -> int:
        """Return the open pair to ask next, or -1; ties: lowest index."""
        ahead = self._first_joining()
        if ahead >= 0:
            return ahead
        left = self._open[self._order]
        return int(self._order[left.argmax()]) if left.any() else -1

    def take(self, row: int) -> str:
        """Count a pair as compared and say what it is for."""
        one = slice(row, row + 1)
        belief = Gaps(mean=self._belief.mean[one], variance=self._belief.variance[one])
        sizes = self._sizes(row)
        self._join(row)
        if sizes is None:
            return f"{in_words(belief)}; order in doubt ({float(doubt(belief)[0]):.2f} of 1)"
        return f"{in_words(belief)}; connects {sizes[0]:,} with {sizes[1]:,} never compared before"

    def count(self, rows: Ints) -> None:
        """Count pairs as compared that others chose."""
        for row in rows.tolist():
            self._join(row)

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._open[rows] = False

    def _first_joining(self) -> int:
        """Return the first open pair that joins two parts; pairs within a part are forgotten."""
        while len(self._joining):
            block = self._joining[:_BLOCK]
            ends = self._part[self._nodes[block]]
            joins = (ends[:, 0] != ends[:, 1]) & self._open[block]
            if joins.any():
                first = int(joins.argmax())
                self._joining = self._joining[first:]
                return int(block[first])
            self._joining = self._joining[len(block) :]
        return -1

    def _sizes(self, row: int) -> tuple[int, int] | None:
        one, other = self._part[self._nodes[row]]
        if one == other:
            return None
        return int((self._part == one).sum()), int((self._part == other).sum())

    def _join(self, row: int) -> None:
        one, other = self._part[self._nodes[row]]
        self._part[self._part == max(one, other)] = min(one, other)
        self._open[row] = False


_BLOCK = 4096
