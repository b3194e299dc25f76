"""Rows whose neighbourhoods hold as much of the pool as possible."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.clusters import clusters
from curate.select.strategies import Offer
from curate.select.vectors import unit_rows
from curate.select.within import Within

__all__ = ["Balls", "picker", "prob_cover", "pure_radius"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def prob_cover(
    vectors: Floats,
    k: int,
    *,
    covered: Ints | None = None,
    radius: float | None = None,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick `k` rows so that as many rows as possible lie in a ball around one of them.

    ProbCover (Yehuda et al., 2022), as greedy maximum coverage: at least 1 - 1/e of the most
    rows that k balls can hold. Use it like `typical`, for the first tens of picks; it asks about
    dense regions and leaves outliers alone. Once the balls hold every row the radius is halved,
    for the rows in the coarsest balls. A pool of more than 8,000 rows is represented by a sample
    of so many, from which picks come too (then the others by lot), and the guarantee holds for
    the sample.

    Args:
        vectors: One row per item, shape (n_rows, n_dims); taken at unit length.
        k: How many rows to pick; at most those not covered come back.
        covered: Rows that count as picked already, e.g. those reviewed earlier.
        radius: Of the balls, as 1 - cosine; None = `pure_radius`.
        rng: Seed or generator of the samples taken of large pools.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: m^2 products with m =
        min(n_rows, 8000), then two looks at each pair of near rows in all, and m operations a
        pick.

    >>> rows = np.array([[1, 0], [0, 1], [0.1, 1], [0, 1], [-1, 0]], "f4")
    >>> prob_cover(rows, 2, radius=0.1)
    array([1, 0])
    """
    rng = np.random.default_rng(rng)
    rows = unit_rows(vectors)
    left = np.ones(len(rows), bool)
    if covered is not None:
        left[covered] = False
    balls = _balls(rows, left, rows[~left], radius, rng)
    picks: list[int] = []
    while len(picks) < k and (row := balls.offer()) >= 0:
        balls.take(row)
        picks.append(row)
    return np.array(picks, np.int64)


def pure_radius(
    vectors: Floats, *, purity: float = 0.95, rng: int | np.random.Generator = 7
) -> float:
    """Return the widest radius at which at least `purity` of the balls are of one cluster.

    A ball holds the rows nearer than its radius; clusters are `clusters(vectors, sqrt(n / 2))`.
    A row's ball is pure up to its gap to the nearest row of another cluster, so the radius is a
    quantile of these gaps (of at most 2,000 rows).

    Args:
        vectors: Unit rows, shape (n_rows, n_dims).
        purity: Share of pure balls.
        rng: Seed or generator of the samples.

    Returns:
        1 - cosine; 2 where there is one cluster.

    >>> pure_radius(np.eye(8, dtype="f4"))
    1.0
    """
    rng = np.random.default_rng(rng)
    labels = clusters(vectors, round((len(vectors) / 2) ** 0.5), rng=rng)
    asked = np.sort(rng.permutation(len(vectors))[:_ASKED])
    gaps = np.sort(_foreign_gaps(vectors, labels, asked))
    if not len(gaps):
        return 2.0
    return float(np.clip(gaps[int((1 - purity) * len(gaps) + _SLACK)], _LEAST, 2.0))


_ASKED = 2000
_SLACK = 1e-9
_LEAST = 1e-5
"""Gaps below are float32's: copies of a row are in each other's ball."""


def _foreign_gaps(vectors: Floats, labels: Ints, asked: Ints) -> Floats:
    gaps = np.full(len(asked), 2, np.float32)
    for i in range(0, len(vectors), _BLOCK):
        block = 1 - vectors[asked] @ vectors[i : i + _BLOCK].T
        block[labels[asked][:, None] == labels[i : i + _BLOCK]] = 2
        np.minimum(gaps, block.min(axis=1), out=gaps)
    return gaps


_BLOCK = 2048


def picker(offer: Offer) -> Within:
    """Offer the open row whose ball holds most that no ball holds yet, round by round."""
    rows = np.flatnonzero(offer.open)
    left = np.ones(len(rows), bool)
    centres = offer.vectors[offer.centres]
    return Within(rows, _balls(offer.vectors[rows], left, centres, None, offer.rng))


