"""Rows that ask the same and teach opposite things."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.duplicates.clusters import places, taken
from curate.checks.duplicates.exact import exact_duplicates
from curate.checks.duplicates.near import COMMON
from curate.checks.figures import sentence_case
from curate.checks.labels.final import ANNOUNCED, comparable, differ, final_answer
from curate.checks.labels.votes import choices_of
from curate.checks.rows import Rows
from curate.measure.minhash import near_duplicates
from curate.records import Evidence, Finding

__all__ = ["CHECK", "swapped"]

Ints = npt.NDArray[np.int64]


def swapped(prompts: Ints, chosen: Ints, rejected: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield preferences that stand against each other: the one way round, and the other.

    Args:
        prompts: Number of each preference's prompt, equal for equal ones, from 0.
        chosen: Number of its chosen answer.
        rejected: Number of its rejected answer.

    >>> [(a.tolist(), b.tolist()) for a, b in swapped(*np.array([[0, 0], [1, 2], [2, 1]]))]
    [([0], [1])]
    """
    low, high = np.minimum(chosen, rejected), np.maximum(chosen, rejected)
    keys = np.stack([prompts, low, high], axis=1)
    _, number = np.unique(keys, axis=0, return_inverse=True)
    turned, differs = chosen > rejected, chosen != rejected
    at = np.flatnonzero(differs)
    for inside in _mixed(number.ravel()[at], turned[at].astype(np.int64)):
        group = at[inside]
        yield group[~turned[group]], group[turned[group]]


class _Clash(NamedTuple):
    """Rows that ask the same and say different things."""

    by_value: dict[str, list[int]]
    """What is said, and the rows that say it."""
    kind: str
    field: Literal["answer", "row"]
    sure: bool


def _run(rows: Rows, context: Context) -> Found:
    same = exact_duplicates(rows.prompt, _choices(rows))
    like = _like_prompts(rows, same, context)
    telling = _telling(rows)
    clashes = _once(
        [
            *_swaps(rows, same, sure=True),
            *_labels(rows, same),
            *_answers(rows, telling, same, sure=True),
            *_swaps(rows, like, sure=False),
            *_answers(rows, telling, like, sure=False),
        ]
    )
    looked = rows.has_answer | rows.column("label").is_valid().to_numpy(zero_copy_only=False)
    return Found(
        check=CHECK.name,
        findings=tuple(_finding(rows, clash) for clash in clashes),
        looked_at=int(looked.sum()),
        figures={"by_kind": dict(Counter(clash.kind for clash in clashes))},
    )


def _choices(rows: Rows) -> pa.Array:
    """Return the choices that a row offers beside its prompt; nothing where it offers none."""
    held = pc.match_substring_regex(rows.metadata, '"(?:choices|options|endings)"')
    at = np.flatnonzero(pc.fill_null(held, False).to_numpy(zero_copy_only=False))
    out = np.full(len(rows), "", object)
    texts = rows.metadata.take(pa.array(at)).to_pylist()
    out[at] = [str(choices_of(json.loads(text))) for text in texts]
    return pa.array(out, pa.large_string())


def _like_prompts(rows: Rows, same: Ints, context: Context) -> Ints:
    """Return the first prompt that asks what each asks, in hardly other words.

    Prompts are alike where they are near-duplicates whose words in order are equal, function
    words and endings aside: a changed number, a "not" or another name is another question.
    """
    bar = context.threshold(CHECK)
    near = near_duplicates(rows.prompt, bar, common=COMMON, rng=context.seed).clusters
    several = np.zeros(len(rows), bool)
    several[near[near[same] != same]] = True
    at = np.flatnonzero(several[near])
    texts = rows.prompt.take(pa.array(at)).to_pylist()
    core = np.full(len(rows), "", object)
    core[at] = [_core(text or "") for text in texts]
    number = np.unique(np.where(several[near], near, -1 - same), return_inverse=True)[1]
    told = exact_duplicates(pa.array(core, pa.large_string()), _choices(rows))
    keys = np.stack([number.ravel(), told], axis=1)
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    firsts: Ints = first[group.ravel()]
    return firsts


