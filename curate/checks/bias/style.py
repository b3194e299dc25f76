"""Whether answers are preferred for marks of style, at equal length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.bias.markers import MARKERS, Marker, mark_spans, marked
from curate.checks.bias.preferences import Preferences, preferences_of
from curate.checks.check import Check, Context, Found
from curate.checks.figures import as_figure, numbered, percent
from curate.checks.rows import Rows
from curate.measure.effects import holm, rate
from curate.measure.intervals import NORMAL, Interval
from curate.measure.preference_logit import preference_logit
from curate.records import Evidence, Finding

__all__ = ["CHECK", "MarkEffect", "style_effects"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkEffect:
    """How far one mark goes with being preferred."""

    chosen: Interval
    """Share of the chosen answers that bear it."""
    rejected: Interval
    only_chosen: int
    """Pairs of which the chosen answer alone bears it."""
    only_rejected: int
    odds: float
    """Matched odds ratio, half a pair added to either count: above 1 = preferred."""
    at_equal_length: Interval
    """Odds ratio at equal length; NaN where too few pairs tell."""
    p_value: float
    """Of the odds at equal length being 1, corrected for all marks."""


def style_effects(
    chosen: Sequence[npt.ArrayLike],
    rejected: Sequence[npt.ArrayLike],
    log_ratio: npt.ArrayLike,
    prompts: npt.ArrayLike | None = None,
    *,
    bearers: npt.ArrayLike | None = None,
) -> list[MarkEffect]:
    """Return how far each mark of style goes with being preferred.

    The odds at equal length are those of a preference logit (`measure.preference_logit`) on the
    mark and the difference in log length, with errors robust to pairs of one prompt being alike;
    p-values are Wald's, corrected for all marks by Holm (1979).

    Args:
        chosen: Which chosen answers bear each mark, each of shape (n_pairs,).
        rejected: The same of the rejected ones.
        log_ratio: Logarithm of chosen over rejected length, shape (n_pairs,).
        prompts: Number of each pair's prompt, from 0.
        bearers: How many different answers bear each mark alone in their pair; with fewer than
            ten, one answer that stands in many pairs would decide. None = each pair has its own.
    """
    sides = [
        (np.asarray(a, bool), np.asarray(b, bool)) for a, b in zip(chosen, rejected, strict=True)
    ]
    gaps = [a.astype(np.float64) - b for a, b in sides]
    known = [np.count_nonzero(gap) for gap in gaps] if bearers is None else np.asarray(bearers)
    weights, errors = np.full((2, len(sides)), np.nan)
    for i in np.flatnonzero(np.asarray(known) >= _FEWEST).tolist():
        fitted = preference_logit(np.column_stack([gaps[i], log_ratio]), groups=_groups(prompts))
        weights[i], errors[i] = fitted.coefficients[0], fitted.errors[0]
    p = holm([math.erfc(abs(w / e) / math.sqrt(2)) for w, e in zip(weights, errors, strict=True)])
    return [_effect(*sides[i], weights[i], errors[i], p[i]) for i in range(len(sides))]


def _run(rows: Rows, context: Context) -> Found:
    known = int(rows.has_answer.sum())
    if not known:
        return Found(check=CHECK.name, skipped="no answers: audit rows that hold one")
    pairs = preferences_of(rows)
    answers = {marker.name: marked(rows.answer, marker) for marker in MARKERS}
    figures: dict[str, Any] = {"answers": _of_answers(rows, answers, known)}
    if not len(pairs):
        return Found(check=CHECK.name, looked_at=known, figures=figures)
    chosen = [mask[pairs.rows] for mask in answers.values()]
    rejected = [marked(rows.rejected, marker)[pairs.rows] for marker in MARKERS]
    bearers = [_bearers(rows, pairs, a, b) for a, b in zip(chosen, rejected, strict=True)]
    effects = style_effects(chosen, rejected, pairs.log_ratio, pairs.prompts, bearers=bearers)
    figures["preferences"] = [_row(m, e) for m, e in zip(MARKERS, effects, strict=True)]
    said = _Said(rows, pairs, context.threshold(CHECK))
    findings = [
        finding
        for marker, effect, a, b in zip(MARKERS, effects, chosen, rejected, strict=True)
        for finding in said.of(marker, effect, a, b)
    ]
    findings.sort(key=lambda finding: -finding.score)
    return Found(check=CHECK.name, findings=tuple(findings), looked_at=len(pairs), figures=figures)


CHECK = Check(
    name="style-bias",
    family="bias",
    about="Answers are preferred, or not, for bullets, bold, apologies, flattery and the like.",
    severity="warning",
    threshold=1.5,
    means="odds ratio of being preferred with the mark at equal length (or without it), Holm-"
    "corrected p at most .05; flagged above",
    run=_run,
    fixes=False,
)

_FEWEST = 10
"""Pairs that must differ in a mark for its odds to be told."""
_SURE = 0.05


def _groups(prompts: npt.ArrayLike | None) -> Ints | None:
    groups = None if prompts is None else np.asarray(prompts)
    return None if groups is None or len(np.unique(groups)) < _FEWEST else groups


def _bearers(rows: Rows, pairs: Preferences, a: Bools, b: Bools) -> int:
    """Count the different answers that bear a mark alone in their pair; no more than matter."""
    sides = ((rows.answer, a & ~b), (rows.rejected, b & ~a))
    met = [texts.take(pa.array(pairs.rows[which][:_MET])) for texts, which in sides]
    return int(pc.count_distinct(pa.concat_arrays(met)).as_py())


_MET = 2_000


def _effect(a: Bools, b: Bools, weight: float, error: float, p: float) -> MarkEffect:
    only_chosen, only_rejected = int((a & ~b).sum()), int((b & ~a).sum())
    value, low, high = np.exp(weight + NORMAL * error * np.array([0.0, -1.0, 1.0])).tolist()
    n = only_chosen + only_rejected
    return MarkEffect(
        chosen=rate(int(a.sum()), len(a)),
        rejected=rate(int(b.sum()), len(b)),
        only_chosen=only_chosen,
        only_rejected=only_rejected,
        odds=(only_chosen + 0.5) / (only_rejected + 0.5),
        at_equal_length=Interval(value=value, low=low, high=high, n=n),
        p_value=float(p),
    )


def _of_answers(rows: Rows, answers: Mapping[str, Bools], known: int) -> dict[str, Any]:
    """Return the share of answers that bear each mark: of all, by source and by model."""
    table: dict[str, Any] = {
        "all": {name: float(mask.sum()) / known for name, mask in answers.items()}
    }
    for column in ("source", "model"):
        numbers, names = numbered(rows.column(column))
        numbers = np.where(rows.has_answer, numbers, -1)
        if names:
            table[f"by_{column}"] = list(_rates_by(numbers, names, answers))
    return table


def _rates_by(
    numbers: Ints, names: Sequence[str], answers: Mapping[str, Bools]
) -> Iterator[dict[str, Any]]:
    for number, name in enumerate(names[:_MOST]):
        inside = numbers == number
        if n := int(inside.sum()):
            rates = {mark: float(mask[inside].mean()) for mark, mask in answers.items()}
            yield {"name": name, "n": n, **rates}


_MOST = 12


def _row(marker: Marker, effect: MarkEffect) -> dict[str, Any]:
    return {
        "name": marker.name,
        "chosen": as_figure(effect.chosen),
        "rejected": as_figure(effect.rejected),
        "only_chosen": effect.only_chosen,
        "only_rejected": effect.only_rejected,
        "odds": effect.odds,
        "odds_at_equal_length": as_figure(effect.at_equal_length),
        "p_value": effect.p_value,
    }


@dataclass(frozen=True, slots=True)
class _Said:
    """Findings, with the rows that show them."""

    rows: Rows
    pairs: Preferences
    threshold: float

    def of(self, marker: Marker, effect: MarkEffect, a: Bools, b: Bools) -> Iterator[Finding]:
        odds, liked = effect.at_equal_length, effect.at_equal_length.value >= 1
        strength = max(odds.value, 1 / odds.value) if odds.value > 0 else math.nan
        if not (effect.p_value <= _SURE and strength > self.threshold):
            return
        yield Finding(
            check=CHECK.name,
            severity=CHECK.severity,
            message=_message(marker, effect, liked),
            score=strength,
            evidence=self._examples(marker, a & ~b if liked else b & ~a, liked),
        )

    def _examples(self, marker: Marker, which: Bools, chosen: bool) -> tuple[Evidence, ...]:
        texts = self.rows.answer if chosen else self.rows.rejected
        return tuple(
            Evidence(
                row=row,
                field="answer" if chosen else "rejected",
                spans=mark_spans(texts[row].as_py(), marker),
                note=marker.name,
            )
            for row in self.pairs.rows[which][:_EXAMPLES].tolist()
        )


_EXAMPLES = 3


def _message(marker: Marker, effect: MarkEffect, liked: bool) -> str:
    odds, n = effect.at_equal_length, effect.only_chosen + effect.only_rejected
    won = effect.only_chosen if liked else effect.only_rejected
    fate = "preferred" if liked else "rejected"
    return (
        f"An answer that {marker.means} is {fate} in {won:,} of the {n:,} pairs of which only one "
        f"does ({percent(effect.chosen.value)} of the chosen, {percent(effect.rejected.value)} of "
        f"the rejected answers); odds at equal length {odds.value:.2f} [{odds.low:.2f}, "
        f"{odds.high:.2f}]. If the mark should not count, balance the pairs by it"
    )
