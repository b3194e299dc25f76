"""The inner loops of `dpp` and `mmr`, compiled (numba). Imported on use.

In both a row's value only falls as rows are picked, so that a row whose value when last looked at
does not beat the best one's needs no look.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled, reordered

__all__ = ["least_repeated", "most_volume"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@reordered
def product(a: Floats, b: Floats) -> float:
    """Return the inner product."""
    total = np.float32(0)
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return float(total)


@compiled
def most_volume(
    rows: Floats,
    directions: Floats,
    n: int,
    worth: Doubles,
    ridge: float,
    left: Doubles,
    seen: Ints,
    value: Doubles,
    shut: Bools,
) -> int:
    """Return the open row of the highest worth + ln(ridge + left), or -1; ties: lowest index.

    `left[i]` is what the first `seen[i]` of the `n` directions leave of row i's squared length.
    """
    best = highest(value, shut)
    for step in range(-1, rows.shape[0]):
        i = best if step < 0 else step
        if i >= 0 and not shut[i] and beats(value, i, best):
            while seen[i] < n:
                part = product(rows[i], directions[seen[i]])
                left[i] = max(0.0, left[i] - part * part)
                seen[i] += 1
            value[i] = worth[i] + np.log(ridge + left[i])
            if beats(value, i, best):
                best = i
    return best


@compiled
def least_repeated(
    rows: Floats,
    picks: Floats,
    n: int,
    worth: Doubles,
    balance: float,
    near: Doubles,
    seen: Ints,
    value: Doubles,
    shut: Bools,
) -> int:
    """Return the open row of the highest balance worth - (1 - balance) near, or -1.

    `near[i]` is row i's highest cosine to the first `seen[i]` of the `n` picks, at least 0; ties:
    lowest index.
    """
    best = highest(value, shut)
    for step in range(-1, rows.shape[0]):
        i = best if step < 0 else step
        if i >= 0 and not shut[i] and beats(value, i, best):
            while seen[i] < n:
                near[i] = max(near[i], product(rows[i], picks[seen[i]]))
                seen[i] += 1
            value[i] = balance * worth[i] - (1 - balance) * near[i]
            if beats(value, i, best):
                best = i
    return best


@compiled
def highest(value: Doubles, shut: Bools) -> int:
    """Return the open row that was best when last looked at, or -1."""
    best = -1
    for i in range(value.shape[0]):
        if not shut[i] and (best < 0 or value[i] > value[best]):
            best = i
    return best


@compiled
def beats(value: Doubles, i: int, best: int) -> bool:
    """Say whether row `i` comes before `best`, or is it."""
    return bool(value[i] > value[best] or (value[i] == value[best] and i <= best))
