"""Benchmark questions that training rows ask in other words, as their vectors and words tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.check import Beside, Check, Context, Found
from curate.checks.contamination.items import parts
from curate.checks.contamination.spans import Spans, word_spans
from curate.checks.contamination.texts import CHECK as TEXTS
from curate.checks.contamination.texts import NO_BENCHMARK, covered_rows, met
from curate.checks.evidence import excerpt
from curate.checks.rows import Rows
from curate.measure.containment import tokens
from curate.measure.word_runs import buffers
from curate.records import Evidence, Finding

__all__ = ["CHECK", "Likeness", "nearest_items", "reworded", "shared_words"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_SHOWN = 10
_FLOOR, _MUTUAL_FLOOR = 0.6, 0.3
"""Share of the item's words, by rarity, that the row must hold; the lesser where each is the
other's nearest."""
_BLOCK = 8192
_WITHOUT = "no vectors: run without --no-embed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Rows whose nearest item is near, with how near and how many of its words they hold."""

    rows: Ints
    items: Ints
    cosines: npt.NDArray[np.float64]
    shared: npt.NDArray[np.float64]
    """Share of the item's words that the row holds, weighted by rarity among the items."""


def reworded(
    texts: Sequence[str | None] | pa.Array,
    vectors: Floats,
    benchmark: Sequence[str] | pa.Array,
    items: Floats,
    *,
    threshold: float = 0.85,
) -> Likeness:
    """Find texts that ask what an item of a benchmark asks, in other words.

    A text's nearest item by cosine counts from `threshold` on, where their words bear it out: the
    text holds .6 of the item's words, weighted by rarity, or .3 of them where the two are
    each other's nearest. Nearness alone would flag whatever is on the same topic.

    Args:
        texts: What is asked.
        vectors: Unit rows, one for each text, shape (n_texts, n_dims); zeros where there is none.
        benchmark: What the items ask.
        items: Unit rows, one for each item, shape (n_items, n_dims).
        threshold: Least cosine.

    Returns:
        At most one item for each text, by text.
    """
    column, wanted = _column(texts), _column(benchmark)
    nearest, cosines, best = nearest_items(vectors, items)
    rows = np.flatnonzero(cosines >= threshold)
    shared = shared_words(column, wanted, rows, nearest[rows])
    mutual = best[nearest[rows]] == rows
    kept = shared >= np.where(mutual, _MUTUAL_FLOOR, _FLOOR)
    rows = rows[kept]
    return Likeness(rows=rows, items=nearest[rows], cosines=cosines[rows], shared=shared[kept])


def nearest_items(vectors: Floats, items: Floats) -> tuple[Ints, npt.NDArray[np.float64], Ints]:
    """Return each row's nearest item, its cosine (-1 without items), and each item's nearest row.

    Args:
        vectors: Unit rows, shape (n_rows, n_dims), perhaps memory-mapped.
        items: Unit rows, shape (n_items, n_dims).
    """
    nearest = np.zeros(len(vectors), np.int64)
    cosines = np.full(len(vectors), -1.0)
    best, held = np.full(len(items), -1, np.int64), np.full(len(items), -2.0, np.float32)
    for start in range(0, len(vectors) if len(items) else 0, _BLOCK):
        near = np.asarray(vectors[start : start + _BLOCK]) @ items.T
        at = near.argmax(axis=1)
        nearest[start : start + len(near)] = at
        cosines[start : start + len(near)] = near[np.arange(len(near)), at]
        top = near.argmax(axis=0)
        value = near[top, np.arange(len(items))]
        better = value > held
        best[better], held[better] = top[better] + start, value[better]
    return nearest, cosines, best


def shared_words(
    texts: pa.Array, items: pa.Array, rows: Ints, which: Ints
) -> npt.NDArray[np.float64]:
    """Return the share of an item's words that a text holds anywhere, weighted by rarity.

    Args:
        texts: What is asked.
        items: What the items ask.
        rows: Text of each pair.
        which: Item of each pair.
    """
    mine = tokens(*buffers(items))
    theirs = tokens(*buffers(texts.take(pa.array(rows))))
    vocabulary, word = np.unique(mine.hashes, return_inverse=True)
    item = np.repeat(np.arange(len(items)), np.diff(mine.offsets))
    once = np.unique(np.stack([word, item], axis=1), axis=0)
    weight = np.log((len(items) + 1) / (np.bincount(once[:, 0], minlength=len(vocabulary)) + 0.5))
    shares = np.zeros(len(rows))
    for n, k in enumerate(which):
        of = slice(mine.offsets[k], mine.offsets[k + 1])
        held = np.isin(mine.hashes[of], theirs.hashes[theirs.offsets[n] : theirs.offsets[n + 1]])
        weights = weight[word[of]]
        shares[n] = weights[held].sum() / weights.sum() if weights.sum() > 0 else 0.0
    return shares


