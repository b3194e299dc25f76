"""What tells the rows of this version from those of the version before."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.bias.preferences import lengths
from curate.checks.check import Beside, Check, Context, Found
from curate.checks.coverage.vectors import BY_VECTORS, drawn_rows, placed
from curate.checks.figures import as_figure, numbered, sentence_case, shares, value_counts
from curate.checks.rows import Rows
from curate.measure.delong import auroc_interval
from curate.measure.drift import ClusterShift, cluster_shift
from curate.measure.intervals import UNKNOWN, Interval, total
from curate.measure.keywords import keywords, word_counts, word_divergence, words_apart
from curate.measure.two_sample import two_sample
from curate.records import Evidence, Finding

__all__ = ["CHECK", "Facet", "names_apart"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One thing by which new rows may be told from old ones."""

    name: str
    area: Interval
    """AUROC of telling new from old by it alone: .5 = not at all, 1 = always."""
    p_value: float = math.nan
    """NaN where the interval says all."""
    more: str = ""
    """A clause on what there is more of."""
    examples: tuple[int, ...] = ()
    """Audited rows that show it."""
    shown: Literal["prompt", "answer"] = "prompt"
    """Which of their texts does."""
    figures: dict[str, Any] = field(default_factory=dict)


def names_apart(old: pa.Array, new: pa.Array, *, rng: int = 7) -> Interval:
    """Return how well the names in a column tell new rows from old ones.

    Each name's score is how much commoner it is among the new rows of one half (half a row added
    to either side); rows of the other half are ranked by it, and the other way round, so that
    many rare names do not look like a difference; the two AUROCs are averaged.

    Args:
        old: Texts; null ones count as a name of their own.
        new: Texts.
        rng: Seed of the halves.

    Returns:
        The AUROC with DeLong's interval; unknown where a side is empty.
    """
    if not (len(old) and len(new)):
        return UNKNOWN
    numbers, _ = numbered(pa.concat_arrays([side.cast(pa.large_string()) for side in (old, new)]))
    is_new = np.repeat([0, 1], [len(old), len(new)])
    half = np.random.default_rng(rng).permutation(len(numbers)) % 2
    parts = [_held_out(numbers + 1, is_new, half == part) for part in (0, 1)]
    known = [part for part in parts if part.known]
    return total(known, [1 / len(known)] * len(known)) if known else UNKNOWN


def _held_out(numbers: Ints, is_new: Ints, held: npt.NDArray[np.bool_]) -> Interval:
    """Return the AUROC of rows held out, by how much commoner their names are among the others."""
    counts = np.zeros((2, numbers.max() + 1))
    np.add.at(counts, (is_new[~held], numbers[~held]), 1)
    logs = np.log(counts + 0.5)
    return auroc_interval((logs[1] - logs[0])[numbers[held]], is_new[held])


def _run(rows: Rows, context: Context) -> Found:
    before = context.before
    if before is None:
        return Found(check=CHECK.name, skipped=_NOTHING_BEFORE)
    if min(len(rows), len(before.rows)) < _FEWEST:
        return Found(check=CHECK.name, skipped=_TOO_FEW)
    facets = [
        *_by_lengths(rows, before, context.seed),
        *_by_columns(rows, before, context.seed),
        *_by_place(rows, before, context),
    ]
    threshold = context.threshold(CHECK)
    findings = tuple(
        _finding(facet, before.name)
        for facet in sorted(facets, key=lambda facet: -facet.area.value)
        if _differs(facet, threshold)
    )
    figures = {
        facet.name: {"auroc": as_figure(facet.area), "p_value": facet.p_value, **facet.figures}
        for facet in facets
    }
    return Found(check=CHECK.name, findings=findings, looked_at=len(rows), figures=figures)


CHECK = Check(
    name="drift",
    family="coverage",
    about="Rows differ from those of the version before: in length, words, meaning or columns.",
    severity="warning",
    threshold=0.6,
    means="how often one thing tells a new row from an old one (AUROC), with its interval above "
    "one half; flagged above",
    run=_run,
    needs=("before",),
    fixes=False,
)

_NOTHING_BEFORE = "nothing to compare with: name the version before (curate diff BEFORE AFTER)"
_TOO_FEW = "fewer than ten rows in a version: nothing can be said of their distribution"
_FEWEST, _SURE = 10, 0.01
_COLUMNS = ("source", "model", "label", "license", "annotator", "finish_reason", "guideline")
_LENGTHS = {"prompt": "prompts", "answer": "answers", "rejected": "rejected answers"}
_MOST, _READ = 100_000, 5_000


def _differs(facet: Facet, threshold: float) -> bool:
    sure = math.isnan(facet.p_value) or facet.p_value <= _SURE
    return facet.area.value > threshold and facet.area.low > 0.5 and sure


def _finding(facet: Facet, before: str) -> Finding:
    area = facet.area
    more = f"; there are more {facet.more}" if facet.more else ""
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=(
            f"{sentence_case(facet.name)} tell rows from those of {before} (AUROC {area.value:.2f} "
            f"[{area.low:.2f}, {area.high:.2f}]){more}. See that the change is meant"
        ),
        score=area.value,
        evidence=tuple(Evidence(row=row, field=facet.shown) for row in facet.examples),
    )