def _core(text: str) -> str:
    """Return the words that carry a question, cut to their stems.

    >>> _core("What's the capital of France?") == _core("What is the capital, of France")
    True
    """
    words = _WORD.findall(text.casefold())
    return " ".join(word[:_STEM] for word in words if word not in _FUNCTION)


_WORD = re.compile(r"\w+|[+*=<>^]")
_STEM = 6
_FUNCTION = frozenset(
    "a an the of to in on at for by is are was were be s please and or that this it".split()
)


def _swaps(rows: Rows, prompt: Ints, *, sure: bool) -> Iterator[_Clash]:
    at = np.flatnonzero(rows.is_preference & rows.has_answer)
    if len(at) < 2:
        return
    both = pa.chunked_array([taken(rows.answer, at), taken(rows.rejected, at)])
    number = exact_duplicates(both)
    for one, other in swapped(prompt[at], number[: len(at)], number[len(at) :]):
        said = {"one way round": at[one].tolist(), "the other way round": at[other].tolist()}
        yield _Clash(said, "swapped preference", "row", sure)


def _labels(rows: Rows, prompt: Ints) -> Iterator[_Clash]:
    """Yield rows of one prompt and one answer that are labelled otherwise."""
    label = rows.column("label")
    at = np.flatnonzero(label.is_valid().to_numpy(zero_copy_only=False))
    if len(at) < 2:
        return
    answer = exact_duplicates(rows.answer, rows.rejected)
    group = np.unique(np.stack([prompt[at], answer[at]], axis=1), axis=0, return_inverse=True)[1]
    texts = taken(label, at).cast(pa.string())
    codes = texts.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    for inside in _mixed(group.ravel(), codes):
        said = _by_value(at[inside], texts.take(pa.array(inside)).to_pylist())
        if len(said) > 1:
            yield _Clash(said, "different labels", "row", True)


def _telling(rows: Rows) -> Ints:
    """Return the rows, preferences aside, whose answer is short or may announce one."""
    short = pc.less_equal(pc.utf8_length(rows.answer), _BARE)
    told = pc.or_(short, pc.match_substring_regex(rows.answer, ANNOUNCED))
    known: npt.NDArray[np.bool_] = pc.fill_null(told, False).to_numpy(zero_copy_only=False)
    return np.flatnonzero(known & ~rows.is_preference)


def _answers(rows: Rows, at: Ints, prompt: Ints, *, sure: bool) -> Iterator[_Clash]:
    """Yield rows of one prompt whose answers are short or announced, and differ."""
    answer = exact_duplicates(taken(rows.answer, at))
    classes = _classes(rows, at)
    for inside in _mixed(prompt[at], answer):
        texts = rows.answer.take(pa.array(at[inside])).to_pylist()
        values = [_value(text, classes) for text in texts]
        said = _by_value(at[inside], values)
        if any(differ(a, b) or (a in classes and b in classes) for a, b in combinations(said, 2)):
            yield _Clash(said, "different answers", "answer", sure)


def _classes(rows: Rows, at: Ints) -> frozenset[str]:
    """Return the answers that are names of classes: short ones that the rows keep repeating."""
    answers = taken(rows.answer, at)
    short = pc.less_equal(pc.utf8_length(answers), _SHORT)
    texts = pc.utf8_lower(pc.utf8_trim(answers.filter(short), " .\n\t"))
    counts = pc.value_counts(texts)
    often = counts.field("counts").to_numpy(zero_copy_only=False)
    if len(texts) < _MANY or len(often) > _OFTEN * len(texts):
        return frozenset()
    names = counts.field("values").filter(pa.array(often >= _REPEATED)).to_pylist()
    return frozenset(map(comparable, names)) - {""}


