"""Sentences that many answers open or close with, counted in the data itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.check import Check, Context, Found
from curate.checks.quality.judging import bytes_of, shown
from curate.checks.rows import Rows
from curate.records import Evidence, Finding

__all__ = ["CHECK", "Phrase", "shared_phrases"]

Ints = npt.NDArray[np.int64]
_SHOWN, _MOST = 3, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A sentence that answers share."""

    text: str
    """As the first of them has it."""
    where: Literal["opens", "closes"]
    rows: Ints
    """Answers that have it, ascending."""
    n_distinct: int
    """How many of these differ from each other."""
    share: float
    """`n_distinct` over the number of distinct answers."""
    stock: bool
    """Whether it is one of the phrases by which assistants are known."""


def shared_phrases(
    answers: Sequence[str | None] | pa.Array,
    prompts: Sequence[str | None] | pa.Array | None = None,
    *,
    share: float = 0.01,
    fewest: int = 20,
) -> list[Phrase]:
    """Return the sentences with which at least a share of answers open, or close.

    Sentences are compared by their letters and digits, without case. Equal answers count once,
    so that copies make no boilerplate, and an answer of one sentence does not count. Phrases by
    which assistants are known ("I hope this helps!") are told from a tenth of the share, and of
    the number, on; those that a task asks for ("The answer is 4.") never.

    Args:
        answers: Texts; None is left out.
        prompts: What each was asked: answers to fewer than three prompts share no more than these.
        share: Of all distinct answers.
        fewest: Distinct answers that must have it, whatever the share.

    Returns:
        The most frequent first.

    >>> said = [f"Answer {n} is this one. I hope this helps!" for n in range(30)]
    >>> [(phrase.text, phrase.where) for phrase in shared_phrases(said)]
    [('I hope this helps!', 'closes')]
    """
    data, starts = bytes_of(_column(answers))
    edges = _edges(data, starts, prompts)
    n_answers = len(np.unique(edges.hashes[:, 2]))
    bar = _Bar(n_answers, max(fewest, share * n_answers))
    phrases = [*_phrases(data, edges, 0, bar), *_phrases(data, edges, 1, bar)]
    return sorted(phrases, key=lambda phrase: (-phrase.n_distinct, phrase.rows[0], phrase.where))


class _Edges(NamedTuple):
    hashes: npt.NDArray[np.uint64]
    """Of the first sentence, the last, the whole answer, and the prompt."""
    places: Ints
    """Bytes at which the first sentence begins and ends, and the last."""


class _Bar(NamedTuple):
    n_answers: int
    least: float
    """Distinct answers that must have a sentence."""


def _column(texts: Sequence[str | None] | pa.Array) -> pa.Array:
    return texts if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())


def _edges(data: Any, starts: Ints, prompts: Sequence[str | None] | pa.Array | None) -> _Edges:
    from curate.checks.quality._edge_loops import edges, wholes

    n = len(starts) - 1
    found = _Edges(np.zeros((n, 4), np.uint64), np.zeros((n, 4), np.int64))
    edges(data, starts, found.hashes, found.places)
    found.hashes[:, 3] = np.arange(n)
    if prompts is not None:
        wholes(*bytes_of(_column(prompts)), found.hashes[:, 3])
    return found


def _phrases(data: Any, edges: _Edges, side: int, bar: _Bar) -> Iterator[Phrase]:
    for rows in _groups(edges.hashes[:, side], max(3, bar.least / 10)):
        first, last = edges.places[rows[0], 2 * side : 2 * side + 2]
        text = data[first:last].tobytes().decode("utf-8", "replace").strip()
        stock = _STOCK.match(text) is not None
        n_distinct = len(np.unique(edges.hashes[rows, 2]))
        least = max(3, bar.least / 10) if stock else bar.least
        enough = n_distinct >= least and len(np.unique(edges.hashes[rows, 3])) >= _PROMPTS
        if enough and (stock or _is_phrase(text)):
            yield Phrase(
                text=text,
                where="closes" if side else "opens",
                rows=rows,
                n_distinct=n_distinct,
                share=n_distinct / bar.n_answers,
                stock=stock,
            )


_PROMPTS = 3


