"""Rows that are nearly the same as an earlier one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from curate.checks.check import Check, Context, Found
from curate.checks.duplicates.clusters import cluster_figures, joined, members, places, said, taken
from curate.checks.duplicates.exact import first_copies
from curate.checks.duplicates.levels import keeping_order
from curate.checks.rows import Rows
from curate.measure.minhash import NearDuplicates, banding, near_duplicates
from curate.records import Evidence, Finding

__all__ = ["CHECK", "COMMON", "near_copies"]

Ints = npt.NDArray[np.int64]

COMMON = 0.2
"""Shingles in more than this share of the rows are a template's, and tell nothing."""


def near_copies(rows: Rows, threshold: float, *, seed: int = 7) -> tuple[Ints, NearDuplicates]:
    """Return rows that are no exact copies, and which of them are nearly the same.

    A pair is alike where prompt, answer and rejected answer together share `threshold` of their
    runs of three words, and each of them `threshold` of its words: a long prompt alone does not
    make two rows of different answers alike.

    Args:
        rows: All rows.
        threshold: Least Jaccard similarity.
        seed: Of the permutations.

    Returns:
        Row numbers, those that stay first first, and what was found of them, as row numbers too.
    """
    first = first_copies(rows)
    at = keeping_order(rows)
    at = at[((first == np.arange(len(rows))) & said(rows))[at]]
    columns = [taken(c, at) for c in (rows.prompt, rows.answer, rows.rejected)]
    parts = [c for c in columns if c.null_count < len(c)]
    found = near_duplicates(joined(columns), threshold, common=COMMON, parts=parts, rng=seed)
    near = np.where(found.near >= 0, at[found.near], -1)
    return at, replace(found, clusters=at[found.clusters], near=near)


def _run(rows: Rows, context: Context) -> Found:
    threshold = context.threshold(CHECK)
    at, found = near_copies(rows, threshold, seed=context.seed)
    first, near = np.arange(len(rows)), np.full(len(rows), -1, np.int64)
    jaccard = np.full(len(rows), np.nan, np.float32)
    first[at], near[at], jaccard[at] = found.clusters, found.near, found.jaccard
    gone = np.flatnonzero(near >= 0)
    bands, length = banding(threshold)
    figures = cluster_figures(rows, first, gone)
    figures["chance_to_be_found_at_threshold"] = round(1 - (1 - threshold**length) ** bands, 4)
    return Found(
        check=CHECK.name,
        findings=tuple(_findings(rows, first, near, jaccard)),
        looked_at=len(at),
        figures=figures,
    )


def _findings(
    rows: Rows, first: Ints, near: Ints, jaccard: npt.NDArray[np.float32]
) -> list[Finding]:
    out = []
    for lead, others in members(first):
        gone = others[near[others] >= 0]
        if len(gone):
            out.append(_finding(rows, lead, gone, near, jaccard))
    return out


def _finding(
    rows: Rows, lead: int, gone: Ints, near: Ints, jaccard: npt.NDArray[np.float32]
) -> Finding:
    stays = np.unique(near[gone])
    many = "1 row is" if len(gone) == 1 else f"{len(gone):,} rows are"
    best = float(jaccard[gone].max())
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=f"{many} nearly the same as {places(rows, stays)} ({places(rows, gone)}; "
        f"Jaccard {jaccard[gone].min():.2f} to {best:.2f}, cluster {lead}): keep one"
        if len(gone) > 1
        else f"{_one(rows, int(gone[0]), int(stays[0]))} (Jaccard {best:.2f}, cluster {lead}): "
        "keep one",
        rows=tuple(gone.tolist()),
        against=tuple(stays.tolist()),
        score=best,
        evidence=tuple(
            Evidence(row=row, field="row", note=f"Jaccard {jaccard[row]:.2f} with {place}")
            for row, place in ((r, rows.place(int(near[r]))) for r in gone[:_SHOWN].tolist())
        ),
    )


def _one(rows: Rows, gone: int, stays: int) -> str:
    """Say which row is nearly which; several may have been read from one line."""
    here, there = rows.place(gone), rows.place(stays)
    if here == there:
        return f"{here} holds two rows that are nearly the same"
    return f"{here} is nearly the same as {there}"


_SHOWN = 5

CHECK = Check(
    name="near-duplicates",
    family="duplicates",
    about="Rows that share most of their wording with an earlier one, answer included.",
    severity="warning",
    threshold=0.8,
    means="Jaccard similarity of runs of three words; at or above",
    run=_run,
)
