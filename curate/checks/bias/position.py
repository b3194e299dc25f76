"""Whether the answer that was shown first (or second) is preferred for its place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.bias.preferences import preferences_of
from curate.checks.check import Check, Context, Found
from curate.checks.figures import (
    as_figure,
    numbered,
    opposite,
    percent,
    percent_with_interval,
    value_counts,
)
from curate.checks.rows import Rows
from curate.measure.effects import binomial_p, clustered_share, rate
from curate.measure.intervals import Interval
from curate.records import Finding

__all__ = ["CHECK", "chosen_positions", "position_bias"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def position_bias(first: npt.ArrayLike, prompts: npt.ArrayLike) -> Interval:
    """Return the share of choices that fell on the answer shown first.

    The interval reckons with pairs of one prompt being alike (`measure.effects.clustered_share`).

    Args:
        first: 1 = the first was chosen, 0 = the second, NaN = neither or not known; such rows are
            left out. Shape (n_rows,).
        prompts: Number of each row's prompt, from 0.

    >>> position_bias([1, 1, 0, float("nan")], [0, 1, 2, 3]).value
    0.6666666666666666
    """
    x = np.asarray(first, np.float64)
    known = ~np.isnan(x)
    return clustered_share(x[known], np.asarray(prompts)[known])


def chosen_positions(rows: Rows) -> Floats:
    """Read from what rows say beside their texts whether the first or the second was chosen.

    Fields of `Rows.metadata` that name the better one (`winner`, `preference`, `choice`,
    ``chosen_position`` …) by a or b, first or second, left or right, model_a or model_b, ``[[A]]``,
    or by number; and flags (``winner_model_a``). Whether numbers count from 0 or from 1 is told by
    which of them occur. A field of which more than one cell in twenty says something else (a
    model's name, the C of an exam) is no such field.

    Returns:
        1 = first, 0 = second, NaN = neither or not said; shape (n_rows,).
    """
    first = np.full(len(rows), np.nan)
    for name in _fields_met(rows.metadata):
        first = np.where(np.isnan(first), _read(rows.metadata, name), first)
    return first


def _run(rows: Rows, context: Context) -> Found:
    pairs = preferences_of(rows)
    first = chosen_positions(rows)[pairs.rows]
    known = ~np.isnan(first)
    if not known.any():
        return Found(check=CHECK.name, skipped=_NOT_SAID)
    share = position_bias(first, pairs.prompts)
    hits, n = int(np.nansum(first)), int(known.sum())
    both = _in_both_orders(rows, pairs.rows[known], first[known] == 1)
    figures = {
        "first": as_figure(share),
        "binomial_p": binomial_p(hits, n),
        "by_annotator": _by(rows.column("annotator"), pairs.rows[known], first[known]),
        "shown_in_both_orders": both,
        "first_answer_by_model": _shown_first(rows, pairs.rows[known], first[known] == 1),
    }
    findings = tuple(_findings(share, figures, context.threshold(CHECK)))
    return Found(check=CHECK.name, findings=findings, looked_at=n, figures=figures)


CHECK = Check(
    name="position-bias",
    family="bias",
    about="The answer shown first (or second) is preferred whatever it says.",
    severity="warning",
    threshold=0.55,
    means="share of the choices that fell on the first answer, or on the second, with its interval "
    "above one half; flagged above",
    run=_run,
    fixes=False,
)

_NOT_SAID = (
    "no row says which answer was shown first: keep a field such as winner (a or b) beside each "
    "preference, and show answers in an order by lot"
)

_FIELDS = (
    *("winner", "preference", "preferred", "human_preference", "choice", "better", "verdict"),
    *("chosen_position", "winning_position", "position", "vote", "best", "more_helpful"),
    *("better_response", "preferred_response", "preferred_answer", "preferred_output"),
    *("winner_model_a", "winner_model_b"),
)
_FIELD = re.compile(rf'"({"|".join(_FIELDS)})"\s*:', re.IGNORECASE)
_SIDE = r"(?:(?:model|response|answer|assistant|completion|output|option|system)[ _-]?)?"
_PLACES = (
    (re.compile(rf"{_SIDE}a|first|left"), 1.0),
    (re.compile(rf"{_SIDE}b|second|right"), 0.0),
    (re.compile(r"(?:tie|draw|equal|same|both|neither|none|unsure|null)\b.*"), math.nan),
)
_SAMPLED = 2_000
_ELSE = 0.05
"""Share of a field's cells that may say something else."""


def _fields_met(metadata: pa.Array) -> list[str]:
    """Return the fields of a sample of rows that may tell a place, in the order of `_FIELDS`."""
    step = max(1, len(metadata) // _SAMPLED)
    sample = metadata.take(pa.array(np.arange(0, len(metadata), step)))
    met = {name for text in sample.drop_null().to_pylist() for name in _FIELD.findall(text)}
    return [name for known in _FIELDS for name in sorted(met) if name.lower() == known]


def _read(metadata: pa.Array, name: str) -> Floats:
    """Return 1 where a field says first, 0 for second, NaN for all else."""
    pattern = rf'"{name}"\s*:\s*"?\[{{0,2}}(?P<said>[^"\[\]{{}},]{{1,40}}?)\]{{0,2}}"?\s*[,}}]'
    said = pc.struct_field(pc.extract_regex(metadata, pattern), "said")
    numbers, names = numbered(pc.utf8_lower(pc.utf8_trim_whitespace(said)))
    places = [_place(value, name.lower(), _base(names)) for value in names]
    known = np.array([place is not None for place in places], bool)
    if not np.mean(known[numbers[numbers >= 0]]) >= 1 - _ELSE:
        return np.full(len(metadata), np.nan)
    values = np.array([math.nan if p is None else p for p in places] + [math.nan])
    return values[numbers]


def _base(names: list[str]) -> int | None:
    """Return what the first one's number is, told by the numbers that occur."""
    figures = {name for name in names if re.fullmatch(r"-?\d+(?:\.0)?", name)}
    whole = {int(float(figure)) for figure in figures}
    if not whole <= {0, 1, 2}:
        return None
    return 1 if 2 in whole else 0 if whole == {0, 1} else None


def _place(said: str, field: str, base: int | None) -> float | None:
    """Return 1 for the first, 0 for the second, NaN for a tie; None = it is no place."""
    if field.startswith("winner_model_"):
        won = said in ("1", "1.0", "true")
        return (1.0 if field.endswith("a") else 0.0) if won else math.nan
    if re.fullmatch(r"[012](?:\.0)?", said):
        away = None if base is None else int(float(said)) - base
        return None if away is None else {0: 1.0, 1: 0.0}.get(away, math.nan)
    return next((place for pattern, place in _PLACES if pattern.fullmatch(said)), None)


def _in_both_orders(rows: Rows, at: Ints, first: Bools) -> dict[str, int]:
    """Count pairs that were shown in both orders, and how the two choices went together.

    The direct measure: one who looks at the answers alone chooses the same one both times.
    """
    some = rows.take(at)
    one, other = np.split(_ranks(pa.chunked_array([some.answer, some.rejected])), 2)
    prompt = _ranks(pa.chunked_array([some.asked]))
    shown = np.where(first, one, other)
    pair = np.stack([prompt, np.minimum(one, other), np.maximum(one, other)], axis=1)
    _, number = np.unique(pair, axis=0, return_inverse=True)
    counts = np.zeros((number.max() + 1, 2, 2), np.int64)
    np.add.at(counts, (number.ravel(), (shown == pair[:, 1]).astype(int), first.astype(int)), 1)
    twice = counts[(counts.sum(axis=2) > 0).all(axis=1)]
    share = twice[:, :, 1] / np.maximum(twice.sum(axis=2), 1)
    return {
        "pairs": len(twice),
        "first_both_times": int((share > 0.5).all(axis=1).sum()),
        "second_both_times": int((share < 0.5).all(axis=1).sum()),
    }


def _ranks(texts: pa.ChunkedArray) -> Ints:
    """Return the rank of each text among the distinct ones, in the order of the alphabet."""
    coded = pc.fill_null(texts, "").combine_chunks().dictionary_encode()
    ranks = pc.rank(coded.dictionary, tiebreaker="first").to_numpy().astype(np.int64)
    found: Ints = ranks[coded.indices.to_numpy(zero_copy_only=False)]
    return found


def _by(column: pa.Array, at: Ints, first: Floats) -> list[dict[str, Any]]:
    """Return the share of first ones chosen for each name of a column, the commonest first."""
    numbers, names = numbered(column.take(pa.array(at)))
    hits = np.bincount(numbers + 1, weights=first, minlength=len(names) + 1)[1:]
    counts = np.bincount(numbers + 1, minlength=len(names) + 1)[1:]
    table = zip(names[:_MOST], hits, counts, strict=False)
    return [{"name": name, "first": as_figure(rate(k, n))} for name, k, n in table]


_MOST = 20


def _shown_first(rows: Rows, at: Ints, first: Bools) -> list[dict[str, Any]]:
    """Return how often each model's answer was the first: a lot gives one half."""
    columns = [rows.column(name).take(pa.array(at)) for name in ("model", "rejected_model")]
    sides = [column.cast(pa.large_string()) for column in columns]
    if any(side.null_count for side in sides):
        return []
    shown = pc.if_else(pa.array(first), *sides)
    total = value_counts(pa.concat_arrays(sides))
    opened = value_counts(shown)
    return [
        {"name": name, "first": as_figure(rate(opened.get(name, 0), n))}
        for name, n in list(total.items())[:_MOST]
    ]


def _findings(share: Interval, figures: dict[str, Any], threshold: float) -> Iterator[Finding]:
    first = share.value >= 0.5
    side = share if first else opposite(share)
    if side.value > threshold and side.low > 0.5:
        message = (
            f"The answer shown {'first' if first else 'second'} was chosen in "
            f"{percent_with_interval(side)} of {share.n:,} choices"
            f"{_twice(figures['shown_in_both_orders'])}. Show answers in an order by lot, or each "
            "pair in both orders, and keep only choices that hold in both"
        )
        yield Finding(check=CHECK.name, severity=CHECK.severity, message=message, score=side.value)
    fixed = [row for row in figures["first_answer_by_model"] if _by_no_lot(row["first"])]
    if fixed:
        told = ", ".join(f"{row['name']} in {percent(row['first']['value'])}" for row in fixed[:5])
        message = (
            f"Which model's answer stood first was not drawn by lot ({told} of its pairs): liking "
            "a place and liking a model cannot be told apart here. Draw the order by lot"
        )
        worst = max(abs(row["first"]["value"] - 0.5) for row in fixed)
        yield Finding(check=CHECK.name, severity="info", message=message, score=0.5 + worst)


def _by_no_lot(first: dict[str, float]) -> bool:
    return first["low"] > _FIXED or first["high"] < 1 - _FIXED


_FIXED = 0.9
"""A model whose answer is the first in more of its pairs, or in fewer than the rest, has a place
of its own."""


def _twice(both: dict[str, int]) -> str:
    if not both["pairs"]:
        return ""
    return (
        f"; of {both['pairs']:,} pairs shown in both orders the first won both times in "
        f"{both['first_both_times']:,}, the second in {both['second_both_times']:,}"
    )
