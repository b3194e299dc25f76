"""Rows that are never asked: the frozen test split and the calibration slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from curate.errors import SelectionError
from curate.records import Selection, digest

__all__ = ["Side", "guard", "splits"]

Side = Literal["pool", "test", "calibration"]


def splits(
    groups: Sequence[str], *, test_share: float, calibration_share: float, seed: int
) -> list[Side]:
    """Return for each row the side of the split on which its group lies.

    The side depends on the seed and the group's name alone, so a group stays whole and never
    changes sides when other rows come or go, on any machine and hash seed. The shares are
    expected shares of groups.

    Args:
        groups: Conversation, user or record id of each row.
        test_share: Share of groups kept for test.
        calibration_share: Share of groups kept for calibration.
        seed: The project's seed; another one is another split.

    Raises:
        ValueError: If a group is empty, or the shares leave no room.

    >>> splits(["a", "b", "a"], test_share=0, calibration_share=0, seed=7)
    ['pool', 'pool', 'pool']
    """
    if not 0 <= test_share <= test_share + calibration_share <= 1:
        raise ValueError(
            f"test and calibration shares must be >= 0 and add up to at most 1, "
            f"not {test_share:g} + {calibration_share:g}"
        )
    known: dict[str, Side] = {}
    for row, group in enumerate(groups):
        if not group:
            raise ValueError(f"row {row} has no group; give the record's id where there is none")
        if group not in known:
            known[group] = _side(_place(seed, group), test_share, calibration_share)
    return [known[group] for group in groups]


def _place(seed: int, group: str) -> float:
    return float(int(digest("split", str(seed), group)[:13], 16) / 16**13)


def _side(place: float, test_share: float, calibration_share: float) -> Side:
    if place < test_share:
        return "test"
    return "calibration" if place < test_share + calibration_share else "pool"


def guard(selection: Selection, sides: Sequence[Side], *, ids: Sequence[str] | None = None) -> None:
    """Make sure that a queue holds no protected row.

    Args:
        selection: What would be asked.
        sides: Side of each row that was on offer, as `splits` gives it.
        ids: What to call the rows in the message.

    Raises:
        SelectionError: If a picked row is on the test or calibration side.
    """
    touched = [int(row) for row in selection.indices if sides[int(row)] != "pool"]
    if touched:
        row = touched[0]
        name = ids[row] if ids is not None else f"row {row}"
        raise SelectionError(
            f"{len(touched)} of {len(selection)} picked rows are protected, first {name} "
            f"({sides[row]} split); such rows are never asked: nothing was queued"
        )