def _by_lengths(rows: Rows, before: Beside, seed: int) -> Iterator[Facet]:
    rng = np.random.default_rng(seed)
    for name, called in _LENGTHS.items():
        old, new = (lengths(getattr(side, name)) for side in (before.rows, rows))
        old, new = (x[drawn_rows(~np.isnan(x), _MOST, rng)] for x in (old, new))
        if min(len(old), len(new)) >= _FEWEST:
            yield _length_facet(called, old, new)


def _length_facet(called: str, old: Floats, new: Floats) -> Facet:
    labels = np.repeat([0.0, 1.0], [len(old), len(new)])
    longer = auroc_interval(np.concatenate([old, new]), labels)
    rises = longer.value >= 0.5
    area = longer if rises else _turned(longer)
    medians = {"median_before": float(np.median(old)), "median": float(np.median(new))}
    return Facet(
        name=f"lengths of {called}",
        area=area,
        more=f"{'long' if rises else 'short'} ones (median {medians['median']:,.0f} characters, "
        f"before {medians['median_before']:,.0f})",
        figures=medians,
    )


def _turned(area: Interval) -> Interval:
    return Interval(value=1 - area.value, low=1 - area.high, high=1 - area.low, n=area.n)


def _by_columns(rows: Rows, before: Beside, seed: int) -> Iterator[Facet]:
    for name in _COLUMNS:
        old, new = before.rows.column(name), rows.column(name)
        if old.null_count == len(old) and new.null_count == len(new):
            continue
        counts = [value_counts(side) for side in (old, new)]
        grown = _grown(*counts)
        yield Facet(
            name=f"{name} columns",
            area=names_apart(old, new, rng=seed),
            more=f"rows of {', '.join(grown)}" if grown else "",
            figures={"before": shares(counts[0]), "now": shares(counts[1])},
        )


def _grown(old: dict[str, int], new: dict[str, int]) -> list[str]:
    """Return the names whose share rose most."""
    totals = [max(sum(counts.values()), 1) for counts in (old, new)]
    rise = {name: n / totals[1] - old.get(name, 0) / totals[0] for name, n in new.items()}
    order = sorted(rise, key=lambda name: (-rise[name], name))
    return [repr(name) for name in order[:3] if rise[name] > 0]


def _by_place(rows: Rows, before: Beside, context: Context) -> Iterator[Facet]:
    """Give what vectors tell, or words where there are none, of prompts and of answers."""
    for name, called in (("asked", "prompts"), ("answer", "answers")):
        counts = [_counted(getattr(side, name), context.seed) for side in (before.rows, rows)]
        if not (counts[0] and counts[1]):
            continue
        place = placed(rows, before, context, name, most=10 * _READ)
        test = two_sample(place.their_vectors, place.our_vectors, rng=context.seed)
        shift = cluster_shift(place.their_vectors, place.our_vectors, rng=context.seed)
        more = [word for word, _ in words_apart(counts[1], counts[0])]
        topic, examples = _topic(shift, place.ours, getattr(rows, name))
        by = "meanings" if place.by == BY_VECTORS else "words"
        yield Facet(
            name=f"{by} of {called}",
            area=test.auroc,
            p_value=test.p_value,
            more=f"about {topic}" if topic else f"with the words {', '.join(more[:5])}",
            examples=examples,
            shown="prompt" if name == "asked" else "answer",
            figures=_figures(place.by, shift, counts),
        )


def _counted(texts: pa.Array, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    valid = texts.is_valid().to_numpy(zero_copy_only=False)
    some = texts.take(pa.array(drawn_rows(valid, _READ, rng)))
    return word_counts(some.to_pylist())


def _topic(shift: ClusterShift, ours: Ints, texts: pa.Array) -> tuple[str, tuple[int, ...]]:
    """Return what the cluster that grew most is about, and rows from its middle."""
    grown = [c for c in shift.clusters if c.low > c.old]
    if not grown or not shift.p_value <= _SURE:
        return "", ()
    members = ours[grown[0].members[:_NAMED]]
    others = ours[:: max(1, len(ours) // _NAMED)]
    sides = [[t or "" for t in texts.take(pa.array(at)).to_pylist()] for at in (members, others)]
    words = keywords([sides[0]], beside=sides[1])[0]
    return ", ".join(words), tuple(ours[list(grown[0].examples)].tolist())


_NAMED = 300


def _figures(by: str, shift: ClusterShift, counts: list[Any]) -> dict[str, Any]:
    return {
        "by": by,
        "stability_index": shift.psi,
        "stability_index_by_chance": shift.psi_by_chance,
        "word_divergence": word_divergence(counts[1], counts[0]),
        "words_more": _words(counts[1], counts[0]),
        "words_less": _words(counts[0], counts[1]),
    }


def _words(more: Any, less: Any) -> list[dict[str, Any]]:
    return [{"name": word, "z": z} for word, z in words_apart(more, less)]
