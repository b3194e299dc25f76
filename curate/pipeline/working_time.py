"""How long people worked on each item, from the times at which they submitted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from statistics import median

import pyarrow as pa

__all__ = ["item_minutes", "pace", "worked"]

BREAK_MINUTES = 10.0
"""A longer time between one submission and the next is no work on an item."""

Work = Mapping[tuple[str, str], float]


def worked(responses: pa.Table) -> dict[tuple[str, str], float]:
    """Return the minutes that each person took for each item.

    That is the time since the same person's submission before, items that were submitted
    together sharing it. Discarding is work too; drafts are not over yet.

    Args:
        responses: Table of `records.RESPONSES`.

    Returns:
        (item, person) to minutes; NaN for a person's first item, and after a break of more than
        `BREAK_MINUTES`.
    """
    at: dict[tuple[str, str], float] = {}
    for row in responses.select(_COLUMNS).to_pylist():
        moment = _seconds(row["updated_at"])
        if row["status"] in ("submitted", "discarded") and moment is not None:
            key = (row["annotator"], row["item_id"])
            at[key] = max(moment, at.get(key, moment))
    by_person = groupby(sorted(at), key=lambda key: key[0])
    spent: dict[tuple[str, str], float] = {}
    for person, keys in by_person:
        spent |= {
            (item, person): minutes
            for item, minutes in _gaps((at[person, item], item) for _, item in keys)
        }
    return spent


_COLUMNS = ["item_id", "annotator", "status", "updated_at"]


def _gaps(submitted: Iterable[tuple[float, str]]) -> Iterable[tuple[str, float]]:
    before = math.nan
    for moment, together in groupby(sorted(submitted), key=lambda pair: pair[0]):
        items = [item for _, item in together]
        minutes = (moment - before) / 60 / len(items)
        yield from ((item, minutes if minutes <= BREAK_MINUTES else math.nan) for item in items)
        before = moment


def pace(work: Work) -> dict[str, float]:
    """Return each person's median minutes an item; NaN where no time is known."""
    people = sorted({person for _, person in work})
    return {name: _median(t for (_, who), t in work.items() if who == name) for name in people}


def item_minutes(work: Work) -> dict[str, float]:
    """Return the minutes that each item took, all people together.

    Where a time is not known (a person's first item, one after a break) that person's median
    stands for it; NaN where a person has none.
    """
    usual = pace(work)
    minutes: dict[str, float] = {}
    for (item, person), spent in work.items():
        known = usual[person] if math.isnan(spent) else spent
        minutes[item] = minutes.get(item, 0.0) + known
    return minutes


def _median(values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return median(known) if known else math.nan


def _seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
