"""Benchmark items that stand in training rows: word for word, or with changes a script could make.

Both sides of both: the benchmark's question (each turn; without its options too) and its answer
where it is long enough, in the row's prompt, answer and rejected answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from curate.checks.check import Beside, Check, Context, Found
from curate.checks.contamination.items import SHORT, Part, parts
from curate.checks.contamination.rules import KINDS, THRESHOLD, Hits, Kind, joined_hits
from curate.checks.contamination.search import Search
from curate.checks.evidence import excerpt
from curate.checks.figures import counted, sentence_case
from curate.checks.rows import Rows
from curate.records import Evidence, Finding

__all__ = ["CHECK", "NO_BENCHMARK", "covered_rows", "met", "with_text"]

Ints = npt.NDArray[np.int64]
Field = Literal["prompt", "answer", "rejected"]

NO_BENCHMARK = "no benchmark was named: add --against FILE, one for each benchmark"
_FIELDS: tuple[Field, ...] = ("prompt", "answer", "rejected")
_SHOWN = 10
"""Rows of a finding that evidence is shown of, those that hold most first."""


@dataclass(frozen=True, slots=True)
class Met:
    """Parts of benchmarks that stand in rows, with where."""

    search: Search
    hits: Hits
    """`texts` are rows."""
    fields: npt.NDArray[np.int8]
    """Index into the fields of each hit."""


def _run(rows: Rows, context: Context) -> Found:
    name = CHECK.name
    if not context.benchmarks:
        return Found(check=name, skipped=NO_BENCHMARK)
    wanted = parts(context.benchmarks)
    if not wanted:
        names = ", ".join(b.name for b in context.benchmarks)
        return Found(check=name, skipped=f"{names}: no question to look for; check the file")
    looked_at = int(with_text(rows).sum())
    found = met(rows, wanted, threshold=context.threshold(CHECK))
    findings = tuple(_findings(rows, found, context.benchmarks))
    figures = {"benchmarks": _figures(found, context.benchmarks)}
    return Found(check=name, findings=findings, looked_at=looked_at, figures=figures)


CHECK = Check(
    name="contamination",
    family="contamination",
    about="A benchmark's question or answer stands in a row, word for word or slightly changed.",
    severity="error",
    threshold=THRESHOLD,
    means="share of the item's words, weighted by rarity, that stand in the row; at or above",
    run=_run,
    needs=("benchmarks",),
)


def with_text(rows: Rows) -> npt.NDArray[np.bool_]:
    """Return which rows hold any text."""
    masks = [getattr(rows, field).is_valid() for field in _FIELDS]
    held: npt.NDArray[np.bool_] = np.any([m.to_numpy(zero_copy_only=False) for m in masks], axis=0)
    return held


def met(rows: Rows, wanted: Sequence[Part], *, threshold: float) -> Met:
    """Look for parts of benchmarks in all texts of the rows."""
    columns = [getattr(rows, field) for field in _FIELDS]
    search = Search(wanted, columns)
    hits = [search.hits(column, threshold=threshold) for column in columns]
    fields = np.repeat(np.arange(len(hits), dtype=np.int8), [len(one) for one in hits])
    return Met(search, joined_hits(hits), fields)


def covered_rows(found: Met) -> set[tuple[int, int, int]]:
    """Return which rows hold which benchmark's item: (row, benchmark, row of it)."""
    owners = [
        (found.search.parts[k].benchmark, found.search.parts[k].row) for k in found.hits.parts
    ]
    return {(int(row), *owner) for row, owner in zip(found.hits.texts, owners, strict=True)}


def _findings(rows: Rows, found: Met, benchmarks: Sequence[Beside]) -> Iterator[Finding]:
    """Yield one finding for each item of a benchmark that was met."""
    groups = _by_item(found)
    shown = np.concatenate([_best(found.hits, group) for group in groups] or [np.empty(0, int)])
    evidence = _evidence(rows, found, shown, benchmarks)
    for group in groups:
        hits = found.hits.take(group)
        top = int(group[_order(hits)[0]])
        part = found.search.parts[found.hits.parts[top]]
        short = int(found.search.n_words[found.hits.parts[top]]) < SHORT
        held = tuple(int(row) for row in np.unique(hits.texts))
        yield Finding(
            check=CHECK.name,
            severity="warning" if short else "error",
            message=_message(found, top, len(held), benchmarks[part.benchmark]),
            rows=held,
            score=float(hits.scores.max()),
            evidence=tuple(islice(evidence, min(len(group), _SHOWN))),
        )


