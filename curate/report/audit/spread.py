"""How rows are spread: their lengths and their columns, and where the faults gather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import Rows
from curate.report import charts
from curate.report.charts import Rate
from curate.report.distributions import Histogram, histogram

__all__ = ["Lengths", "Spread", "by_column", "lengths"]

Bools = npt.NDArray[np.bool_]

_MOST_VALUES = 8
_BY = (
    *("split", "source", "model", "rejected_model", "annotator", "label", "license"),
    *("guideline", "finish_reason"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long one text of the rows is, in characters (bins of a logarithmic scale)."""

    name: str
    histogram: Histogram
    columns: list[charts.Column]
    rows: int
    at_fault: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How often rows are at fault, by the values of a column."""

    column: str
    rates: tuple[Rate, ...]
    """The most frequent values first."""
    left_out: int
    """Values that are not shown."""


def lengths(rows: Rows, fault: Bools) -> list[Lengths]:
    """Return the lengths of prompts, answers and rejected answers, those that there are."""
    named = (("Prompt", rows.prompt), ("Answer", rows.answer), ("Rejected", rows.rejected))
    return [_lengths(name, texts, fault) for name, texts in named if len(texts) > texts.null_count]


def _lengths(name: str, texts: pa.Array, fault: Bools) -> Lengths:
    counted = pc.cast(pc.max_element_wise(pc.utf8_length(texts), 1, skip_nulls=False), pa.float64())
    spread = _unlogged(histogram(np.log10(counted.to_numpy(zero_copy_only=False)), fault))
    return Lengths(
        name=name,
        histogram=spread,
        columns=charts.columns(spread, names=("all", "at fault")),
        rows=spread.n_pool,
        at_fault=spread.n_queue,
    )


def _unlogged(spread: Histogram) -> Histogram:
    """Return a histogram of logarithms with its edges in characters."""
    bars = tuple(
        replace(bar, low=float(round(10**bar.low)), high=float(round(10**bar.high)))
        for bar in spread.bars
    )
    medians = (float(round(10**m)) if m == m else m for m in _medians(spread))
    median_pool, median_queue = medians
    return replace(spread, bars=bars, median_pool=median_pool, median_queue=median_queue)


def _medians(spread: Histogram) -> tuple[float, float]:
    return spread.median_pool, spread.median_queue


def by_column(rows: Rows, fault: Bools) -> list[Spread]:
    """Return the share of rows at fault by file and by each column that tells rows apart."""
    some = [_spread("file", pa.array(rows.files).take(pa.array(rows.file)), fault)]
    some += [_spread(name, rows.column(name), fault) for name in _BY]
    return [spread for spread in some if len(spread.rates) > 1]


def _spread(name: str, values: pa.Array, fault: Bools) -> Spread:
    encoded = values.dictionary_encode()
    if not len(encoded.dictionary) or len(encoded.dictionary) > len(fault) // 2:
        return Spread(column=name, rates=(), left_out=0)
    code = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    told = code >= 0
    n = np.bincount(code[told], minlength=len(encoded.dictionary))
    wrong = np.bincount(code[told & fault], minlength=len(n))
    order = np.argsort(-n, kind="stable")[:_MOST_VALUES].tolist()
    names = encoded.dictionary.to_pylist()
    rates = tuple(charts.rate(names[i], "active", int(wrong[i]), int(n[i])) for i in order)
    return Spread(column=name, rates=rates, left_out=len(n) - len(order))


def largest(spreads: Sequence[Spread]) -> float:
    """Return the largest end of an interval among them: what bars are drawn to the scale of."""
    return max((rate.high for spread in spreads for rate in spread.rates), default=1.0) or 1.0
