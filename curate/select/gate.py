"""Who gets into a queue: no more than a cap allows, and nothing said twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.where.cells import Column, codes

__all__ = ["Cap", "ClusterCap", "Gate", "PromptCap", "Refusal"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """No more than `most` rows of one value."""

    name: str
    codes: Ints
    """Value of each row as a number, shape (n_rows,); -1 = not capped."""
    labels: Sequence[object]
    """What each number stands for."""
    most: int | Ints
    """Of every value, or of each one, shape (n_labels,)."""

    @property
    def limits(self) -> Ints:
        """Most rows of each value, shape (n_labels,)."""
        return np.full(len(self.labels), self.most, np.int64)

    def full(self, code: int) -> str:
        """Say that no more rows of a value are admitted."""
        return f"the cap of {self.limits[code]} on {self.name} {self.labels[code]!r} was full"

    @classmethod
    def of(cls, name: str, values: Column, most: int) -> Cap:
        """Return the cap on a column of texts; rows without a value are not capped.

        >>> Cap.of("source", ["a", None, "b", "a"], 1).codes
        array([ 0, -1,  1,  0])
        """
        number, labels = codes(values)
        return cls(name=name, codes=number, labels=labels, most=most)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCap(Cap):
    """No more than `most` rows of one prompt."""

    def full(self, code: int) -> str:
        """Say that no more rows of a prompt are admitted."""
        return f"its prompt is in the queue already ({self.most} at most)"

    @classmethod
    def by_number(cls, identity: Ints, most: int) -> PromptCap:
        """Return the cap on rows of one number."""
        numbers, codes = np.unique(identity, return_inverse=True)
        return cls(name="prompt", codes=codes.astype(np.int64), labels=numbers.tolist(), most=most)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterCap(Cap):
    """No more rows of a cluster than its share by the square root of its size."""

    def full(self, code: int) -> str:
        """Say that a cluster has its share."""
        return f"cluster {self.labels[code]} had its share of the queue ({self.limits[code]})"

    @classmethod
    def by_root(cls, clusters: Ints, open_rows: npt.NDArray[np.bool_], k: int) -> ClusterCap:
        """Return shares of `k` rows proportional to the square roots of the sizes, rounded up.

        Args:
            clusters: Cluster of each row, from 0 on, shape (n_rows,).
            open_rows: Rows that make up the sizes, shape (n_rows,).
            k: Size of the queue.

        >>> cap = ClusterCap.by_root(np.array([0] * 9 + [1]), np.ones(10, bool), 4)
        >>> cap.limits
        array([3, 1])
        """
        n = int(clusters.max(initial=-1)) + 1
        root = np.sqrt(np.bincount(clusters[open_rows], minlength=n))
        most = np.ceil(k * root / max(1.0, root.sum()) - _ROUNDING).astype(np.int64)
        return cls(name="cluster", codes=clusters, labels=range(n), most=most)


class Refusal(NamedTuple):
    """Why a row did not get in."""

    reason: str
    twin: int | None
    """The row inside that it repeats; None where a cap was full."""


class Gate:
    """Admits rows one after the other, and says why a row is refused.

    Args:
        vectors: Unit rows (or zero rows), shape (n_rows, n_dims).
        threshold: Rows of at least this cosine are near-identical; above 1 = never.
        identity: Rows of one number are never near-identical to each other, shape (n_rows,).
        caps: Limits by value.
        names: What to call a row in a reason.
    """

    def __init__(
        self,
        vectors: Floats,
        *,
        threshold: float,
        identity: Ints | None = None,
        caps: Sequence[Cap] = (),
        names: Sequence[str] | None = None,
    ) -> None:
        self._vectors = vectors
        self._threshold = threshold
        self._identity = np.arange(len(vectors)) if identity is None else identity
        self._caps = caps
        self._room = [cap.limits for cap in caps]
        self._names = names
        self._inside = np.empty(0, np.int64)
        self._kept = np.empty((0, vectors.shape[1]), np.float32)
        self._n_before = 0
        self._before: dict[int, tuple[float, int]] = {}

    def loosened(self, share: float) -> Gate:
        """Return a gate with the same rows inside and `share` times the room that is left."""
        gate = Gate(
            self._vectors,
            threshold=self._threshold,
            identity=self._identity,
            caps=self._caps,
            names=self._names,
        )
        gate._room = [np.ceil(room * share).astype(np.int64) for room in self._room]
        gate._inside, gate._kept = self._inside.copy(), self._kept.copy()
        gate._n_before, gate._before = self._n_before, self._before
        return gate

    def enter(self, rows: Ints, *, counted: bool = True) -> None:
        """Let `rows` in without asking, e.g. those reviewed before.

        Args:
            rows: Row indices.
            counted: Whether they use up the room of the caps.
        """
        self._remember(rows)
        self._n_before, self._before = len(self._inside), {}
        for cap, room in zip(self._caps, self._room, strict=True):
            codes = cap.codes[rows]
            if counted:
                np.subtract.at(room, codes[codes >= 0], 1)

    def admit(self, rows: Ints) -> list[Refusal | None]:
        """Let `rows` in one after the other, each only if no cap is full and it repeats nothing.

        Args:
            rows: Row indices; earlier ones come first.

        Returns:
            None for each that got in, else why it did not.
        """
        near_inside = self._nearest_inside(rows)
        near_each_other = self._cosines(rows, rows)
        entered: list[int] = []
        refusals = []
        for n, row in enumerate(rows.tolist()):
            near = max([near_inside[n], _nearest(near_each_other[n], entered, rows)])
            refusal = self.full(row) or self._repeats(near)
            refusals.append(refusal)
            if refusal is None:
                entered.append(n)
                self._count(row)
        self._remember(rows[entered])
        return refusals

    def full(self, row: int) -> Refusal | None:
        """Return which cap has no room left for `row`, or None."""
        return next((Refusal(reason, None) for reason, _ in self._full_caps(row)), None)

    def shut_by(self, row: int) -> dict[str, Ints]:
        """Return what the caps refuse now that `row` is in: reason to rows."""
        return {
            reason: np.flatnonzero(cap.codes == cap.codes[row])
            for reason, cap in self._full_caps(row)
        }

    def _full_caps(self, row: int) -> list[tuple[str, Cap]]:
        return [
            (cap.full(cap.codes[row]), cap)
            for cap, room in zip(self._caps, self._room, strict=True)
            if cap.codes[row] >= 0 and room[cap.codes[row]] <= 0
        ]

    def _count(self, row: int) -> None:
        for cap, room in zip(self._caps, self._room, strict=True):
            if cap.codes[row] >= 0:
                room[cap.codes[row]] -= 1

    def _remember(self, rows: Ints) -> None:
        n = len(self._inside)
        if n + len(rows) > len(self._kept):
            room = np.empty((n + len(rows) + max(256, n // 8), self._kept.shape[1]), np.float32)
            room[:n] = self._kept[:n]
            self._kept = room
        self._kept[n : n + len(rows)] = self._vectors[rows]
        self._inside = np.concatenate([self._inside, rows])

    def _nearest_inside(self, rows: Ints) -> list[tuple[float, int]]:
        """Return the nearest row inside of each, compared only once with those that entered."""
        if self._threshold > 1:
            return [_NOTHING] * len(rows)
        new = np.array([row for row in rows.tolist() if row not in self._before], np.int64)
        near = self._nearest_among(new, slice(self._n_before))
        self._before.update(zip(new.tolist(), near, strict=True))
        later = self._nearest_among(rows, slice(self._n_before, len(self._inside)))
        pairs = zip((self._before[row] for row in rows.tolist()), later, strict=True)
        return [max(both, key=itemgetter(0)) for both in pairs]

    def _nearest_among(self, rows: Ints, part: slice) -> list[tuple[float, int]]:
        inside = self._inside[part]
        if not len(inside):
            return [_NOTHING] * len(rows)
        near = self._vectors[rows] @ self._kept[: len(self._inside)][part].T
        near[self._identity[rows][:, None] == self._identity[inside]] = -2
        best = near.argmax(axis=1)
        return [(float(near[i, b]), int(inside[b])) for i, b in enumerate(best)]

    def _cosines(self, rows: Ints, others: Ints) -> Floats:
        near = self._vectors[rows] @ self._vectors[others].T
        near[self._identity[rows][:, None] == self._identity[others]] = -2
        return near

    def _repeats(self, near: tuple[float, int]) -> Refusal | None:
        cosine, row = near
        if cosine < self._threshold - _ROUNDING:
            return None
        name = self._names[row] if self._names is not None else f"row {row}"
        return Refusal(f"near-identical to {name} (cosine {min(cosine, 1):.3f})", row)


_NOTHING = (-2.0, -1)
_ROUNDING = 1e-6
"""Cosines are float32: a text is near-identical to itself at a threshold of 1."""


def _nearest(cosines: Floats, entered: list[int], rows: Ints) -> tuple[float, int]:
    if not entered:
        return _NOTHING
    best = entered[int(cosines[entered].argmax())]
    return float(cosines[best]), int(rows[best])