def _by_item(found: Met) -> list[Ints]:
    """Return the hits of each item of a benchmark, whichever of its parts they are."""
    owner = np.array([(p.benchmark, p.row) for p in found.search.parts], np.int64).reshape(-1, 2)
    of = owner[found.hits.parts]
    order = np.lexsort((found.fields, found.hits.texts, of[:, 1], of[:, 0]))
    apart = np.flatnonzero(np.any(np.diff(of[order], axis=0) != 0, axis=1)) + 1
    return [group for group in np.split(order, apart) if len(group)]


def _order(hits: Hits) -> Ints:
    return np.lexsort((hits.texts, hits.kinds, -hits.scores))


def _best(hits: Hits, group: Ints) -> Ints:
    return group[_order(hits.take(group))[:_SHOWN]]


def _evidence(
    rows: Rows, found: Met, shown: Ints, benchmarks: Sequence[Beside]
) -> Iterator[Evidence]:
    """Return the evidence of hits, in their order."""
    made: dict[int, Evidence] = {}
    for number, field in enumerate(_FIELDS):
        which = shown[found.fields[shown] == number]
        hits = found.hits.take(which)
        spans = found.search.spans(getattr(rows, field), hits)
        for at, (here, there) in zip(which, spans, strict=True):
            part = found.search.parts[found.hits.parts[at]]
            beside = excerpt(part.text, there)
            made[int(at)] = Evidence(
                row=int(found.hits.texts[at]),
                field=field,
                spans=here,
                note=f"{_side(part)} {_how(found, int(at))}",
                beside=beside.text,
                beside_name=benchmarks[part.benchmark].rows.place(part.row),
                beside_spans=beside.spans,
            )
    return iter([made[int(at)] for at in shown])


def _message(found: Met, top: int, n_rows: int, benchmark: Beside) -> str:
    part = found.search.parts[found.hits.parts[top]]
    n_words = int(found.search.n_words[found.hits.parts[top]])
    where = "1 row" if n_rows == 1 else f"{n_rows} rows"
    said = f"{sentence_case(_side(part))} of {benchmark.rows.place(part.row)} stands in {where}"
    if n_words < SHORT:
        caution = f"it has only {counted(n_words, 'word')}: see whether that is chance"
        return f"{said}, {_how(found, top)}; {caution} before you take them out"
    return (
        f"{said}, {_how(found, top)}: a model trained on it has seen the test; "
        "take them out, or leave this item out of the evaluation"
    )


def _side(part: Part) -> str:
    return _SIDES[part.side]


_SIDES = {
    "question": "the question",
    "stem": "the question without its options",
    "turn": "a later turn",
    "answer": "the answer",
}


def _how(found: Met, at: int) -> str:
    share = f"{found.hits.scores[at]:.0%} of its weight"
    kind: Kind = KINDS[found.hits.kinds[at]]
    return {
        "verbatim": "word for word",
        "numbers changed": "with other numbers",
        "order changed": f"in another order ({share})",
        "words changed": f"with some words changed ({share})",
        "in part": f"in part ({share})",
    }[kind]


def _figures(found: Met, benchmarks: Sequence[Beside]) -> list[dict[str, Any]]:
    of = [found.search.parts[k] for k in found.hits.parts]
    return [
        {
            "name": benchmark.name,
            "items": len(benchmark.rows),
            "items_found": len({p.row for p in of if p.benchmark == number}),
            "rows": len(
                {int(t) for t, p in zip(found.hits.texts, of, strict=True) if p.benchmark == number}
            ),
            "kinds": dict(
                sorted(
                    Counter(
                        KINDS[k]
                        for k, p in zip(found.hits.kinds, of, strict=True)
                        if p.benchmark == number
                    ).items()
                )
            ),
        }
        for number, benchmark in enumerate(benchmarks)
    ]