_SHORT = 40
_BARE = 60
"""Characters of an answer that may be nothing but the answer."""
_MANY = 100
_OFTEN = 0.05
_REPEATED = 5


def _value(text: str, classes: frozenset[str]) -> str:
    """Return what an answer comes to; nothing where it is free prose."""
    if len(text) <= _SHORT and comparable(text) in classes:
        return comparable(text)
    final = final_answer(text)
    return "" if final is None else final.value


def _by_value(at: Ints, values: Sequence[str]) -> dict[str, list[int]]:
    said: dict[str, list[int]] = {}
    for row, value in zip(at.tolist(), values, strict=True):
        if value:
            said.setdefault(value, []).append(row)
    return said


def _mixed(group: Ints, value: Ints) -> Iterator[Ints]:
    """Yield the places of each group that holds two values or more, ascending."""
    order = np.lexsort((np.arange(len(group)), group))
    ordered = group[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    if not len(order):
        return
    least = np.minimum.reduceat(value[order], starts)
    most = np.maximum.reduceat(value[order], starts)
    ends = np.append(starts[1:], len(order))
    for k in np.flatnonzero(least != most).tolist():
        yield order[starts[k] : ends[k]]


def _once(clashes: Iterable[_Clash]) -> list[_Clash]:
    """Leave out what was told of the same rows already."""
    told: set[int] = set()
    kept = []
    for clash in clashes:
        rows = {row for inside in clash.by_value.values() for row in inside}
        if not rows <= told:
            kept.append(clash)
            told |= rows
    return kept


def _finding(rows: Rows, clash: _Clash) -> Finding:
    ranked = sorted(clash.by_value.values(), key=lambda inside: (-len(inside), inside[0]))
    tie = len(ranked[0]) == len(ranked[1])
    stays = () if tie else tuple(ranked[0])
    gone = sorted(row for inside in ranked[0 if tie else 1 :] for row in inside)
    everyone = sorted(row for inside in ranked for row in inside)
    asked = "the same prompt" if clash.sure else "nearly the same prompt"
    say = "says" if len(stays) == 1 else "say"
    todo = (
        "neither outnumbers the other: settle which is right, or leave them out"
        if tie
        else f"{len(stays)} {say} otherwise than {len(gone)}: check the fewer ones"
    )
    return Finding(
        check=CHECK.name,
        severity="error" if clash.sure else "warning",
        message=f"{sentence_case(clash.kind)} to {asked} ({_said(clash)}; "
        f"{places(rows, everyone)}): {todo}",
        rows=tuple(gone),
        against=stays,
        score=(1.0 if clash.sure else 0.5) + len(gone) / (2 * len(everyone) + 1),
        evidence=tuple(_evidence(rows, clash)),
    )


def _said(clash: _Clash) -> str:
    counts = sorted(clash.by_value.items(), key=lambda item: (-len(item[1]), item[1][0]))
    return ", ".join(f"{value[:_CUT]!r} x {len(inside)}" for value, inside in counts[:_SHOWN])


def _evidence(rows: Rows, clash: _Clash) -> Iterator[Evidence]:
    first = [(inside[0], value) for value, inside in clash.by_value.items()]
    for row, value in sorted(first)[:_SHOWN]:
        final = final_answer(rows.answer[row].as_py() or "") if clash.field == "answer" else None
        spans = () if final is None else ((final.start, final.end),)
        yield Evidence(row=row, field=clash.field, spans=spans, note=f"says {value[:_CUT]!r}")


_SHOWN = 4
_CUT = 60

CHECK = Check(
    name="contradictions",
    family="duplicates",
    about="Rows of one prompt whose preferences, labels or final answers contradict each other.",
    severity="error",
    threshold=0.8,
    means="Jaccard similarity of prompts that count as nearly the same; at or above",
    run=_run,
)
