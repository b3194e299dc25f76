"""Answers at odds with what is answered to the same and to near prompts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.rows import Rows
from curate.measure.outlying import Outlying, contrary, outlying_answers
from curate.records import Evidence, Finding

__all__ = ["CHECK", "doubtful_answers", "polarity"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def doubtful_answers(rows: Rows, context: Context) -> Floats:
    """Return how far each answer is at odds with its neighbourhood; no labels are used.

    The robust z score by which its agreement with the answers to the same and to near prompts
    falls short of theirs with each other (`measure.outlying_answers`), and where it begins with
    yes or no, the log-odds of the opposite among near ones (`measure.contrary`). What most get
    wrong alike looks right: a first sieve, no more.

    Args:
        rows: Preferences are left out (see `doubtful-preferences`).
        context: Its vectors ``asked`` and ``answer`` are used.

    Returns:
        Shape (n_rows,); NaN where there are too few near rows, or no answer.
    """
    told = _told(rows, context)
    out = np.full(len(rows), np.nan)
    out[told.rows] = told.score
    return out


def polarity(texts: pa.Array) -> npt.NDArray[np.int8]:
    """Return whether texts begin with yes (1), no (-1), or neither (0).

    >>> polarity(pa.array(["Yes, it is.", "no", "Nowhere.", None])).tolist()
    [1, -1, 0, 0]
    """
    said = [
        pc.match_substring_regex(texts, rf"^(?i:\W*(?:{words})(?:\W|$))")
        .fill_null(False)
        .to_numpy(zero_copy_only=False)
        for words in (_YES, _NO)
    ]
    return np.asarray(said[0].astype(np.int8) - said[1].astype(np.int8), np.int8)


_YES = "yes|yeah|yep|true|correct|oui|ja|sí|sim|да|是|はい"
_NO = "no|nope|false|incorrect|non|nein|não|нет|不是|いいえ"


class _Told(NamedTuple):
    rows: Ints
    score: Floats
    found: Outlying
    contrary: Floats


def _run(rows: Rows, context: Context) -> Found:
    """Find answers that those of their neighbourhood contradict."""
    if not {"asked", "answer"} <= context.vectors.keys():
        return Found(check=CHECK.name, skipped="no vectors: run without --no-embed")
    told = _told(rows, context)
    known = ~np.isnan(told.score)
    if not known.any():
        return Found(check=CHECK.name, skipped=_ALONE)
    bar = context.threshold(CHECK)
    order = np.argsort(-np.where(known, told.score, -np.inf), kind="stable")
    over = [int(at) for at in order if told.score[at] >= bar]
    agreement = told.found.agreement[known]
    return Found(
        check=CHECK.name,
        findings=tuple(_finding(rows, told, at) for at in over),
        looked_at=int(known.sum()),
        figures={
            "agreement": [round(float(q), 4) for q in np.quantile(agreement, _QUARTILES)],
            "alone": int((~known).sum()),
            "contrary": int(np.nansum(told.contrary > 0.5)),
        },
    )


_ALONE = (
    "no row has two others with the same or a near prompt: nothing to hold its answer against; "
    "sample more answers a prompt, or ask a judge"
)
_QUARTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def _told(rows: Rows, context: Context) -> _Told:
    at = np.flatnonzero(rows.has_answer & ~rows.is_preference).astype(np.int64)
    asked, answers = context.vectors["asked"][at], context.vectors["answer"][at]
    found = outlying_answers(asked, answers, rng=context.seed)
    against = contrary(polarity(rows.answer.take(pa.array(at))), found)
    odds = np.log(against / (1 - against))
    return _Told(at, found.score + np.where(np.isnan(odds), 0.0, odds), found, against)


def _finding(rows: Rows, told: _Told, at: int) -> Finding:
    row = int(told.rows[at])
    agrees, expected = float(told.found.agreement[at]), float(told.found.expected[at])
    against = float(told.contrary[at])
    turned = f", and {against:.0%} of the near ones say the opposite" if against > 0.5 else ""
    near = [int(told.rows[n]) for n in told.found.neighbours[at][:_SHOWN] if n >= 0]
    message = (
        f"Answers to the same or near prompts agree with each other (mean cosine {expected:.2f}) "
        f"more than with this one ({agrees:.2f}){turned}: read it beside {rows.place(near[0])}, "
        "and mend or leave out what is wrong"
    )
    own = Evidence(row=row, field="answer", note=f"mean cosine {agrees:.2f} to its neighbourhood")
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=message,
        rows=(row,),
        against=tuple(near),
        score=float(told.score[at]),
        evidence=(own, *(Evidence(row=n, field="answer", note="of a near prompt") for n in near)),
    )


_SHOWN = 3

CHECK = Check(
    name="doubtful-answers",
    family="labels",
    about="Answers at odds with those to the same and to near prompts, by vectors, without labels.",
    severity="info",
    threshold=4.0,
    means="robust z score of the agreement that is missing, plus the log-odds of the opposite yes "
    "or no; at or above",
    run=_run,
    needs=("vectors",),
    fixes=False,
)
"""A weak sign (an AUROC of about .56 on translations of WMT, where it was shaped): it orders what a
person reads first, and is no ground to take rows out. Where most share a mistake it misleads: on
TruthfulQA, built of common misconceptions, it ranks false answers below true ones (.42)."""
