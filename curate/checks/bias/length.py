"""Whether answers are preferred for their length."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.bias.preferences import Preferences, lengths, preferences_of
from curate.checks.check import Check, Context, Found
from curate.checks.figures import (
    as_figure,
    numbered,
    opposite,
    percent,
    percent_with_interval,
)
from curate.checks.rows import Rows
from curate.measure.delong import auroc_interval
from curate.measure.effects import clustered_share, paired_d, rank_biserial
from curate.measure.intervals import Interval
from curate.measure.preference_logit import held_out_scores
from curate.records import Evidence, Finding

__all__ = ["CHECK", "length_bias", "length_only_scores", "lengths_by"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def length_bias(chosen: npt.ArrayLike, rejected: npt.ArrayLike, prompts: npt.ArrayLike) -> Interval:
    """Return the share of preferences whose chosen answer is the longer one.

    Equal lengths count half. The interval reckons with pairs of one prompt being alike
    (`measure.effects.clustered_share`).

    Args:
        chosen: Length of each chosen answer, shape (n_preferences,).
        rejected: Length of each rejected answer.
        prompts: Number of each pair's prompt, from 0.

    >>> length_bias([9, 8, 3], [2, 5, 7], [0, 1, 2]).value
    0.6666666666666666
    """
    gap = np.asarray(chosen, np.float64) - np.asarray(rejected, np.float64)
    return clustered_share((np.sign(gap) + 1) / 2, prompts)


def length_only_scores(
    chosen: npt.ArrayLike, rejected: npt.ArrayLike, prompts: npt.ArrayLike
) -> Floats:
    """Return what a model that sees nothing but two lengths makes of each pair, held out.

    A preference logit on the difference of log lengths and of which eighth of all lengths each
    answer falls into, so that "middling is best" can be learned as well as "longer is better";
    five folds, pairs of one prompt in one fold.

    Args:
        chosen: Length of each chosen answer, shape (n_preferences,).
        rejected: Length of each rejected answer.
        prompts: Number of each pair's prompt, from 0.

    Returns:
        Log odds that the chosen one is chosen: above 0 = lengths alone tell.
    """
    a, b = (np.log1p(np.asarray(side, np.float64)) for side in (chosen, rejected))
    if not len(a):
        return np.empty(0)
    edges = np.unique(np.quantile(np.concatenate([a, b]), np.arange(1, _PARTS) / _PARTS))
    features = np.column_stack([a - b, _one_hot(a, edges) - _one_hot(b, edges)])
    return held_out_scores(features, np.asarray(prompts) % _FOLDS)


_PARTS, _FOLDS = 8, 5


def lengths_by(names: Any, characters: Floats, *, most: int = 20) -> list[dict[str, Any]]:
    """Return quartiles of the answers' lengths for each name of a column, the commonest first.

    Args:
        names: Arrow texts, one a row.
        characters: Length of each row's answer, NaN = none.
        most: Names at most.
    """
    numbers, known = numbered(names)
    return [
        {"name": name, **_quartiles(inside)}
        for number, name in enumerate(known[:most])
        if len(inside := characters[(numbers == number) & ~np.isnan(characters)])
    ]


def _run(rows: Rows, context: Context) -> Found:
    pairs, characters = preferences_of(rows), lengths(rows.answer)
    answers = int(np.isfinite(characters).sum())
    if not answers:
        return Found(check=CHECK.name, skipped="no answers: audit rows that hold one")
    figures: dict[str, Any] = {"answers": _of_answers(rows, characters)}
    if not len(pairs):
        return Found(check=CHECK.name, looked_at=answers, figures=figures)
    share = length_bias(pairs.chosen, pairs.rejected, pairs.prompts)
    figures["preferences"] = facts = _of_preferences(rows, pairs, share, context.seed)
    findings = _finding(share, facts, pairs, context.threshold(CHECK))
    return Found(check=CHECK.name, findings=findings, looked_at=len(pairs), figures=figures)


CHECK = Check(
    name="length-bias",
    family="bias",
    about="The longer (or the shorter) answer is preferred whatever it says.",
    severity="warning",
    threshold=0.6,
    means="share of the preferences whose longer answer was chosen, or whose shorter one was, "
    "with its interval above one half; flagged above",
    run=_run,
    fixes=False,
)


def _of_answers(rows: Rows, characters: Floats) -> dict[str, Any]:
    """Return the lengths of answers: of all, by source and by model."""
    known = characters[~np.isnan(characters)]
    by = {name: lengths_by(rows.column(name), characters) for name in ("source", "model")}
    return {**_quartiles(known), **{f"by_{name}": table for name, table in by.items() if table}}


def _quartiles(characters: Floats) -> dict[str, Any]:
    low, middle, high = np.quantile(characters, [0.25, 0.5, 0.75]).tolist()
    return {"n": len(characters), "lower": low, "median": middle, "upper": high}


def _of_preferences(rows: Rows, pairs: Preferences, share: Interval, seed: int) -> dict[str, Any]:
    scores = length_only_scores(pairs.chosen, pairs.rejected, pairs.prompts)
    gap = pairs.chosen - pairs.rejected
    return {
        "n": len(pairs),
        "longer": as_figure(share),
        "same_length": int((gap == 0).sum()),
        "rank_biserial": rank_biserial(pairs.log_ratio),
        "cohens_d": paired_d(pairs.log_ratio),
        "median_ratio": float(np.exp(np.median(pairs.log_ratio))),
        "pick_the_longer_auroc": as_figure(_area(pairs.log_ratio, seed)),
        "length_only_accuracy": as_figure(_accuracy(scores, pairs.prompts)),
        **{f"by_{name}": _by(rows.column(name), pairs, scores) for name in ("split", "source")},
        "ratios": _histogram(pairs.log_ratio),
    }


def _area(log_ratio: Floats, seed: int) -> Interval:
    """Return how well the length ratio ranks pairs shown in an order by lot."""
    first = np.random.default_rng(seed).integers(0, 2, len(log_ratio)).astype(np.float64)
    return auroc_interval(np.where(first == 1, log_ratio, -log_ratio), first)


def _accuracy(scores: Floats, prompts: Ints) -> Interval:
    return clustered_share((np.sign(scores) + 1) / 2, prompts)


def _by(column: pa.Array, pairs: Preferences, scores: Floats) -> list[dict[str, Any]]:
    """Return the same for each name of a column: what one source does, another may undo."""
    numbers, names = numbered(column)
    table = []
    for number, name in enumerate(names[:_MOST]):
        inside = numbers[pairs.rows] == number
        if inside.any():
            share = length_bias(pairs.chosen[inside], pairs.rejected[inside], pairs.prompts[inside])
            accuracy = _accuracy(scores[inside], pairs.prompts[inside])
            found = {"longer": as_figure(share), "length_only_accuracy": as_figure(accuracy)}
            table.append({"name": name, "n": int(inside.sum()), **found})
    return table


_MOST = 20
_EDGES = (0.1, 0.2, 1 / 3, 0.5, 2 / 3, 0.8, 0.95, 1.05, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)


def _histogram(log_ratio: Floats) -> dict[str, list[float]]:
    """Count ratios of chosen to rejected length; the first and the last bin are open."""
    counts = np.bincount(np.digitize(log_ratio, np.log(_EDGES)), minlength=len(_EDGES) + 1)
    return {"edges": list(_EDGES), "counts": counts.tolist()}


def _finding(
    share: Interval, facts: dict[str, Any], pairs: Preferences, threshold: float
) -> tuple[Finding, ...]:
    longer = share.value >= 0.5
    side = share if longer else opposite(share)
    if not (side.value > threshold and side.low > 0.5):
        return ()
    accuracy = facts["length_only_accuracy"]["value"]
    way = "longer" if longer else "shorter"
    message = (
        f"The {way} answer was chosen in {percent_with_interval(side)} of {len(pairs):,} "
        f"preferences (rank-biserial {facts['rank_biserial']:+.2f}); a model that sees nothing "
        f"but the two lengths is right in {percent(accuracy)}. What is trained on them learns to "
        f"write {way} answers: balance the pairs by length, or control for it in training"
    )
    return (
        Finding(
            check=CHECK.name,
            severity=CHECK.severity,
            message=message,
            score=side.value,
            evidence=_examples(pairs, longer),
        ),
    )


def _examples(pairs: Preferences, longer: bool) -> tuple[Evidence, ...]:
    """Return the pairs that differ most in length, the way that is preferred."""
    order = np.argsort(-pairs.log_ratio if longer else pairs.log_ratio, kind="stable")[:_EXAMPLES]
    return tuple(
        Evidence(
            row=int(pairs.rows[i]),
            field="row",
            note=f"chosen {pairs.chosen[i]:,.0f} characters, rejected {pairs.rejected[i]:,.0f}",
        )
        for i in order
    )


_EXAMPLES = 3


def _one_hot(lengths: Floats, edges: Floats) -> Floats:
    return np.eye(len(edges) + 1)[np.digitize(lengths, edges)]
