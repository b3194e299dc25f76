"""Why a queue is shorter than asked for."""

from __future__ import annotations

from curate.records import Selection
from curate.select.pool import Pool

__all__ = ["shortfall"]


def shortfall(pool: Pool, selection: Selection, k: int) -> str | None:
    """Say why a queue is shorter than asked for, the tightest limit first; None where it is not.

    Args:
        pool: What was on offer.
        selection: What was picked from it.
        k: How many were asked for.
    """
    if len(selection) >= k:
        return None
    reasons: dict[str, int] = {}
    for reason in selection.left_out.values():
        kind = reason.split(" (")[0].split(" to ")[0]
        reasons[kind] = reasons.get(kind, 0) + 1
    out = "; ".join(f"{n:,} {kind}" for kind, n in sorted(reasons.items(), key=lambda r: -r[1])[:4])
    left = f", {len(selection.left_out):,} left out ({out})" if out else ""
    tightest = _tightest(pool, selection)
    said = f"{tightest}; {len(pool):,} rows" if tightest else f"{len(pool):,} rows"
    return f"{k:,} asked for, {len(selection):,} picked: {said}{left}"


def _tightest(pool: Pool, selection: Selection) -> str | None:
    """Return what ended the queue, or None where every row that may be asked is in it."""
    by_minutes = next((note for note in selection.notes if "are used up" in note), None)
    if by_minutes is not None:
        return by_minutes
    on_offer = pool.open
    refused: dict[str, int] = {}
    for row, reason in selection.left_out.items():
        if on_offer[row]:
            kind = reason.split(" (")[0].split(" to ")[0]
            refused[kind] = refused.get(kind, 0) + 1
    if not refused:
        return None
    kind = max(refused, key=lambda name: (refused[name], name))
    return (
        f"of {int(on_offer.sum()):,} rows on offer {refused[kind]:,} are out by one limit: {kind}"
    )
