"""How many different rows a set is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from curate.checks.check import Check, Context, Found
from curate.checks.coverage.vectors import drawn_rows
from curate.checks.figures import sentence_case, value_counts
from curate.checks.rows import Rows
from curate.measure.effects import effective_number
from curate.measure.vendi import vendi
from curate.records import Finding

__all__ = ["CHECK", "effective_size"]

Vectors = npt.NDArray[np.float32]


def effective_size(vectors: Vectors, *, most: int = 20_000, rng: int = 7) -> dict[str, Any]:
    """Return how many different rows a set is worth, and what its second half adds.

    The Vendi score (Friedman and Dieng, 2023) under the cosine: the exponential of the entropy of
    the eigenvalues of the similarities; 1 = all alike, at most the number of rows or of
    dimensions. Order 0.1 counts rare things more, infinity the commonest alone. ``of_half`` is the
    score of every second row by lot: where it is close to ``vendi``, more rows of the same source
    bring little that is new.

    Args:
        vectors: Unit rows, all zero = no text, shape (n_rows, n_dims).
        most: Rows that are looked at, drawn by lot.
        rng: Seed.
    """
    generator = np.random.default_rng(rng)
    rows = drawn_rows(np.any(vectors != 0, axis=1), most, generator)
    some = np.asarray(vectors[rows], np.float64)
    half = some[np.sort(generator.permutation(len(some))[: len(some) // 2])]
    return {
        "looked_at": len(some),
        "vendi": vendi(some),
        "of_half": vendi(half),
        "order_0.1": vendi(some, order=0.1),
        "order_infinity": vendi(some, order=float("inf")),
    }


def _run(rows: Rows, context: Context) -> Found:
    figures: dict[str, Any] = {
        called: effective_size(context.vectors[name], rng=context.seed)
        for name, called in _FIELDS.items()
        if name in context.vectors
    }
    spread = {
        name: {"distinct": len(counts), "effective": effective_number(list(counts.values()))}
        for name in _COLUMNS
        if (counts := value_counts(rows.column(name)))
    }
    if not figures and not spread:
        return Found(check=CHECK.name, skipped=_NOTHING)
    found = _finding(figures)
    looked_at = len(rows)
    return Found(
        check=CHECK.name, findings=found, looked_at=looked_at, figures={**figures, **spread}
    )


CHECK = Check(
    name="effective-size",
    family="coverage",
    about="How many different prompts, answers and sources the rows are worth.",
    severity="info",
    threshold=float("nan"),
    run=_run,
    fixes=False,
)

_FIELDS = {"asked": "prompts", "answer": "answers", "rejected": "rejected answers"}
_COLUMNS = ("source", "model", "group", "annotator", "split")
_NOTHING = "no vectors, and no row says its source, model or group: run without --no-embed"


def _finding(figures: dict[str, Any]) -> tuple[Finding, ...]:
    told = [
        f"the {size['looked_at']:,} {called} looked at are worth {size['vendi']:,.0f} different "
        f"ones (half of them {size['of_half']:,.0f})"
        for called, size in figures.items()
        if size["looked_at"] > 1
    ]
    if not told:
        return ()
    message = (
        f"{sentence_case('; '.join(told))}, by the Vendi score: where half of them "
        "is worth nearly as much, gather other kinds of rows rather than more of these"
    )
    return (Finding(check=CHECK.name, severity="info", message=message),)
