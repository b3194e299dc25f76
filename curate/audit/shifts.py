"""How two versions differ as wholes: lengths, shares, and what of the ground they cover."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import Rows
from curate.measure.drift import ClusterShift, Drift, cluster_shift, drift, uncovered
from curate.measure.intervals import NORMAL, Interval, share_interval
from curate.measure.two_sample import TwoSample, two_sample

__all__ = ["Coverage", "Length", "Share", "coverage", "lengths", "shares"]

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long texts are, in characters."""

    text: str
    """prompt, answer, rejected, or chosen less rejected."""
    before: Mapping[str, float]
    """mean, and the quantiles p10, p50 and p90."""
    after: Mapping[str, float]
    difference: Interval
    """Of the means, after less before (Welch)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many rows say one value of a column."""

    column: str
    value: str | None
    """None = the row says nothing."""
    before: float
    after: float
    difference: Interval
    """After less before (Newcombe, 1998)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How the prompts of one version lie among those of the other."""

    drift: Drift
    test: TwoSample
    clusters: ClusterShift
    uncovered: Interval
    """Share of the rows after that lie farther from all rows before than 19 of 20 of these lie
    from each other."""


def lengths(a: Rows, b: Rows) -> Iterator[Length]:
    """Yield how the lengths of texts changed, of those texts that both versions have."""
    for text, before, after in zip(_TEXTS, _lengths(a), _lengths(b), strict=True):
        if len(before) and len(after):
            yield Length(
                text=text,
                before=_summary(before),
                after=_summary(after),
                difference=_mean_difference(before, after),
            )


def shares(a: Rows, b: Rows, *, most: int = 12) -> Iterator[Share]:
    """Yield how the shares of values changed, the greatest change of each column first.

    Columns with more than `_KINDS` values are passed over: ids, times.

    Args:
        a: The version before.
        b: The version after.
        most: Values told of each column.
    """
    for column in _COLUMNS:
        before, after = (_counts(rows, column) for rows in (a, b))
        values = dict.fromkeys((*before, *after))
        if not set(values) - {None} or len(values) > _KINDS:
            continue
        found = [_share(column, value, before, after) for value in values]
        found.sort(key=lambda share: (-abs(share.difference.value), share.value or ""))
        yield from found[:most]


def coverage(a: Vectors, b: Vectors, *, seed: int = 7) -> Coverage:
    """Return how far prompts have moved, by the rule of `measure.drift`.

    Args:
        a: Unit vectors of the prompts before, shape (n_a, n_dims).
        b: Those of the prompts after, shape (n_b, n_dims).
        seed: Of the draws.
    """
    test, clusters = two_sample(a, b, rng=seed), cluster_shift(a, b, rng=seed)
    far = _far(a, b, seed)
    return Coverage(drift=drift(test, clusters, far), test=test, clusters=clusters, uncovered=far)


_TEXTS = ("prompt", "answer", "rejected", "answer less rejected")
_COLUMNS = (
    *("split", "source", "model", "rejected_model", "label", "license", "annotator"),
    *("guideline", "finish_reason"),
)
_KINDS = 200


def _lengths(rows: Rows) -> list[Floats]:
    prompt, answer, rejected = (
        _characters(column) for column in (rows.prompt, rows.answer, rows.rejected)
    )
    return [_known(part) for part in (prompt, answer, rejected, answer - rejected)]


def _characters(texts: pa.Array) -> Floats:
    counted = pc.cast(pc.utf8_length(texts), pa.float64())
    return np.asarray(counted.to_numpy(zero_copy_only=False), np.float64)


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _summary(values: Floats) -> dict[str, float]:
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9]).tolist()
    return {"mean": float(values.mean()), "p10": low, "p50": middle, "p90": high}


def _mean_difference(a: Floats, b: Floats) -> Interval:
    value = float(b.mean() - a.mean())
    if min(len(a), len(b)) < 2:
        return Interval(value=value, low=math.nan, high=math.nan, n=len(a) + len(b))
    half = NORMAL * math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return Interval(value=value, low=value - half, high=value + half, n=len(a) + len(b))


def _counts(rows: Rows, column: str) -> dict[str | None, int]:
    counted = pc.value_counts(rows.column(column))
    said: list[dict[str, Any]] = counted.to_pylist()
    return {row["values"]: row["counts"] for row in said}


def _share(
    column: str, value: str | None, before: Mapping[Any, int], after: Mapping[Any, int]
) -> Share:
    n, m = sum(before.values()), sum(after.values())
    p, q = (
        (before.get(value, 0) / n if n else math.nan),
        (after.get(value, 0) / m if m else math.nan),
    )
    (low_p, high_p), (low_q, high_q) = share_interval(p, n), share_interval(q, m)
    return Share(
        column=column,
        value=value,
        before=p,
        after=q,
        difference=Interval(
            value=q - p,
            low=q - p - math.hypot(q - low_q, high_p - p),
            high=q - p + math.hypot(high_q - q, p - low_p),
            n=n + m,
        ),
    )


def _far(a: Vectors, b: Vectors, seed: int) -> Interval:
    """Return the share of rows after that are far from those before.

    Half of the rows before stand for what was there; how far the other half lies from them is
    what is usual.
    """
    order = np.random.default_rng(seed).permutation(len(a))
    held, there = order[: len(a) // 2], order[len(a) // 2 :]
    return uncovered(a[held], b, a[there], rng=seed)
