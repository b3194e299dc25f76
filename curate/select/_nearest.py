"""The inner loops of `Nearest`, compiled (numba). Imported on use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled, reordered

__all__ = ["nearest", "quantise"]

Bytes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]


@compiled
def quantise(rows: Floats, codes: Bytes, scale: Floats, lost: Floats) -> None:
    """Write each row as whole numbers from -127 to 127, their unit, and the length of the rest."""
    for i in range(rows.shape[0]):
        largest = np.float32(0)
        for j in range(rows.shape[1]):
            largest = max(largest, abs(rows[i, j]))
        unit = largest / np.float32(127)
        total = 0.0
        for j in range(rows.shape[1]):
            code = np.int8(np.rint(rows[i, j] / unit)) if unit > 0 else np.int8(0)
            codes[i, j] = code
            total += (rows[i, j] - code * unit) ** 2
        scale[i] = unit
        lost[i] = np.sqrt(total)


@reordered
def coded_product(codes: Bytes, vector: Floats) -> float:
    """Return the product of a row's whole numbers with a vector."""
    total = np.float32(0)
    for j in range(codes.shape[0]):
        total += np.float32(codes[j]) * vector[j]
    return float(total)


@reordered
def product(row: Floats, vector: Floats) -> float:
    """Return the product of two vectors."""
    total = np.float32(0)
    for j in range(row.shape[0]):
        total += row[j] * vector[j]
    return float(total)


@compiled
def nearest(
    head: tuple[Bytes, Floats, Floats, Floats],
    body: tuple[Bytes, Floats, Floats],
    rows: Floats,
    vector: Floats,
    shadow: Floats,
    lengths: tuple[float, float, float],
    slack: float,
) -> tuple[float, int]:
    """Return the highest product of a row with `vector`, and the first row that has it.

    Args:
        head: Of each row's projection: whole numbers, unit, length lost, length left outside.
        body: Of each row itself: whole numbers, unit, length lost.
        rows: Unit rows, shape (n_rows, n_dims), n_rows > 0.
        vector: A unit row.
        shadow: Its projection.
        lengths: Of the shadow, of what is outside of it, of the vector.
        slack: What rounding may add to a product.
    """
    bound = np.full(rows.shape[0], np.inf, np.float32)
    some = max(1, rows.shape[0] // TRIED)
    at, left = shadow_bounds(bound[::some], head, shadow, lengths, rows, vector, some)
    unshadowed = left > MOST_TRIED
    if not unshadowed:
        at, left = shadow_bounds(bound, head, shadow, lengths, rows, vector, 1)
        unshadowed = left > MOST_LEFT
    best = product(rows[at], vector)
    for i in range(rows.shape[0]):
        if unshadowed or bound[i] + slack >= best:
            bound[i] = closer_bound(i, body, vector, lengths[2])
    if unshadowed:
        at = int(np.argmax(bound))
        best = product(rows[at], vector)
    for i in range(rows.shape[0]):
        if bound[i] + slack >= best:
            cosine = product(rows[i], vector)
            if cosine > best or (cosine == best and i < at):
                best, at = cosine, i
    return best, at


TRIED = 1024
"""So many rows' projections show whether projections rule out enough."""
MOST_TRIED = 0.7
"""Share of those that may be left; most rows have a nearer one among all than among those."""
MOST_LEFT = 0.125
"""Share of all that may be left; if more are, a pass over all is faster than leaps."""


@compiled
def shadow_bounds(
    bound: Floats,
    head: tuple[Bytes, Floats, Floats, Floats],
    shadow: Floats,
    lengths: tuple[float, float, float],
    rows: Floats,
    vector: Floats,
    step: int,
) -> tuple[int, float]:
    """Bound the product of every `step`-th row by its projection.

    Returns:
        The row of the highest bound, and for which share of them the bound is above its product.
    """
    codes, scale, lost, outside = head
    for n in range(bound.shape[0]):
        i = n * step
        seen = scale[i] * coded_product(codes[i], shadow)
        bound[n] = seen + lost[i] * lengths[0] + outside[i] * lengths[1]
    at = int(np.argmax(bound)) * step
    best = product(rows[at], vector)
    left = 0
    for n in range(bound.shape[0]):
        left += bound[n] >= best
    return at, left / bound.shape[0]


@compiled
def closer_bound(
    i: int, body: tuple[Bytes, Floats, Floats], vector: Floats, length: float
) -> float:
    """Return how high the product of row `i` with `vector` may be by its whole numbers."""
    codes, scale, lost = body
    return float(scale[i] * coded_product(codes[i], vector) + lost[i] * length)
