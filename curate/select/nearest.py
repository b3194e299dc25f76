"""The most similar row of a growing set, at once."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from curate.select.vectors import unit_rows

__all__ = ["Nearest"]

Bytes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]
Array = TypeVar("Array", Bytes, Floats)

SHADOW = 192
"""Dimensions of the projection that rules most rows out."""
NEVER = (-1.0, -1)
"""The answer where there is no row."""


class Nearest:
    """Finds the most similar of the rows given so far, exactly, for decisions on arrival.

    Every row is held three times: as it is, as whole numbers of one byte, and as its projection
    on the `SHADOW` directions in which the rows differ most, in bytes too. A row's cosine is at
    most that of the projections plus the product of the lengths outside of them (Cauchy and
    Schwarz) plus what the bytes lost, all known; only rows for which that beats the best cosine
    so far are looked at in full. What comes back is therefore what comparing with every row gives,
    to float32's rounding. Cost: a pass over `SHADOW` bytes a row, or, where that rules out too
    little (a vector unlike all rows), one over n_dims bytes a row. Of many copies of the very row
    that is nearest each is looked at.

    Args:
        vectors: Rows, shape (n_rows, n_dims); taken at unit length, copied.

    >>> seen = Nearest(np.array([[1, 0], [0, 2]], "f4"))
    >>> seen.add(np.array([[0.6, 0.8]]))
    >>> cosine, row = seen.cosine(np.array([0.6, 0.8]))
    >>> round(cosine, 3), row
    (1.0, 2)
    """

    def __init__(self, vectors: npt.ArrayLike) -> None:
        self._fitted = 0
        self._begin(np.shape(vectors)[1])
        self.add(vectors)

    def _begin(self, n_dims: int) -> None:
        self._n = 0
        self._asked, self._answer = (0, b""), NEVER
        self._rows = np.empty((0, n_dims), np.float32)
        self._axes = np.eye(min(SHADOW, n_dims), n_dims, dtype=np.float32)
        self._body = _Coded(n_dims)
        self._shadows = _Coded(len(self._axes))
        self._outside = np.empty(0, np.float32)

    def __len__(self) -> int:
        return self._n

    def cosine(self, vector: npt.ArrayLike) -> tuple[float, int]:
        """Return the highest cosine and its row, ties: lowest index; (-1, -1) without rows.

        The same question asked again costs nothing: novelty and near-identical rows need one
        look together.

        Args:
            vector: Shape (n_dims,); a zero vector has a cosine of 0 with every row.
        """
        if not self._n:
            return NEVER
        (unit,) = unit_rows(np.asarray(vector, np.float32)[None])
        asked = (self._n, unit.tobytes())
        if asked != self._asked:
            self._asked, self._answer = asked, self._look(unit)
        return self._answer

    def _look(self, unit: Floats) -> tuple[float, int]:
        from curate.select._nearest import nearest

        shadow = self._axes @ unit
        cosine, row = nearest(
            (*self._shadows.first(self._n), self._outside[: self._n]),
            self._body.first(self._n),
            self._rows[: self._n],
            unit,
            shadow,
            _lengths(unit, shadow),
            _ROUNDING,
        )
        return float(cosine), int(row)

    def add(self, vectors: npt.ArrayLike) -> None:
        """Add rows, numbered on from those before.

        Where 2,048, 8,192 and 32,768 rows are passed the directions are found anew, which takes
        some tenths of a second; any other addition costs some microseconds a row.

        Args:
            vectors: Shape (n_new, n_dims).
        """
        new = unit_rows(vectors)
        if not len(new):
            return
        if not self._n:
            self._begin(new.shape[1])
        start, self._n = self._n, self._n + len(new)
        self._make_room()
        self._rows[start : self._n] = new
        self._body.write(start, new)
        if self._n >= _REFIT * max(self._fitted, _FEW) and self._fitted < _ENOUGH:
            self._axes, self._fitted = _axes(self._rows[: self._n], len(self._axes)), self._n
            start = 0
        self._cast_shadows(start)

    def _make_room(self) -> None:
        if self._n > len(self._rows):
            room = self._n + self._n // 4
            self._rows, self._outside = _wider(self._rows, room), _wider(self._outside, room)
            self._body.make_room(room)
            self._shadows.make_room(room)

    def _cast_shadows(self, start: int) -> None:
        for at in range(start, self._n, _BLOCK):
            rows = self._rows[at : min(at + _BLOCK, self._n)]
            shadows = rows @ self._axes.T
            self._shadows.write(at, shadows)
            self._outside[at : at + len(rows)] = _outside(rows, shadows)


_FEW = 512
_REFIT = 4
_ENOUGH = 32_768
_BLOCK = 8192
_ROUNDING = 2e-5
"""What float32 may be off by in a product, a projection or a length, all together."""


class _Coded:
    """Rows as whole numbers of one byte: their unit, and the length of what that lost."""

    def __init__(self, n_dims: int) -> None:
        self._codes = np.empty((0, n_dims), np.int8)
        self._unit = np.empty(0, np.float32)
        self._lost = np.empty(0, np.float32)

    def make_room(self, room: int) -> None:
        self._codes = _wider(self._codes, room)
        self._unit, self._lost = _wider(self._unit, room), _wider(self._lost, room)

    def write(self, start: int, rows: Floats) -> None:
        from curate.select._nearest import quantise

        at = slice(start, start + len(rows))
        quantise(rows, self._codes[at], self._unit[at], self._lost[at])

    def first(self, n: int) -> tuple[Bytes, Floats, Floats]:
        return self._codes[:n], self._unit[:n], self._lost[:n]


def _wider(array: Array, room: int) -> Array:
    wider = np.empty((room, *array.shape[1:]), array.dtype)
    wider[: len(array)] = array
    return wider


def _axes(rows: Floats, n_axes: int) -> Floats:
    """Return directions at right angles along which a sample of the rows is longest."""
    sample = rows[:: -(-len(rows) // _SAMPLED)]
    axes = np.random.default_rng(7).normal(size=(rows.shape[1], n_axes))
    for _ in range(_POWER):
        axes, _ = np.linalg.qr(sample.T @ (sample @ axes.astype(np.float32)))
    return np.ascontiguousarray(axes.T, np.float32)


_SAMPLED = 4096
_POWER = 3


def _outside(rows: Floats, shadows: Floats) -> Floats:
    """Return the length of what a projection leaves out of each row."""
    whole, seen = (np.einsum("ij,ij->i", a, a, dtype=np.float64) for a in (rows, shadows))
    length: Floats = np.sqrt(np.maximum(0, whole - seen)).astype(np.float32)
    return length


def _lengths(unit: Floats, shadow: Floats) -> tuple[float, float, float]:
    whole, seen = float(unit @ unit), float(shadow @ shadow)
    return seen**0.5, max(0.0, whole - seen) ** 0.5, whole**0.5
