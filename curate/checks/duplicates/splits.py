"""Prompts that stand in the training split and in a split it is tested on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.check import Check, Context, Found
from curate.checks.duplicates.clusters import places, taken
from curate.checks.duplicates.levels import levels_of
from curate.checks.duplicates.near import COMMON
from curate.checks.duplicates.semantic import CHECK as SEMANTIC
from curate.checks.rows import Rows
from curate.measure.minhash import jaccards, near_duplicates
from curate.measure.word_runs import buffers, text_keys
from curate.records import Evidence, Finding

__all__ = ["CHECK"]

Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


def _run(rows: Rows, context: Context) -> Found:
    levels, names = levels_of(rows)
    if len(np.unique(levels[levels >= 0])) < 2:
        return Found(check=CHECK.name, skipped=_ONE_SPLIT)
    at = np.flatnonzero((levels >= 0) & _asks(rows))
    pairs, scores, how = _pairs(rows, at, levels, context)
    findings = tuple(_findings(rows, pairs, scores, how, names))
    leaked = np.unique(pairs[:, 0])
    figures = {
        "splits": {str(name): int((names == name).sum()) for name in np.unique(names[levels >= 0])},
        "leaked_rows": len(leaked),
        "tested_rows_leaked": len(np.unique(pairs[:, 1])),
        "by_kind": {kind: int((how == n).sum()) for n, kind in enumerate(_KINDS)},
    }
    return Found(check=CHECK.name, findings=findings, looked_at=len(at), figures=figures)


_ONE_SPLIT = (
    "one split only: give training and test files together, or a column split (train, valid, test)"
)
_KINDS = ("the same", "nearly the same", "in other words the same")


def _asks(rows: Rows) -> npt.NDArray[np.bool_]:
    import pyarrow.compute as pc

    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(rows.asked)), 0)
    asks: npt.NDArray[np.bool_] = ~pc.fill_null(blank, True).to_numpy(zero_copy_only=False)
    return asks


def _pairs(rows: Rows, at: Ints, levels: Ints, context: Context) -> tuple[Ints, Vectors, Ints]:
    """Return pairs of the row at fault and the tested row, how alike, and by which kind."""
    asked, level = taken(rows.asked, at), levels[at]
    bar = context.threshold(CHECK)
    kinds = [_same(asked, level), _near(asked, level, bar, context.seed)]
    if "asked" in context.vectors:
        vectors = np.asarray(context.vectors["asked"])[at]
        kinds.append(_meant(vectors, level, context.threshold(SEMANTIC)))
    pairs = np.concatenate([found for found, _ in kinds])
    scores = np.concatenate([score for _, score in kinds])
    how = np.repeat(np.arange(len(kinds)), [len(found) for found, _ in kinds])
    _, first = np.unique(pairs, axis=0, return_index=True)
    first = np.sort(first)
    return at[pairs[first]], scores[first], how[first]


def _same(asked: pa.Array, level: Ints) -> tuple[Ints, Vectors]:
    number = np.unique(text_keys(*buffers(asked))[:, 0], return_inverse=True)[1]
    pairs = _crossing(number, level)
    return pairs, np.ones(len(pairs), np.float32)


def _near(asked: pa.Array, level: Ints, threshold: float, seed: int) -> tuple[Ints, Vectors]:
    found = near_duplicates(asked, threshold, common=COMMON, rng=seed)
    pairs = _crossing(found.clusters, level)
    scores = jaccards(asked, pairs, common=COMMON)
    return pairs[scores >= threshold], scores[scores >= threshold]


def _meant(vectors: Vectors, level: Ints, threshold: float) -> tuple[Ints, Vectors]:
    """Hold each row against its nearest ones of each higher level."""
    from curate.measure.neighbours import PROBES, neighbours

    there: npt.NDArray[np.bool_] = np.logical_not(~vectors.any(axis=1))
    pairs, scores = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for high in (1, 2):
        tested, below = np.flatnonzero(there & (level == high)), np.flatnonzero(level < high)
        below = below[there[below]]
        probes = None if len(tested) <= _FEW else PROBES
        found, cosines = neighbours(
            vectors, _NEAREST, candidates=tested, clients=below, probes=probes
        )
        row, place = np.nonzero((cosines >= threshold) & (found >= 0))
        pairs.append(np.stack([below[row], tested[found[row, place]]], axis=1))
        scores.append(cosines[row, place])
    return np.concatenate(pairs), np.concatenate(scores)


_FEW = 20_000
_NEAREST = 4


def _crossing(cluster: Ints, level: Ints) -> Ints:
    """Return the pairs of one cluster and two levels, the lower level first.

    Each row is paired with the first `_BESIDE` rows of each higher level.
    """
    out = [np.empty((0, 2), np.int64)]
    top = int(cluster.max(initial=-1)) + 1
    for high in (1, 2):
        tested = np.flatnonzero(level == high)
        tested = tested[np.argsort(cluster[tested], kind="stable")]
        starts = np.searchsorted(cluster[tested], np.arange(top + 1))
        below = np.flatnonzero((level >= 0) & (level < high))
        counts = np.minimum(np.diff(starts)[cluster[below]], _BESIDE)
        who = np.repeat(below, counts)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        out.append(np.stack([who, tested[starts[cluster[who]] + within]], axis=1))
    return np.concatenate(out)


_BESIDE = 32


def _findings(
    rows: Rows, pairs: Ints, scores: Vectors, how: Ints, names: npt.NDArray[np.str_]
) -> list[Finding]:
    """Return a finding for each tested row, with the rows that leak it and no other one sooner."""
    order = np.lexsort((pairs[:, 1], -scores, how, pairs[:, 0]))
    best = order[np.unique(pairs[order, 0], return_index=True)[1]]
    by = best[np.lexsort((best, pairs[best, 1]))]
    tested, starts = np.unique(pairs[by, 1], return_index=True)
    groups = np.split(by, starts[1:]) if len(tested) else []
    return [
        _finding(rows, int(row), pairs[group, 0], (scores[group], how[group]), names)
        for row, group in zip(tested, groups, strict=True)
    ]


def _finding(
    rows: Rows, tested: int, leaking: Ints, alike: tuple[Vectors, Ints], names: npt.NDArray[np.str_]
) -> Finding:
    kind, score = int(alike[1].min()), float(alike[0].max())
    place = f"{rows.place(tested)} ({names[tested]})"
    asks = "asks" if len(leaking) == 1 else "ask"
    return Finding(
        check=CHECK.name,
        severity="error" if kind < 2 else "warning",
        message=f"{places(rows, leaking)} ({names[leaking[0]]}) {asks} {_KINDS[kind]} as {place}"
        f"{_measured(kind, score)}: what is tested would be trained on; take it out of the "
        "training side",
        rows=tuple(leaking.tolist()),
        against=(tested,),
        score=score,
        evidence=tuple(
            _evidence(rows, row, f"{_KINDS[how]} as {place}{_measured(how, alike_by)}")
            for row, alike_by, how in zip(leaking[:_SHOWN].tolist(), *alike, strict=False)
        ),
    )


_SHOWN = 5


def _measured(kind: int, score: float) -> str:
    return ("", f" (Jaccard {score:.2f})", f" (cosine {score:.2f})")[kind]


def _evidence(rows: Rows, row: int, note: str) -> Evidence:
    asked, prompt = (len(c[row].as_py() or "") for c in (rows.asked, rows.prompt))
    span = (max(prompt - asked, 0), prompt)
    return Evidence(row=row, field="prompt", spans=(span,), note=note)


CHECK = Check(
    name="split-leakage",
    family="duplicates",
    about="Training rows whose prompt also stands in a split they are tested on.",
    severity="error",
    threshold=0.8,
    means="Jaccard similarity of the prompts' runs of three words; at or above",
    run=_run,
)
