"""Points in time, however a log writes them, as seconds since the epoch."""

from __future__ import annotations

import datetime as dt
from typing import Any

__all__ = ["seconds"]


def seconds(value: Any) -> float | None:
    """Return seconds since the epoch, or None where `value` names no point in time.

    Numbers are taken as seconds, milli-, micro- or nanoseconds by their size; texts as ISO 8601
    (without a zone: UTC) or as such a number.

    >>> seconds(1728803137170), seconds("2024-10-13T07:05:37.170Z"), seconds("soon")
    (1728803137.17, 1728803137.17, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_number(value)
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, dt.datetime):
        return _utc(value).timestamp()
    return None


def _from_number(value: float) -> float | None:
    if not 0 < value < 1e20:
        return None
    for unit in (1e17, 1e14, 1e11):
        if value > unit:
            return value / (unit / 1e8)
    return float(value)


def _from_text(text: str) -> float | None:
    try:
        return _utc(dt.datetime.fromisoformat(text.strip().removesuffix(" UTC"))).timestamp()
    except ValueError:
        pass
    try:
        return _from_number(float(text))
    except ValueError:
        return None


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
