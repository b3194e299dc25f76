"""Whether one source, model, annotator or group is most of the set, or always wins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.bias.preferences import Preferences, preferences_of
from curate.checks.check import Check, Context, Found
from curate.checks.figures import (
    as_figure,
    numbered,
    percent,
    percent_with_interval,
    shares,
    value_counts,
)
from curate.checks.rows import Rows
from curate.measure.effects import clustered_share, effective_number, rate
from curate.measure.intervals import Interval
from curate.measure.preference_logit import held_out_scores
from curate.records import Finding

__all__ = ["CHECK", "model_only_accuracy", "source_balance"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_COLUMNS = ("source", "model", "annotator", "group")


def source_balance(counts: dict[str, int]) -> dict[str, Any]:
    """Return how rows are spread over names: the largest share and the effective number.

    The effective number is the exponential of the entropy (Hill, 1973): as many equally large
    sources are as diverse.

    Args:
        counts: Name to number of rows, the largest first.

    >>> balance = source_balance({"logs": 30, "web": 10})
    >>> balance["distinct"], round(balance["effective"], 2), balance["largest"]["value"]
    (2, 1.75, 0.75)
    """
    total = sum(counts.values())
    return {
        "distinct": len(counts),
        "effective": effective_number(list(counts.values())),
        "largest": as_figure(rate(max(counts.values(), default=0), total)),
        "names": shares(counts),
    }


def model_only_accuracy(
    winners: npt.ArrayLike, losers: npt.ArrayLike, prompts: npt.ArrayLike
) -> Interval:
    """Return how many preferences one gets right who sees only which two models answered.

    Bradley and Terry's model over the models, five folds, pairs of one prompt in one fold. Far
    above one half, a reward model can learn to know the models instead of good answers.

    Args:
        winners: Number of the chosen answer's model, from 0, shape (n_pairs,).
        losers: The same of the rejected one's.
        prompts: Number of each pair's prompt, from 0.

    >>> model_only_accuracy([0] * 40, [1] * 40, range(40)).value
    1.0
    """
    a, b = np.asarray(winners), np.asarray(losers)
    group = np.asarray(prompts)
    if not len(a):
        return clustered_share([], [])
    models = np.eye(int(max(a.max(), b.max())) + 1)
    scores = held_out_scores(models[a] - models[b], group % _FOLDS)
    return clustered_share((np.sign(scores.round(_DIGITS)) + 1) / 2, group)


_FOLDS, _DIGITS = 5, 9


def _run(rows: Rows, context: Context) -> Found:
    counts = {name: value_counts(rows.column(name)) for name in _COLUMNS}
    counts = {name: found for name, found in counts.items() if found}
    duels = _Duels.of(rows)
    if not counts and duels is None:
        return Found(check=CHECK.name, skipped=_NOT_SAID)
    figures: dict[str, Any] = {name: source_balance(found) for name, found in counts.items()}
    threshold = context.threshold(CHECK)
    findings = list(_large(figures, threshold))
    if duels is not None:
        figures["models_against_each_other"] = duels.figures()
        findings += _leak(figures["models_against_each_other"], threshold)
    known = max([*(sum(found.values()) for found in counts.values()), 0])
    return Found(check=CHECK.name, findings=tuple(findings), looked_at=known, figures=figures)


CHECK = Check(
    name="source-imbalance",
    family="bias",
    about="One source, model, annotator or group is most of the set, or one model always wins.",
    severity="warning",
    threshold=0.7,
    means="share of the largest of several names, or of the preferences that the names of the two "
    "models predict, with its interval above one half; flagged above",
    run=_run,
    fixes=False,
)

_NOT_SAID = "no row says its source, model, annotator or group: keep one of them beside each row"
_ENOUGH = 20
"""Rows, or preferences, from which a share is told."""


def _large(figures: dict[str, Any], threshold: float) -> Iterator[Finding]:
    for column, balance in figures.items():
        largest, name = balance["largest"], balance["names"][0]["name"]
        if balance["distinct"] < 2 or largest["n"] < _ENOUGH or largest["low"] <= 0.5:
            continue
        if largest["value"] > threshold:
            message = (
                f"{percent(largest['value'])} of {largest['n']:,} rows have the {column} {name!r}; "
                f"the {balance['distinct']:,} {column}s are worth {balance['effective']:.1f} of "
                "equal size. Cap the share of one in selection, or weight rows in training"
            )
            yield Finding(
                check=CHECK.name,
                severity=CHECK.severity,
                message=message,
                score=largest["value"],
            )


class _Duels:
    """Preferences between answers of two known, different models."""

    def __init__(self, pairs: Preferences, winners: Ints, losers: Ints, names: list[str]):
        self.pairs, self.winners, self.losers, self.names = pairs, winners, losers, names

    @classmethod
    def of(cls, rows: Rows) -> _Duels | None:
        """Return None where there are too few; models past the first fifty count as one."""
        pairs = preferences_of(rows)
        at = pa.array(pairs.rows)
        columns = ("model", "rejected_model")
        sides = [rows.column(name).take(at).cast(pa.large_string()) for name in columns]
        numbers, names = numbered(pa.concat_arrays(sides))
        winners, losers = np.split(np.minimum(numbers, _MODELS), 2)
        known = (winners >= 0) & (losers >= 0) & (winners != losers)
        if known.sum() < _ENOUGH:
            return None
        return cls(pairs.some(known), winners[known], losers[known], names)

    def figures(self) -> dict[str, Any]:
        accuracy = model_only_accuracy(self.winners, self.losers, self.pairs.prompts)
        names = [*self.names[:_MODELS], "all others"]
        won = np.bincount(self.winners, minlength=len(names))
        lost = np.bincount(self.losers, minlength=len(names))
        wins = {
            name: rate(int(w), int(w + d))
            for name, w, d in zip(names, won, lost, strict=False)
            if w + d
        }
        order = sorted(wins, key=lambda name: (-wins[name].value, name))
        table = [{"name": name, "won": as_figure(wins[name])} for name in order]
        return {"n": len(self.pairs), "model_only_accuracy": as_figure(accuracy), "models": table}


_MODELS = 50


def _leak(duels: dict[str, Any], threshold: float) -> Iterator[Finding]:
    found = Interval(**duels["model_only_accuracy"])
    if not (found.value > threshold and found.low > 0.5):
        return
    best, worst = duels["models"][0], duels["models"][-1]
    message = (
        "One who sees only which two models answered is right in "
        f"{percent_with_interval(found)} of {duels['n']:,} preferences ({best['name']} wins "
        f"{percent(best['won']['value'])} of its pairs, {worst['name']} "
        f"{percent(worst['won']['value'])}): a reward model can learn to know the models in "
        "place of good answers. Add pairs in which the weaker model wins, or pairs of one model"
    )
    yield Finding(check=CHECK.name, severity=CHECK.severity, message=message, score=found.value)