def _column(texts: Sequence[str | None] | pa.Array) -> pa.Array:
    return texts if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())


def _run(rows: Rows, context: Context) -> Found:
    name, vectors = CHECK.name, context.vectors.get("asked")
    if not context.benchmarks:
        return Found(check=name, skipped=NO_BENCHMARK)
    if vectors is None or not any("asked" in b.vectors for b in context.benchmarks):
        return Found(check=name, skipped=_WITHOUT)
    known = covered_rows(met(rows, parts(context.benchmarks), threshold=context.threshold(TEXTS)))
    findings: list[Finding] = []
    for number, benchmark in enumerate(context.benchmarks):
        here = {(row, item) for row, of, item in known if of == number}
        findings += _of_benchmark(rows, vectors, benchmark, context.threshold(CHECK), here)
    looked_at = int(np.any(vectors, axis=1).sum()) if len(vectors) else 0
    figures = {"found_as_text": len({row for row, *_ in known})}
    return Found(check=name, findings=tuple(findings), looked_at=looked_at, figures=figures)


CHECK = Check(
    name="semantic-contamination",
    family="contamination",
    about="A row asks a benchmark's question in other words; what contamination finds is left out.",
    severity="warning",
    threshold=0.85,
    means="cosine of what is asked to the benchmark's question; at or above, borne out by words",
    run=_run,
    needs=("vectors", "benchmarks"),
)


def _of_benchmark(
    rows: Rows,
    vectors: Floats,
    benchmark: Beside,
    threshold: float,
    known: set[tuple[int, int]],
) -> Iterator[Finding]:
    items = benchmark.vectors.get("asked")
    if items is None:
        return
    like = reworded(rows.asked, vectors, benchmark.rows.asked, items, threshold=threshold)
    by_item: dict[int, list[int]] = {}
    for k, (row, item) in enumerate(zip(like.rows, like.items, strict=True)):
        if (int(row), int(item)) not in known:
            by_item.setdefault(int(item), []).append(k)
    for item, group in sorted(by_item.items()):
        yield _finding(rows, benchmark, like, item, sorted(group, key=lambda k: -like.cosines[k]))


def _finding(rows: Rows, benchmark: Beside, like: Likeness, item: int, group: list[int]) -> Finding:
    place, top = benchmark.rows.place(item), float(like.cosines[group[0]])
    where = "1 row asks" if len(group) == 1 else f"{len(group)} rows ask"
    return Finding(
        check=CHECK.name,
        severity="warning",
        message=f"{where} the question of {place} in other words (cosine {top:.2f}): compare them, "
        "and take out what gives the test away",
        rows=tuple(sorted(int(like.rows[k]) for k in group)),
        score=top,
        evidence=tuple(_evidence(rows, benchmark, like, k) for k in group[:_SHOWN]),
    )


def _evidence(rows: Rows, benchmark: Beside, like: Likeness, k: int) -> Evidence:
    row, item = int(like.rows[k]), int(like.items[k])
    asked, other = rows.asked[row].as_py(), benchmark.rows.asked[item].as_py()
    here, there = _common(asked, other)
    shift = len(rows.prompt[row].as_py()) - len(asked)
    beside = excerpt(other, there)
    return Evidence(
        row=row,
        field="prompt",
        spans=tuple((a + shift, b + shift) for a, b in here),
        note=f"cosine {like.cosines[k]:.2f}, {like.shared[k]:.0%} of the question's words",
        beside=beside.text,
        beside_name=benchmark.rows.place(item),
        beside_spans=beside.spans,
    )


def _common(a: str, b: str) -> tuple[Spans, Spans]:
    """Return the runs of words that each of two texts shares with the other."""
    found = tokens(*buffers([a, b]))
    middle, begin = int(found.offsets[1]), len(a.encode())
    left, right = found.hashes[:middle], found.hashes[middle:]
    return (
        word_spans(a, found, np.flatnonzero(np.isin(left, right)), 0),
        word_spans(b, found, middle + np.flatnonzero(np.isin(right, left)), begin),
    )