def _balls(
    rows: Floats,
    left: npt.NDArray[np.bool_],
    centres: Floats,
    radius: float | None,
    rng: np.random.Generator,
) -> Balls:
    on_offer = np.flatnonzero(left)
    shuffled = rng.permutation(on_offer)
    sample = on_offer if len(on_offer) <= _SAMPLED else np.sort(shuffled[:_SAMPLED])
    widest = pure_radius(rows[sample], rng=rng) if radius is None else radius
    return Balls(rows[sample], centres, widest, numbers=sample, rest=shuffled)


_SAMPLED = 8_000


class Balls:
    """Offers the row whose ball holds most rows that no ball holds yet.

    Args:
        rows: Unit rows that are to be covered and may be picked, shape (n_rows, n_dims).
        centres: Unit rows that have a ball already.
        radius: Of the balls, as 1 - cosine.
        numbers: What each of `rows` is called outside, shape (n_rows,).
        rest: Rows (by that name) to offer in this order once `rows` are used up.
    """

    def __init__(
        self, rows: Floats, centres: Floats, radius: float, *, numbers: Ints, rest: Ints
    ) -> None:
        from curate.select import _ball_loops

        self.refused: dict[int, str] = {}
        self._loops = _ball_loops
        self._numbers = numbers
        self._place = {row: at for at, row in enumerate(numbers.tolist())}
        self._rest = rest[~np.isin(rest, numbers)].tolist()
        self._shut: set[int] = set()
        self._graph = _graph(rows, radius)
        self._gap = _gap_to(rows, centres)
        self._radius = radius
        self._left = np.ones(len(rows), bool)
        self._gain = np.zeros(len(rows), np.int64)
        self._loops.gains(*self._graph, self._gap, self._radius, self._gain)

    def offer(self) -> int:
        """Return the best open row, or -1."""
        at = self._loops.best(self._gain, self._left)
        while at >= 0 and self._gain[at] == 0 and self._radius >= _LEAST:
            self._radius /= 2
            self._loops.gains(*self._graph, self._gap, self._radius, self._gain)
            at = self._loops.best(self._gain, self._left)
        if at >= 0:
            return int(self._numbers[at])
        return next((row for row in self._rest if row not in self._shut), -1)

    def take(self, row: int) -> str:
        """Put a ball around `row` and say what it holds."""
        if row not in self._place:
            self._shut.add(row)
            return "drawn by lot: the sample of the pool that is covered was used up"
        at = self._place[row]
        held = int(self._gain[at])
        self._left[at] = False
        self._loops.cover(at, *self._graph, self._gap, self._radius, self._gain)
        return (
            f"the ball around it (cosine above {1 - self._radius:.3f}) holds {held:,} rows that no "
            "ball before it holds"
        )

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        for row in rows.tolist():
            if row in self._place:
                self._left[self._place[row]] = False
            else:
                self._shut.add(row)


Graph = tuple[Ints, npt.NDArray[np.int32], Floats]


def _graph(rows: Floats, radius: float) -> Graph:
    """Return each row's near rows: where its list starts, the rows, and their gaps."""
    from curate.select import _ball_loops

    sizes = np.zeros(len(rows), np.int64)
    for i in range(0, len(rows), _BLOCK):
        _ball_loops.count(1 - rows[i : i + _BLOCK] @ rows.T, radius, i, sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    near_rows = np.empty(starts[-1], np.int32)
    gaps = np.empty(starts[-1], np.float32)
    for i in range(0, len(rows), _BLOCK):
        block = 1 - rows[i : i + _BLOCK] @ rows.T
        _ball_loops.add_edges(block, radius, i, starts, near_rows, gaps)
    return starts, near_rows, gaps


def _gap_to(rows: Floats, centres: Floats) -> Floats:
    """Return each row's gap to the nearest centre; above any radius without one."""
    gap = np.full(len(rows), 3, np.float32)
    for i in range(0, len(centres), _BLOCK):
        block = 1 - rows @ centres[i : i + _BLOCK].T
        np.minimum(gap, block.min(axis=1), out=gap)
    return gap
