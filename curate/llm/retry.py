"""Which failures are tried again, and after how long.

In: a status, headers, the number of the attempt. Out: seconds to wait. What the server asks for is
never cut short; beyond that, exponential backoff with full jitter (Brooker, "Exponential Backoff
And Jitter", AWS 2015): a time drawn evenly from 0 to a bound that doubles, so that clients which
failed together do not come back together.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["FIRST_BOUND", "LAST_BOUND", "Backoff", "is_passing", "retry_after"]

FIRST_BOUND = 0.5
"""Seconds: the longest wait after the first failure."""
LAST_BOUND = 60.0
"""Seconds: the longest wait that we choose ourselves."""

_PASSING = frozenset({408, 409, 425, 429})
_SECONDS = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)


def is_passing(status: int) -> bool:
    """Return whether a request that met this status may be answered later, as it is.

    >>> [is_passing(status) for status in (400, 404, 429, 503)]
    [False, False, True, True]
    """
    return status in _PASSING or status >= 500


def retry_after(headers: Mapping[str, str], *, date: float) -> float | None:
    """Return how many seconds a server asks to wait, 0 or more; None where it does not say.

    Args:
        headers: Of the answer; ``Retry-After`` in seconds or as an HTTP date (RFC 9110, 10.2.3),
            or OpenAI's ``retry-after-ms``, which is finer and goes first. Names in any case are
            for the mapping to find.
        date: Now, in seconds since the epoch.

    >>> retry_after({"Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT"}, date=45.0)
    15.0
    >>> retry_after({"Retry-After": "soon"}, date=45.0) is None
    True
    """
    fine = headers.get("retry-after-ms", "").strip()
    if _SECONDS.fullmatch(fine):
        return float(fine) / 1000
    asked = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(asked):
        return float(asked)
    until = _epoch(asked)
    return None if until is None else max(0.0, until - date)


def _epoch(text: str) -> float | None:
    """Return an HTTP date in seconds since the epoch; None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class Backoff:
    """Draws how long to wait before a request is sent again.

    Args:
        rng: The jitter's source.
    """

    def __init__(self, rng: random.Random):
        self._rng = rng

    def pause(self, failures: int, asked: float | None = None) -> float:
        """Return seconds to wait, never less than the server asks for.

        Args:
            failures: How often this request has failed, 1 or more.
            asked: What the server asks for, in seconds.
        """
        bound = min(LAST_BOUND, math.ldexp(FIRST_BOUND, min(failures, 64) - 1))
        jitter = self._rng.uniform(0.0, bound)
        return jitter if asked is None else asked + min(jitter, 1.0)
