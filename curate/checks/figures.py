"""Figures of checks: as JSON keeps them, and as sentences tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.measure.intervals import Interval

__all__ = [
    "as_figure",
    "counted",
    "numbered",
    "opposite",
    "percent",
    "percent_with_interval",
    "sentence_case",
    "shares",
    "value_counts",
]

Ints = npt.NDArray[np.int64]


def as_figure(interval: Interval) -> dict[str, float]:
    """Return an interval as JSON keeps it.

    >>> as_figure(Interval(value=0.5, low=0.25, high=0.75, n=4))
    {'value': 0.5, 'low': 0.25, 'high': 0.75, 'n': 4}
    """
    return asdict(interval)


def opposite(share: Interval) -> Interval:
    """Return the share of the other side.

    >>> opposite(Interval(value=0.25, low=0.0, high=0.5, n=4))
    Interval(value=0.75, low=0.5, high=1.0, n=4)
    """
    return Interval(value=1 - share.value, low=1 - share.high, high=1 - share.low, n=share.n)


def percent(share: float) -> str:
    """Tell a share: whole percents, one digit below ten.

    >>> percent(0.618), percent(0.0149), percent(0.0)
    ('62 %', '1.5 %', '0 %')
    """
    hundred = 100 * share
    return f"{hundred:.1f} %" if 0 < hundred < 9.95 else f"{hundred:.0f} %"


def percent_with_interval(interval: Interval) -> str:
    """Tell a share and its 95 % interval.

    >>> percent_with_interval(Interval(value=0.618, low=0.58, high=0.654))
    '62 % [58, 65]'
    """
    return f"{percent(interval.value)} [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def counted(n: int, one: str, many: str = "") -> str:
    """Tell how many there are of something.

    >>> counted(1, "row"), counted(1200, "row"), counted(2, "class", "classes")
    ('1 row', '1,200 rows', '2 classes')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def sentence_case(text: str) -> str:
    """Return a sentence that begins with a capital, what follows as it is.

    >>> sentence_case("the answer is in JSON")
    'The answer is in JSON'
    """
    return text[:1].upper() + text[1:]


def numbered(values: pa.Array) -> tuple[Ints, list[str]]:
    """Return each cell's number, -1 where it is null or blank, and the names, the commonest first.

    Args:
        values: Texts.

    Returns:
        Numbers, shape (n_rows,), and the names they stand for; equally common ones by name.
    """
    clean = _filled(values)
    coded = clean.dictionary_encode()
    names = coded.dictionary.to_pylist()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))
    place = np.full(len(names) + 1, -1, np.int64)
    place[order] = np.arange(len(names))
    return place[codes], [names[i] for i in order]


def value_counts(values: pa.Array) -> dict[str, int]:
    """Return how many cells hold each text, the commonest first; null and blank ones aside."""
    counts = pc.value_counts(_filled(values).drop_null())
    pairs = zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def shares(counts: Mapping[str, int], *, most: int = 20) -> list[dict[str, Any]]:
    """Return the commonest names with counts and shares of all, as a table.

    >>> shares({"logs": 3, "web": 1}, most=1)
    [{'name': 'logs', 'n': 3, 'share': 0.75}]
    """
    total = sum(counts.values())
    return [
        {"name": name, "n": n, "share": n / total} for name, n in list(counts.items())[:most] if n
    ]


def _filled(values: pa.Array) -> pa.Array:
    values = values.cast(pa.large_string())
    blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(values)), 0)
    return pc.if_else(pc.fill_null(blank, True), pa.scalar(None, values.type), values)