def _groups(hashes: npt.NDArray[np.uint64], least: float) -> Iterator[Ints]:
    """Give the rows of each hash that at least so many have; 0 is none."""
    has = np.flatnonzero(hashes)
    order = has[np.argsort(hashes[has], kind="stable")]
    starts = np.flatnonzero(np.diff(hashes[order], prepend=np.uint64(0)))
    bounds = np.append(starts, len(order))
    for n in np.flatnonzero(np.diff(bounds) >= least):
        yield order[bounds[n] : bounds[n + 1]]


_STOCK = re.compile(
    r"(?i)\W*(?:(?:I |we )?hope (?:this|that|it|these|you) |let me know (?:if|how|what)|"
    r"please let me know|feel free to|please feel free|(?:please )?(?:do not|don['’]t) hesitate|"
    r"if you (?:have any|need any|need more|would like|['’]d like)|is there anything else|"
    r"would you like me to|as an? (?:AI|language|large|artificial)|I['’]m (?:just )?an AI|"
    r"sure(?:ly)?\b|certainly\b|absolutely\b|of course\b|great question|"
    r"(?:that['’]s|what) an? (?:great|good|excellent|interesting) question|"
    r"(?:I['’]d be |I would be )?(?:happy|glad) to help|thank you for (?:your|asking|the)|"
    r"(?:sure[,!] )?here(?:['’]s| is| are) |remember,? |in (?:conclusion|summary)\b|"
    r"it['’]?s? (?:is )?important to note|ich hoffe|lass mich wissen|j['’]espère|n['’]hésite|"
    r"espero que|no dudes? en|natürlich\b|bien sûr|claro\b|por supuesto|希望|当然|надеюсь|конечно)"
)
_TASK = re.compile(
    r"(?i)(?:.*\banswer\b.*(?:\bis\b|[:=])|####|.*\\boxed|final answer|(?:yes|no|true|false|none|"
    r"ja|nein|oui|non|sí|да|нет)\W*$|[`#{}\[\]<(/|*$\\@;]|import |from |def |class |return |"
    r"public |using |print|dear\b|hi\b|hello\b|(?:question|answer|output|input|solution|"
    r"explanation|step \d+|option|thought|action|observation)\b\W*\w?\W*$)"
)


def _is_phrase(text: str) -> bool:
    long = len(text.split()) >= 3 if text.isascii() else sum(c.isalpha() for c in text) >= 6
    return long and not _TASK.match(text)


def _run(rows: Rows, context: Context) -> Found:
    share = context.threshold(CHECK)
    phrases = shared_phrases(rows.answer, rows.asked, share=share)[:_MOST]
    named = [
        {"phrase": p.text, "where": p.where, "n": len(p.rows), "share": p.share} for p in phrases
    ]
    return Found(
        check=CHECK.name,
        findings=tuple(_finding(rows, phrase) for phrase in phrases),
        looked_at=int(rows.has_answer.sum()),
        figures={"phrases": named, "share": _any(phrases) / max(int(rows.has_answer.sum()), 1)},
    )


def _any(phrases: Sequence[Phrase]) -> int:
    return len(np.unique(np.concatenate([p.rows for p in phrases]))) if phrases else 0


def _finding(rows: Rows, phrase: Phrase) -> Finding:
    message = (
        f"{len(phrase.rows)} answers ({phrase.share:.1%} of the distinct ones) {phrase.where[:-1]} "
        f"with “{shown(phrase.text, most=80)}”; a model would learn to say it every time: cut the "
        "sentence out, or keep it in a few"
    )
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=message,
        rows=tuple(phrase.rows.tolist()),
        score=phrase.share,
        evidence=tuple(_evidence(rows, int(row), phrase) for row in phrase.rows[:_SHOWN]),
    )


def _evidence(rows: Rows, row: int, phrase: Phrase) -> Evidence:
    text = rows.answer[row].as_py()
    own = len(phrase.text)
    stripped = text.strip()
    lead = text.index(stripped[0]) if stripped else 0
    end = lead + len(stripped)
    span = (lead, min(lead + own, end)) if phrase.where == "opens" else (max(end - own, 0), end)
    return Evidence(row=row, spans=(span,))


CHECK = Check(
    name="boilerplate",
    family="quality",
    about="Sentences that a large share of answers open or close with.",
    severity="warning",
    threshold=0.01,
    means="share of the distinct answers with the same first or last sentence; at or above is "
    "flagged, phrases that assistants are known by from a tenth of it",
    run=_run,
    fixes=False,
)
