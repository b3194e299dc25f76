"""Rows whose gradients are long and point different ways."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.believed import beliefs_of, highest_first
from curate.select.strategies import Offer

__all__ = ["Gradients", "badge", "picker"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def badge(
    probabilities: npt.ArrayLike,
    features: npt.ArrayLike,
    k: int,
    *,
    covered: Ints | None = None,
    rng: int | np.random.Generator = 7,
) -> Ints:
    """Pick `k` rows by k-means++ on the gradients their likeliest labels would give.

    BADGE (Ash et al., 2020): row i's gradient embedding is ``(p_i - e_y) (x) h_i`` with y its
    likeliest class, long where the model is unsure. The first pick is the longest; each later
    one is drawn with chance proportional to its squared distance to the nearest pick (Arthur and
    Vassilvitskii, 2007), so that a queue is unsure and diverse in one. Use it for large batches of
    a model with many classes. In expectation the picks' squared radius is within 8 (ln k + 2) of
    the best k centres'; nothing is promised of labels. The embeddings are never made: a
    product of two is that of the (p - e_y) times that of the features.

    Args:
        probabilities: Shape (n_rows, n_classes); rows of NaN are never picked.
        features: What the model looks at, shape (n_rows, n_features).
        k: How many rows to pick; at most those not covered come back.
        covered: Rows that count as picked already, e.g. those reviewed earlier.
        rng: Seed or generator of the draws.

    Returns:
        Row indices in the order of picking; once all that is left repeats a pick: lowest index.
        Cost: n_classes + n_features operations for each row and pick, and for each row and
        covered row. Memory: that of the arrays given.

    Raises:
        ValueError: If the shapes do not fit.

    >>> badge([[0.5, 0.5], [1, 0], [0.5, 0.5]], [[1, 0], [1, 0], [1, 0]], 2)
    array([0, 1])
    """
    centres = np.empty(0, np.int64) if covered is None else np.unique(covered)
    gradients = Gradients(probabilities, features, centres, np.random.default_rng(rng))
    gradients.close(centres)
    picks: list[int] = []
    while len(picks) < k and (row := gradients.offer()) >= 0:
        gradients.take(row)
        picks.append(row)
    return np.array(picks, np.int64)


def picker(offer: Offer) -> Gradients:
    """Draw open rows by the distance of their gradients to those of reviewed rows and picks."""
    beliefs = beliefs_of(offer, "badge")
    gradients = Gradients(beliefs.probabilities, beliefs.features, offer.centres, offer.rng)
    gradients.close(np.flatnonzero(~offer.open))
    unknown = highest_first(offer, beliefs.probabilities.sum(axis=1), "prediction")
    gradients.refused = dict(unknown.refused)
    return gradients


class Gradients:
    """Draws rows by the squared distance of their gradients to the nearest centre's.

    Args:
        probabilities: Shape (n_rows, n_classes); rows of NaN are never offered.
        features: Shape (n_rows, n_features).
        centres: Rows that count as picked at the start.
        rng: Where the draws come from.

    Raises:
        ValueError: If the shapes do not fit.
    """

    def __init__(
        self,
        probabilities: npt.ArrayLike,
        features: npt.ArrayLike,
        centres: Ints,
        rng: np.random.Generator,
    ) -> None:
        self.refused: dict[int, str] = {}
        self._rng = rng
        self._features = np.ascontiguousarray(features, np.float32)
        self._surprise, known = _surprise(probabilities)
        if self._features.ndim != 2 or len(self._features) != len(self._surprise):
            raise ValueError(f"features must be of shape ({len(known)}, n_features)")
        self._lengths = _squared(self._surprise) * _squared(self._features)
        self._gap = np.full(len(known), np.inf)
        self._shut = ~known
        self._any = False
        self._next: int | None = None
        for start in range(0, len(centres), _BLOCK):
            self._approach(centres[start : start + _BLOCK])

    def offer(self) -> int:
        """Return the row that the draw fell on, the same until it is taken or closed, or -1."""
        if self._next is None:
            self._next = self._draw()
        return self._next

    def take(self, row: int) -> str:
        """Make `row` a centre and say how long its gradient is, and how far from the others."""
        gap, first = self._gap[row], not self._any
        self._approach(np.array([row]))
        self._shut[row] = True
        self._next = None
        length = f"gradient of length {self._lengths[row] ** 0.5:.3g}"
        if first:
            return f"{length}, the longest on offer"
        return f"drawn by lot: {length}, {gap**0.5:.3g} from that of any picked or reviewed row"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._shut[rows] = True
        if self._next is not None and self._next >= 0 and self._shut[self._next]:
            self._next = None

    def _draw(self) -> int:
        rows = np.flatnonzero(~self._shut)
        if not len(rows):
            return -1
        if not self._any:
            return int(rows[self._lengths[rows].argmax()])
        upto = np.cumsum(self._gap[rows])
        if not upto[-1] > 0:
            return int(rows[0])
        return int(rows[np.searchsorted(upto, self._rng.random() * upto[-1], side="right")])

    def _approach(self, centres: Ints) -> None:
        """Lower each row's squared distance to what it is to the nearest of `centres` too."""
        centres = centres[~np.isnan(self._lengths[centres])]
        if not len(centres):
            return
        self._any = True
        product = (self._surprise @ self._surprise[centres].T).astype(np.float64)
        product *= self._features @ self._features[centres].T
        both = self._lengths[:, None] + self._lengths[centres]
        gap = both - 2 * product
        gap[gap < _ROUNDING * both] = 0
        np.minimum(self._gap, gap.min(axis=1), out=self._gap)


_BLOCK = 64
_ROUNDING = 1e-6
"""Share of the squared lengths below which their difference is float32's: copies are at 0."""


def _surprise(probabilities: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return p - e_y for the likeliest class y, and which rows are known."""
    p = np.array(probabilities, np.float32)
    if p.ndim != 2 or not p.shape[1]:
        raise ValueError(f"probabilities have the shape (n_rows, n_classes), not {p.shape}")
    known: npt.NDArray[np.bool_] = ~np.isnan(p.sum(axis=1))
    p[~known] = np.nan
    rows = np.flatnonzero(known)
    p[rows, p[rows].argmax(axis=1)] -= 1
    return p, known


def _squared(rows: Floats) -> Doubles:
    squared: Doubles = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    return squared
