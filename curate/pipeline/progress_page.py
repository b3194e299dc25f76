"""What `progress` last said, as the page draws it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from curate import report as drawing
from curate.project import Project

__all__ = ["shown_progress"]

Facts = Mapping[str, Any]


def shown_progress(project: Project) -> drawing.Progress | None:
    """Return what the page shows of the rounds; None before `progress` has run."""
    stamp = project.stamp("progress")
    if stamp is None:
        return None
    facts = stamp["summary"]["facts"]
    overall, advice = facts["overall"], facts["advice"]
    return drawing.Progress(
        state=advice["state"],
        reason=_line(advice["reason"]),
        rounds=tuple(_round(row) for row in facts["rounds"] if row["answered"]),
        sentences=tuple(_line(finding) for finding in facts["findings"]),
        reasons=tuple(
            drawing.Reason(state=check["state"], text=_line(check["reason"]))
            for check in advice["checks"]
        ),
        lift=_span(overall["lift"]),
        pool=_span(overall["pool"]),
        remaining=_span(overall["remaining"]),
        per_hour=_span(overall["per_hour"]),
        shares=tuple(_shares(overall, facts["task"])),
        foretold=tuple(_foretold(facts)),
        new_logs=_new_logs(facts["drift"]),
    )


def _line(text: str) -> str:
    """Return a sentence whose percentages are not broken over lines."""
    return text.replace(" %", "\u00a0%")


def _span(facts: Facts) -> drawing.Span:
    """Return a stored interval; an end that is missing where the other is known is infinite."""
    value, low, high = (facts[name] for name in ("value", "low", "high"))
    open_ = low is not None and high is None
    return drawing.Span(
        value=_nan(value),
        low=_nan(low),
        high=math.inf if open_ else _nan(high),
        n=facts.get("n", 0),
    )


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _round(row: Facts) -> drawing.RoundRow:
    agreement = row["agreement"]
    return drawing.RoundRow(
        number=row["round"],
        queued=row["queued"],
        answered=row["answered"],
        chosen=_span(row["chosen"]),
        chance=_span(row["chance"]),
        lift=_span(row["lift"]),
        per_hundred=100 * row["useful"] / row["answered"],
        minutes=_nan(row["minutes"]),
        minutes_an_item=_nan(row["minutes_an_item"]),
        money=_nan(row["money"]),
        alpha=_alpha(agreement) if agreement else drawing.Span(),
        missing=tuple(row["missing"].items()),
    )


def _alpha(agreement: Facts) -> drawing.Span:
    value, low, high = (_nan(agreement[name]) for name in ("alpha", "low", "high"))
    return drawing.Span(value=value, low=low, high=high, n=agreement["n_units"])


def _shares(overall: Facts, task: str) -> Iterator[drawing.Share]:
    pool = overall["pool"]
    if pool["value"] is None:
        return
    name = {"rewrite": "needs a rewrite", "rank": "has another order than was known"}[task]
    yield drawing.Share(column="", name=name, span=_span(pool), rows=pool["rows"])
    for row in overall["outcomes"]:
        if row["outcome"] == "rewritten":
            continue  # said above
        yield drawing.Share(column="outcome", name=row["outcome"], span=_span(row))
    for row in overall["win_rates"]:
        yield drawing.Share(column="preferred", name=row["model"], span=_span(row))
    for row in overall["segments"]:
        name = f"{row['column']}: {_NAMES[task]}"
        yield drawing.Share(column=name, name=row["of"], span=_span(row), rows=row["rows"])


_NAMES = {"rewrite": "needs a rewrite", "rank": "new order"}


def _foretold(facts: Facts) -> Iterator[drawing.Foretold]:
    for row in facts["rounds"]:
        for entry in row["foretold"]:
            if entry["auroc"] is None:
                continue
            yield drawing.Foretold(
                round=row["round"],
                by=entry["by"],
                on=entry["on"],
                truth=entry["truth"],
                auroc=_span(entry | {"value": entry["auroc"]}),
                brier=_nan(entry["brier"]),
                ece=_nan(entry["ece"]),
            )


def _new_logs(drift: Facts | None) -> drawing.NewLogs | None:
    if drift is None:
        return None
    return drawing.NewLogs(
        state=drift["state"],
        n_new=drift["n_new"],
        reasons=tuple(_line(reason) for reason in drift["reasons"]),
        n_old=drift.get("n_old", 0),
        auroc=_span(drift["auroc"]) if "auroc" in drift else drawing.Span(),
        p_value=_nan(drift.get("p_value")),
        psi=_nan(drift.get("psi")),
        psi_by_chance=_nan(drift.get("psi_by_chance")),
        far=_span(drift["far"]) if "far" in drift else drawing.Span(),
        clusters=tuple(
            drawing.Grown(
                old=c["old"],
                new=drawing.Span(value=c["new"], low=c["low"], high=c["high"]),
                words=tuple(c["words"]),
                examples=tuple(c["examples"]),
            )
            for c in drift.get("clusters", ())
        ),
    )
