"""Rows in a language that is not expected, and answers in another language than their prompt's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curate.checks.check import Check, Context, Found
from curate.checks.quality.asking import asks_for
from curate.checks.quality.judging import Fault, Field, Ints, finding, found, taken
from curate.checks.quality.languages import Languages, kin, languages_of, named
from curate.checks.rows import Rows
from curate.records import Finding

__all__ = ["ANSWER", "WRONG", "told"]

Mask = npt.NDArray[np.bool_]
_LETTERS, _WIDE_LETTERS = 40, 12
_WIDE = ("zh", "ja", "ko", "th")
_MAIN = 0.1
"""A language of at least this share of a file's texts is one of its own."""
_USUAL, _FEWEST_USUAL = 0.6, 20


def told(texts: Languages, least: float) -> Mask:
    """Return which languages are told for sure: of 40 letters or more, 12 of wide scripts.

    Args:
        texts: As `languages_of` gives them.
        least: How sure they must be.
    """
    wide = np.isin(texts.code, _WIDE)
    enough = np.where(wide, texts.letters >= _WIDE_LETTERS, texts.letters >= _LETTERS)
    sure: Mask = enough & (texts.sure >= least) & (texts.code != "")
    return sure


def _wrong(rows: Rows, context: Context) -> Found:
    least = context.threshold(WRONG)
    answers = languages_of(rows.answer, among=context.languages)
    prompts = languages_of(rows.asked, among=context.languages)
    by_answer, by_prompt = told(answers, least), told(prompts, least)
    by_prompt &= ~rows.has_answer
    code = np.where(by_answer, answers.code, np.where(by_prompt, prompts.code, ""))
    expected, counts = _expected(code, context.languages)
    suspects = np.flatnonzero((code != "") & ~_among(code, expected))
    findings: list[Finding] = []
    for row, answer, asked, prompt in taken(suspects, rows.answer, rows.asked, rows.prompt):
        field: Field = "answer" if by_answer[row] else "prompt"
        text, met = (answer if by_answer[row] else asked), str(code[row])
        if asks_for(prompt or "", met) or _is_names(text) or _speaks(text, expected, least):
            continue
        sure = float((answers if by_answer[row] else prompts).sure[row])
        says = f"is in {named(met)}, where {_either(expected)} is expected"
        fault = Fault(says=says, score=sure, spans=((0, min(len(text), 300)),))
        findings.append(finding(WRONG, row, field, fault, "drop it, or name it in --languages"))
    figures = {"languages": counts, "expected": list(expected)}
    return found(WRONG, findings, looked_at=int((code != "").sum()), figures=figures)


def _expected(
    code: npt.NDArray[np.object_], given: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, int]]:
    counts = Counter(str(one) for one in code if one)
    ordered = dict(sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))
    if given:
        return tuple(given), ordered
    total = sum(ordered.values())
    return tuple(one for one, n in ordered.items() if n >= _MAIN * total), ordered


def _among(code: npt.NDArray[np.object_], expected: Sequence[str]) -> Mask:
    near = [one for one in dict.fromkeys(code.tolist()) if any(kin(one, e) for e in expected)]
    return np.isin(code, near)


def _either(codes: Sequence[str]) -> str:
    return " or ".join(map(named, codes)) or "another language"


def _is_names(text: str) -> bool:
    """Return whether most words of a text are names: lists of towns are in no language."""
    words = _WORD.findall(text[:2000])
    capital = sum(word[0].isupper() and not word.isupper() for word in words)
    return bool(capital > 0.7 * len(words))


_WORD = re.compile(r"[^\W\d_]{2,}")
_PIECE = 400


def _speaks(text: str, expected: Sequence[str], least: float) -> bool:
    """Return whether a piece of a text, beginning, middle or end, is in an expected language."""
    starts = (0, max((len(text) - _PIECE) // 2, 0), max(len(text) - _PIECE, 0))
    pieces = [text[start : start + _PIECE] for start in dict.fromkeys(starts)]
    lines = sorted(text.split("\n"), key=len)[-3:]
    met = languages_of([*pieces, *lines])
    sure = told(met, min(least, 0.6))
    return any(kin(str(one), e) for one in met.code[sure] for e in expected)


def _answer(rows: Rows, context: Context) -> Found:
    least = context.threshold(ANSWER)
    prompts = languages_of(rows.asked, among=context.languages)
    answers = languages_of(rows.answer, among=context.languages)
    both = told(prompts, least) & told(answers, least)
    pairs = Counter(zip(prompts.code[both].tolist(), answers.code[both].tolist(), strict=True))
    suspects = np.flatnonzero(both & (prompts.code != answers.code))
    usual = _usual(pairs)
    findings = [
        finding(ANSWER, row, "answer", fault, _ADVICE)
        for row, fault in _turned(rows, suspects, prompts, answers, usual, least)
    ]
    figures = {
        "pairs": [{"prompt": a, "answer": b, "n": n} for (a, b), n in sorted(pairs.items())],
        "usual": [list(pair) for pair in sorted(usual)],
    }
    return found(ANSWER, findings, looked_at=int(both.sum()), figures=figures)


_ADVICE = "drop it, or ask for the language in the prompt"


def _usual(pairs: Counter[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the turns of language that a file is made of: translations."""
    asked: Counter[str] = Counter()
    for (prompt, _), n in pairs.items():
        asked[prompt] += n
    return {
        pair
        for pair, n in pairs.items()
        if pair[0] != pair[1] and n >= _FEWEST_USUAL and n >= _USUAL * asked[pair[0]]
    }


def _turned(
    rows: Rows,
    suspects: Ints,
    prompts: Languages,
    answers: Languages,
    usual: set[tuple[str, str]],
    least: float,
) -> list[tuple[int, Fault]]:
    out = []
    for row, asked, prompt, answer in taken(suspects, rows.asked, rows.prompt, rows.answer):
        one, other = str(prompts.code[row]), str(answers.code[row])
        if kin(one, other) or (one, other) in usual or asks_for(prompt, other):
            continue
        if _is_names(answer) or _is_names(asked):
            continue
        if _speaks(asked, (other,), least) or _speaks(answer, (one,), least):
            continue
        says = f"is in {named(other)}, its prompt in {named(one)}"
        score = float(min(prompts.sure[row], answers.sure[row]))
        out.append((row, Fault(says=says, score=score, spans=((0, min(len(answer), 300)),))))
    return out


WRONG = Check(
    name="wrong-language",
    family="quality",
    about="Rows in a language that is not expected.",
    severity="warning",
    threshold=0.8,
    means="how sure the language must be, in [0, 1]; texts of fewer than 40 letters are not judged",
    run=_wrong,
)
ANSWER = Check(
    name="answer-language",
    family="quality",
    about="Answers in another language than their prompt's, without being asked for it.",
    severity="warning",
    threshold=0.8,
    means="how sure both languages must be, in [0, 1]; texts of fewer than 40 letters are not "
    "judged",
    run=_answer,
)
