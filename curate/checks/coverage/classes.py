"""Whether some classes are too rare to be learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from curate.checks.check import Check, Context, Found
from curate.checks.figures import counted, numbered, percent, shares
from curate.checks.rows import Rows
from curate.measure.effects import effective_number
from curate.records import Finding

__all__ = ["CHECK", "class_balance"]

Ints = npt.NDArray[np.int64]


def class_balance(counts: npt.ArrayLike) -> dict[str, float]:
    """Return how evenly rows are spread over classes.

    ``effective`` is the exponential of the entropy (Hill, 1973), ``imbalance`` the largest class
    over the smallest.

    Args:
        counts: Rows of each class, shape (n_classes,).

    >>> class_balance([30, 10, 10])["imbalance"]
    3.0
    """
    n = np.asarray(counts, np.float64)
    n = n[n > 0]
    return {
        "classes": len(n),
        "effective": effective_number(n),
        "imbalance": float(n.max() / n.min()) if len(n) else float("nan"),
    }


def _run(rows: Rows, context: Context) -> Found:
    numbers, names = numbered(rows.column("label"))
    known = numbers[numbers >= 0]
    if not len(known):
        return Found(check=CHECK.name, skipped=_NO_LABELS)
    if len(names) > _MOST_CLASSES and len(names) > len(known) / 2:
        return Found(check=CHECK.name, skipped=_NO_CLASSES.format(n=len(names)))
    counts = np.bincount(known, minlength=len(names))
    figures: dict[str, Any] = {
        **class_balance(counts),
        "largest": shares(dict(zip(names, counts.tolist(), strict=True))),
        "smallest": [
            {"name": names[i], "n": int(counts[i])} for i in reversed(range(len(names))[-_SHOWN:])
        ],
    }
    findings = [*_rare(numbers, counts, names, context.threshold(CHECK))]
    findings += _unseen(numbers, names, rows)
    return Found(check=CHECK.name, findings=tuple(findings), looked_at=len(known), figures=figures)


CHECK = Check(
    name="class-balance",
    family="coverage",
    about="Classes with few rows, or that stand in one split alone.",
    severity="warning",
    threshold=10.0,
    means="rows of a class; flagged below",
    run=_run,
    fixes=False,
)

_NO_LABELS = "no row has a label: name the column of the classes `label`"
_NO_CLASSES = "{n:,} different labels, most of them once: these are no classes"
_MOST_CLASSES, _SHOWN, _TOLD = 20, 20, 5


def _rare(numbers: Ints, counts: Ints, names: list[str], threshold: float) -> list[Finding]:
    rare = np.flatnonzero(counts < threshold)
    if not len(rare) or len(names) < 2:
        return []
    order = rare[np.argsort(counts[rare], kind="stable")]
    told = ", ".join(f"{names[i]!r} ({counts[i]:,})" for i in order[:_TOLD])
    more = f" and {len(rare) - _TOLD:,} more" if len(rare) > _TOLD else ""
    have = "has" if len(rare) == 1 else "have"
    message = (
        f"{len(rare):,} of {len(names):,} classes {have} fewer than {threshold:g} rows: "
        f"{told}{more}; the largest, {names[0]!r}, has {counts[0]:,}. Gather more of them, merge "
        "them, or weigh classes in training"
    )
    rows = np.flatnonzero(np.isin(numbers, rare))
    return [_finding(message, rows, score=float(1 - counts[order[0]] / threshold))]


def _unseen(numbers: Ints, names: list[str], rows: Rows) -> list[Finding]:
    """Say which classes stand in other splits and not in training."""
    split, splits = numbered(rows.column("split"))
    train = [n for n, name in enumerate(splits) if name.lower().startswith("train")]
    if not train or len(splits) < 2:
        return []
    taught = np.unique(numbers[np.isin(split, train)])
    met = (split >= 0) & (numbers >= 0) & ~np.isin(split, train) & ~np.isin(numbers, taught)
    unseen = [names[n] for n in np.unique(numbers[met]).tolist()]
    if not unseen:
        return []
    told = ", ".join(map(repr, unseen[:_TOLD]))
    message = (
        f"{counted(len(unseen), 'class', 'classes')} in other splits, and none of it in training: "
        f"{told}; {percent(met.sum() / (numbers >= 0).sum())} of the labelled rows can only be got "
        "wrong. Move some of them to training, or leave them out"
    )
    return [_finding(message, np.flatnonzero(met), score=1.0)]


def _finding(message: str, rows: Ints, *, score: float) -> Finding:
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=message,
        rows=tuple(rows.tolist()),
        score=score,
    )
