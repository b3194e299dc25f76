"""The part of a queue that is drawn by lot, with the chance that each row had."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.select.gate import Cap

__all__ = ["random_slice"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def random_slice(
    open_rows: npt.NDArray[np.bool_],
    m: int,
    *,
    caps: Sequence[Cap] = (),
    minutes: Floats | None = None,
    limit: float = math.inf,
    rng: np.random.Generator,
) -> tuple[Ints, Floats]:
    """Draw `m` open rows by lot and say with which chance each was drawn.

    Rows come out of one shuffle; a row whose cap is full by then is passed over, and the first one
    that would take the draw past `limit` minutes ends it. Where no limit can bind, each row's
    chance is m / n_open exactly. Where one can, rows with equal caps and equally many fellows
    (and minutes in the same tenth) have equal chances, which are the mean over `N_REDRAWS` redraws
    (fewer past 100 rows; with several capped columns: over the rows that share all their values).

    Args:
        open_rows: Rows that may be drawn, shape (n_rows,).
        m: How many; fewer come back where caps, minutes or rows run out.
        caps: Limits by value, the queue being empty so far.
        minutes: What each row takes, shape (n_rows,).
        limit: Most minutes of the whole draw.
        rng: Where the shuffles come from.

    Returns:
        Row indices in the order of the draw, and their inclusion probabilities.
    """
    rows = np.flatnonzero(open_rows)
    binding = [cap for cap in caps if _can_bind(cap, rows, m)]
    time = _binding(minutes, limit, rows, m)
    drawn = _draw(rows, m, binding, time, rng)
    if (not binding and time is None) or not len(drawn):
        return drawn, np.full(len(drawn), min(1.0, m / max(1, len(rows))))
    cells = _cells(rows, binding, time)
    counts = np.bincount(cells)
    position = np.full(len(open_rows), -1)
    position[rows] = np.arange(len(rows))
    hits = np.zeros(len(counts))
    n_redraws = _n_redraws(m)
    for again in [drawn, *(_draw(rows, m, binding, time, rng) for _ in range(n_redraws))]:
        np.add.at(hits, cells[position[again]], 1)
    chance = hits / counts / (n_redraws + 1)
    return drawn, chance[cells[position[drawn]]]


N_REDRAWS = 2000
_FEWEST_REDRAWS = 200


def _n_redraws(m: int) -> int:
    """Return fewer for larger draws, of which each tells more."""
    return max(_FEWEST_REDRAWS, min(N_REDRAWS, 100 * N_REDRAWS // max(1, m)))


@dataclass(frozen=True, slots=True)
class _Time:
    minutes: Floats
    limit: float


def _binding(minutes: Floats | None, limit: float, rows: Ints, m: int) -> _Time | None:
    if minutes is None or math.isinf(limit):
        return None
    longest = np.sort(minutes[rows])[max(0, len(rows) - m) :]
    return None if longest.sum() <= limit else _Time(minutes, limit)


def _can_bind(cap: Cap, rows: Ints, m: int) -> bool:
    codes = cap.codes[rows]
    sizes = np.bincount(codes[codes >= 0], minlength=len(cap.labels))
    return bool((np.minimum(sizes, m) > cap.limits).any())


def _draw(
    rows: Ints, m: int, caps: Sequence[Cap], time: _Time | None, rng: np.random.Generator
) -> Ints:
    if not caps:
        return _within_time(rng.choice(rows, min(m, len(rows)), replace=False), time)
    head = rng.choice(len(rows), min(len(rows), 8 * m + 64), replace=False)
    kept = _within_caps(rows[head], m, caps)
    if len(kept) == m or len(head) == len(rows):
        return _within_time(kept, time)
    tail = np.ones(len(rows), bool)
    tail[head] = False
    shuffled = np.concatenate([rows[head], rng.permutation(rows[tail])])
    return _within_time(_within_caps(shuffled, m, caps), time)


def _within_time(drawn: Ints, time: _Time | None) -> Ints:
    if time is None:
        return drawn
    return drawn[np.cumsum(time.minutes[drawn]) <= time.limit + _ROUNDING]


_ROUNDING = 1e-9


def _within_caps(shuffled: Ints, m: int, caps: Sequence[Cap]) -> Ints:
    kept: list[int] = []
    room = [cap.limits.tolist() for cap in caps]
    codes = [cap.codes[shuffled].tolist() for cap in caps]
    for n, row in enumerate(shuffled.tolist()):
        if len(kept) == m:
            break
        mine = [(left, code[n]) for left, code in zip(room, codes, strict=True) if code[n] >= 0]
        if all(left[value] > 0 for left, value in mine):
            kept.append(row)
            for left, value in mine:
                left[value] -= 1
    return np.array(kept, np.int64)


def _cells(rows: Ints, caps: Sequence[Cap], time: _Time | None) -> Ints:
    """Number the groups of rows that have the same chance by symmetry."""
    columns = [cap.codes[rows] for cap in caps]
    if len(caps) == 1:
        codes, most = columns[0], caps[0].limits
        sizes = np.bincount(codes[codes >= 0], minlength=len(most))
        columns = [np.where(codes >= 0, of[codes], 0) for of in (sizes, most) if len(of)]
    if time is not None:
        tenths = np.quantile(time.minutes[rows], np.linspace(0.1, 0.9, 9))
        columns.append(np.searchsorted(tenths, time.minutes[rows]))
    _, cells = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return cells.ravel().astype(np.int64)
