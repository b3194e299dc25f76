"""The part of a queue that is drawn by lot, with the chance that each row had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curate.select.gate import Cap

__all__ = ["random_slice"]

Ints = npt.NDArray[np.int64]


def random_slice(
    open_rows: npt.NDArray[np.bool_],
    m: int,
    *,
    caps: Sequence[Cap] = (),
    rng: np.random.Generator,
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Draw `m` open rows by lot and say with which chance each was drawn.

    Rows come out of one shuffle; a row whose cap is full by then is passed over. Where no cap
    can bind, each row's chance is m / n_open exactly. Where one can, rows with equal caps and
    equally many fellows have equal chances, which are the mean over `N_REDRAWS` redraws (with
    several capped columns: over the rows that share all their values).

    Args:
        open_rows: Rows that may be drawn, shape (n_rows,).
        m: How many; fewer come back where caps or rows run out.
        caps: Limits by value, the queue being empty so far.
        rng: Where the shuffles come from.

    Returns:
        Row indices in the order of the draw, and their inclusion probabilities.
    """
    rows = np.flatnonzero(open_rows)
    binding = [cap for cap in caps if _can_bind(cap, rows, m)]
    drawn = _draw(rows, m, binding, rng)
    if not binding or not len(drawn):
        return drawn, np.full(len(drawn), min(1.0, m / max(1, len(rows))))
    cells = _cells(rows, binding)
    counts = np.bincount(cells)
    position = np.full(len(open_rows), -1)
    position[rows] = np.arange(len(rows))
    hits = np.zeros(len(counts))
    for again in [drawn, *(_draw(rows, m, binding, rng) for _ in range(N_REDRAWS))]:
        np.add.at(hits, cells[position[again]], 1)
    chance = hits / counts / (N_REDRAWS + 1)
    return drawn, chance[cells[position[drawn]]]


N_REDRAWS = 2000


def _can_bind(cap: Cap, rows: Ints, m: int) -> bool:
    codes = cap.codes[rows]
    sizes = np.bincount(codes[codes >= 0], minlength=1)
    return bool(min(int(sizes.max()), m) > cap.most)


def _draw(rows: Ints, m: int, caps: Sequence[Cap], rng: np.random.Generator) -> Ints:
    if not caps:
        return rng.choice(rows, min(m, len(rows)), replace=False)
    head = rng.choice(len(rows), min(len(rows), 8 * m + 64), replace=False)
    kept = _within_caps(rows[head], m, caps)
    if len(kept) == m or len(head) == len(rows):
        return kept
    tail = np.ones(len(rows), bool)
    tail[head] = False
    shuffled = np.concatenate([rows[head], rng.permutation(rows[tail])])
    return _within_caps(shuffled, m, caps)


def _within_caps(shuffled: Ints, m: int, caps: Sequence[Cap]) -> Ints:
    kept: list[int] = []
    used: list[dict[int, int]] = [{} for _ in caps]
    codes = [cap.codes[shuffled].tolist() for cap in caps]
    for n, row in enumerate(shuffled.tolist()):
        if len(kept) == m:
            break
        mine = [(taken, code[n]) for taken, code in zip(used, codes, strict=True) if code[n] >= 0]
        if all(
            code[n] < 0 or taken.get(code[n], 0) < cap.most
            for taken, code, cap in zip(used, codes, caps, strict=True)
        ):
            kept.append(row)
            for taken, code in mine:
                taken[code] = taken.get(code, 0) + 1
    return np.array(kept, np.int64)


def _cells(rows: Ints, caps: Sequence[Cap]) -> Ints:
    """Number the groups of rows that have the same chance by symmetry."""
    columns = [cap.codes[rows] for cap in caps]
    if len(columns) == 1:
        codes = columns[0]
        sizes = np.bincount(codes[codes >= 0], minlength=1)
        columns = [np.where(codes >= 0, sizes[codes], 0)]
    _, cells = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return cells.ravel().astype(np.int64)
