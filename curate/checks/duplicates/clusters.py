"""Clusters of rows that say the same: what they look like, and the finding of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import Rows

__all__ = ["cluster_figures", "joined", "members", "places", "said", "taken"]

Ints = npt.NDArray[np.int64]


def joined(columns: Sequence[pa.Array]) -> pa.Array:
    """Return what each row says in all of some columns, large_string; null = nothing."""
    told = [pc.fill_null(column, "") for column in columns if column.null_count < len(column)]
    if len(told) < 2:
        return told[0] if told else pa.array([""] * len(columns[0]), pa.large_string())
    return pc.binary_join_element_wise(*told, pa.scalar("\n", pa.large_string()))


def taken(column: pa.Array, at: Ints) -> pa.Array:
    """Return some cells of a column, itself where they are all."""
    everything = len(at) == len(column) and bool((at == np.arange(len(at))).all())
    return column if everything else column.take(pa.array(at))


def said(rows: Rows) -> npt.NDArray[np.bool_]:
    """Return which rows say anything at all: those that can be compared."""
    long = np.zeros(len(rows), bool)
    for column in (rows.prompt, rows.answer, rows.rejected):
        blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0)
        long |= ~pc.fill_null(blank, True).to_numpy(zero_copy_only=False)
    return long


def members(first: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield the first row of each cluster and the others, ascending.

    Args:
        first: The first row of each row's cluster, shape (n_rows,).

    >>> [(lead, rest.tolist()) for lead, rest in members(np.array([0, 1, 0, 1, 0, 5]))]
    [(0, [2, 4]), (1, [3])]
    """
    later = np.flatnonzero(first != np.arange(len(first)))
    if not len(later):
        return
    order = later[np.argsort(first[later], kind="stable")]
    leads, starts = np.unique(first[order], return_index=True)
    yield from zip(leads.tolist(), np.split(order, starts[1:]), strict=True)


def cluster_figures(rows: Rows, first: Ints, gone: Ints) -> dict[str, Any]:
    """Return how large clusters are, and how many rows have their like where.

    Args:
        rows: All rows.
        first: The first row of each row's cluster.
        gone: The rows that are one too many.
    """
    sizes = np.bincount(first, minlength=1)
    sizes = np.sort(sizes[sizes > 1])[::-1]
    names, counts = np.unique(sizes, return_counts=True)
    other = first[gone]
    return {
        "clusters": len(sizes),
        "rows_too_many": len(gone),
        "largest": sizes[:10].tolist(),
        "sizes": [
            {"size": size, "clusters": n}
            for size, n in zip(names.tolist(), counts.tolist(), strict=True)
        ][:50],
        "across_files": int((rows.file[gone] != rows.file[other]).sum()),
        "across_splits": _across(rows.column("split"), gone, other),
    }


def _across(split: pa.Array, gone: Ints, other: Ints) -> int:
    differs = pc.not_equal(split.take(pa.array(gone)), split.take(pa.array(other)))
    return int(pc.sum(differs).as_py() or 0)


def places(rows: Rows, at: Sequence[int] | Ints, most: int = 3) -> str:
    """Say where rows stand: the first few by name, the others counted."""
    named = ", ".join(dict.fromkeys(rows.place(int(row)) for row in at[:most]))
    return named if len(at) <= most else f"{named} and {len(at) - most:,} more"
