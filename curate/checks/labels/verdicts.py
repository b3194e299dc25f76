"""Rows whose verdict, label or score says one thing and whose text says another."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.labels.final import comparable, differ, final_answer
from curate.checks.labels.votes import choices_of
from curate.checks.rows import Rows
from curate.records import Evidence, Finding

__all__ = ["CHECK", "Mismatch", "mismatches"]

Row = Mapping[str, Any]
Ints = npt.NDArray[np.int64]


class Mismatch(NamedTuple):
    """One thing that a row says of itself, and its text does not bear out."""

    kind: str
    says: str
    """A clause: what is stated, and what stands there instead."""
    sure: float
    """In [0, 1]."""
    start: int = 0
    end: int = 0
    """What of the answer shows it; 0, 0 = nothing."""


def mismatches(said: Row, answer: str, rejected: str | None = None) -> list[Mismatch]:
    r"""Return where what a row says of itself and its text disagree; none = an empty list.

    A final answer beside the reference (or a flag that says whether it is right), scores of the
    chosen and the rejected answer, a winner column beside who was chosen, a rationale beside its
    verdict, a label beside the choices, a label of refusal beside the answer.

    Args:
        said: The row's other columns, `label` among them.
        answer: The completion; of a preference the chosen one.
        rejected: The rejected completion.

    >>> mismatches({"reference": "42"}, "6 * 7 = 48\n#### 48")[0].says
    "the final answer is '48', but reference says '42'"
    >>> mismatches({"correct": True, "reference": "48"}, "#### 48.0")
    []
    """
    return [found for rule in _RULES for found in rule(said, answer, rejected)]


def _run(rows: Rows, context: Context) -> Found:
    """Find rows that contradict themselves."""
    at = _speaking(rows)
    if not len(at):
        return Found(check=CHECK.name, skipped=_SILENT)
    taken = pa.array(at)
    columns = (rows.answer, rows.rejected, rows.metadata, rows.column("label"))
    texts = zip(*(column.take(taken).to_pylist() for column in columns), strict=True)
    bar = context.threshold(CHECK)
    found = [
        (row, [m for m in mismatches(_said(metadata, label), answer, rejected) if m.sure >= bar])
        for row, (answer, rejected, metadata, label) in zip(at.tolist(), texts, strict=True)
    ]
    kept = _believable(found)
    findings = sorted(
        (_finding(row, held) for row, held in kept if held),
        key=lambda finding: (-finding.score, finding.rows),
    )
    return Found(
        check=CHECK.name,
        findings=tuple(findings),
        looked_at=len(at),
        figures={"kinds": dict(Counter(m.kind for _, held in kept for m in held))},
    )


def _believable(found: list[tuple[int, list[Mismatch]]]) -> list[tuple[int, list[Mismatch]]]:
    """Leave out what labels say of answers where most differ: they are classes or grades."""
    times = sum(m.kind == "label" for _, held in found for m in held)
    if times * 2 <= len(found):
        return found
    return [(row, [m for m in held if m.kind != "label"]) for row, held in found]


_SILENT = (
    "no row says anything of its answer that could be held against it: add a reference, a label, "
    "scores, a winner or a rationale as columns"
)


def _speaking(rows: Rows) -> Ints:
    """Return rows with an answer that say something of it."""
    named = "|".join(_REFERENCES + _FLAGS + _WINNERS + _VERDICTS + ("choices", "options"))
    sides, kinds = "(?:chosen|rejected)", "(?:score|rating|reward)"
    scored = f"{sides}[_-]{kinds}|{kinds}_{sides}"
    pattern = rf'"(?:{named}|{scored})"\s*:'
    held = pc.match_substring_regex(rows.metadata, pattern).fill_null(False)
    usable = pc.and_(pc.or_(held, rows.column("label").is_valid()), rows.answer.is_valid())
    return np.flatnonzero(usable.to_numpy(zero_copy_only=False)).astype(np.int64)


def _said(metadata: str | None, label: str | None) -> Row:
    said = json.loads(metadata) if metadata else {}
    row = dict(said) if isinstance(said, dict) else {}
    return row if label is None else {**row, "label": label}


_REFERENCES = (
    *("reference", "reference_answer", "expected", "expected_answer", "ground_truth", "gold"),
    *("gold_answer", "target", "correct_answer", "final_answer", "solution", "answer"),
)
_FLAGS = ("correct", "is_correct")
_WINNERS = ("winner", "preferred", "preference", "better", "chosen_is")
_VERDICTS = ("verdict", "judgment", "judgement", "choice", "vote")
_RATIONALES = ("rationale", "explanation", "reason", "reasoning", "critique", "feedback")
_SCORES = ("{}_score", "score_{}", "{}_rating", "rating_{}", "{}-rating", "{}_reward", "reward_{}")


def _finals(said: Row, answer: str, rejected: str | None) -> Iterator[Mismatch]:
    """Hold the answer that the text announces against the reference."""
    final = final_answer(answer)
    key, reference = _first(said, _REFERENCES)
    if final is None or key is None or rejected is not None:
        return
    other = _short(reference)
    wrong = differ(final.value, other) if other else None
    if wrong is None:
        return
    stated = next((said[f] for f in _FLAGS if isinstance(said.get(f), bool)), None)
    shown = answer[final.start : final.end].strip()[:60]
    if wrong and stated is not False:
        flag = "said to be right, yet " if stated else ""
        says = f"{flag}the final answer is {shown!r}, but {key} says {other!r}"
        yield Mismatch("final answer", says, 0.9, final.start, final.end)
    elif stated is False and final.value == other and _PLAIN.fullmatch(other):
        says = f"said to be wrong, yet the final answer is {shown!r}, as {key} says"
        yield Mismatch("flag", says, 0.9, final.start, final.end)


_PLAIN = re.compile(r"-?[0-9.]+|[a-z]")


def _label(said: Row, answer: str, rejected: str | None) -> Iterator[Mismatch]:
    """Hold a label that is an answer, or says that the text refuses, against the text."""
    label = said.get("label")
    if not isinstance(label, str) or rejected is not None:
        return
    refuses = _REFUSAL.search(answer[:_BEGINNING])
    if label.strip().lower() in _REFUSED and not refuses:
        yield Mismatch("refusal", f"the label says {label!r}, but the text answers", 0.6)
    elif label.strip().lower() in _COMPLIED and refuses:
        says = f"the label says {label!r}, but the text refuses"
        yield Mismatch("refusal", says, 0.8, *refuses.span())
    final = final_answer(answer)
    if final is not None and _is_answer(label, final.value):
        shown = answer[final.start : final.end].strip()[:60]
        says = f"the text concludes {shown!r}, but the label says {label!r}"
        yield Mismatch("label", says, 0.9, final.start, final.end)


def _options(said: Row, answer: str, rejected: str | None) -> Iterator[Mismatch]:
    """Hold a label against the choices that there are."""
    choices = choices_of(said)
    label = said.get("label")
    if choices is None or not isinstance(label, str) or not label.strip():
        return
    known = {*choices, *map(comparable, choices), *map(comparable, choices.values())}
    index = label.isascii() and label.isdigit() and int(label) < len(choices)
    if not index and comparable(label) not in known and label not in known:
        named = ", ".join(choices)
        yield Mismatch("option", f"the label {label[:60]!r} is none of the choices {named}", 0.95)


def _scores(said: Row, answer: str, rejected: str | None) -> Iterator[Mismatch]:
    """Hold the scores of the chosen and the rejected answer against who was chosen."""
    if rejected is None:
        return
    for name in _SCORES:
        chosen, other = (said.get(name.format(side)) for side in ("chosen", "rejected"))
        if _is_number(chosen) and _is_number(other) and chosen < other:
            says = (
                f"the chosen answer has the lower {name.format('chosen')}: {chosen:g} < {other:g}"
            )
            yield Mismatch("score", says, 0.95)
            return


def _winner(said: Row, answer: str, rejected: str | None) -> Iterator[Mismatch]:
    """Hold a winner column against who was chosen, where it names a text or a side of it."""
    if rejected is None:
        return
    for key in _WINNERS:
        value = said.get(key)
        named = value.strip().lower() if isinstance(value, str) else None
        text = said.get(f"response_{named}", said.get(f"answer_{named}"))
        wrong = named == "rejected" or (isinstance(text, str) and _alike(text, rejected))
        if named and wrong and not (isinstance(text, str) and _alike(text, answer)):
            yield Mismatch("winner", f"{key} says {value!r}, which is the rejected answer", 0.95)
            return


def _rationale(said: Row, answer: str, rejected: str | None) -> Iterator[Mismatch]:
    """Hold what a rationale concludes against its verdict."""
    stated = next((_side(said[k]) for k in _WINNERS + _VERDICTS if _side(said.get(k))), None)
    if stated is None and _side(said.get("label")):
        stated = _side(said["label"])
    if stated is None:
        return
    own = [(answer, True)] if rejected is None else []
    for text, from_answer in [*((said.get(key), False) for key in _RATIONALES), *own]:
        found = _conclusion(text) if isinstance(text, str) else None
        if found is not None and found[0] != stated:
            span = found[1] if from_answer else (0, 0)
            says = f"the text concludes that {found[0]} is better, but the verdict is {stated}"
            yield Mismatch("rationale", says, 0.85, *span)
            return


_RULES: tuple[Callable[[Row, str, str | None], Iterator[Mismatch]], ...] = (
    _finals,
    _label,
    _options,
    _scores,
    _winner,
    _rationale,
)
_BEGINNING = 300
_REFUSED = frozenset({"refusal", "refused", "refuse", "rejection"})
_COMPLIED = frozenset({"compliance", "complied", "comply", "answered", "full_compliance"})
_REFUSAL = re.compile(
    r"\b(?:I(?:'m| am) (?:sorry|unable|not able)|I (?:can(?:'t|not|’t)|won(?:'t|’t)|will not|must "
    r"decline|refuse|am not going)|I(?:'m|’m) sorry|as an AI|cannot (?:help|assist|comply|provide)|"
    r"can(?:'t|’t) (?:help|assist|comply|provide)|unable to|not able to|apologi[sz]e|decline)\b",
    re.IGNORECASE,
)
_BETTER = re.compile(
    r"\b(?i:response|answer|assistant|option|output|model|completion)?\s*\(?(?P<one>[AB])\)?\s+"
    r"(?:is|was|provides|gives|wins|does)\s+(?:the |a |an |clearly |much |slightly |overall |"
    r"therefore |thus |far |significantly )*(?:better|stronger|superior|preferred|preferable|"
    r"winner|more (?:helpful|accurate|correct|complete|informative|convincing))",
)
_VERDICT = re.compile(r"\[\[(?P<one>[AB])\]\]|(?i:verdict|winner|preferred)\W{1,4}(?P<two>[AB])\b")
_NOT = re.compile(
    r"\b(?:not|n't|neither|if|whether|although|while)\W+(?:\w+\W+){0,4}$", re.IGNORECASE
)


def _conclusion(text: str) -> tuple[str, tuple[int, int]] | None:
    """Return which side a text concludes to be better, with the place; None = it does not say.

    >>> _conclusion("A is shorter. Overall, Response B is better.")[0]
    'B'
    """
    stated = [(m["one"] or m["two"], m.span()) for m in _VERDICT.finditer(text)]
    if stated:
        return stated[-1]
    said = [m for m in _BETTER.finditer(text) if not _NOT.search(text[: m.start()][-60:])]
    sides = {m["one"] for m in said}
    return (said[-1]["one"], said[-1].span()) if len(sides) == 1 else None


def _side(value: object) -> str | None:
    """Return A or B where a verdict names one of the two."""
    if not isinstance(value, str):
        return None
    found = re.fullmatch(
        r"\W*(?:response|answer|assistant|option|model|output)?[_\s]*([ab])\W*",
        value.strip().lower(),
    )
    return found[1].upper() if found else None


def _first(said: Row, keys: tuple[str, ...]) -> tuple[str | None, str]:
    for key in keys:
        value = said.get(key)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value):
            return key, str(value)
    return None, ""


def _short(reference: str) -> str:
    """Return what a reference announces, else the whole of a short one; empty = cannot tell."""
    final = final_answer(reference)
    if final is not None:
        return final.value
    return comparable(reference) if len(reference) <= _SHORT else ""


_SHORT = 60


def _is_answer(label: str, value: str) -> bool:
    """Return whether a label is an answer of the same kind as a text's, and another one."""
    mine = comparable(label)
    kinds = [
        (text.replace(".", "").lstrip("-").isdigit(), len(text) == 1) for text in (mine, value)
    ]
    return kinds[0] == kinds[1] and any(kinds[0]) and differ(mine, value) is True


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value


def _alike(one: str, other: str) -> bool:
    return " ".join(one.split()) == " ".join(other.split())


def _finding(row: int, found: list[Mismatch]) -> Finding:
    what = "; ".join(mismatch.says for mismatch in found)
    shown = [m for m in found if m.end > m.start]
    evidence = [
        Evidence(row=row, field="answer", spans=((m.start, m.end),), note=m.says) for m in shown
    ] or [Evidence(row=row, field="row", note=found[0].says)]
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=f"The row contradicts itself: {what}; see which of the two is right, and mend the "
        "other",
        rows=(row,),
        score=max(mismatch.sure for mismatch in found),
        evidence=tuple(evidence),
    )


CHECK = Check(
    name="verdict-mismatch",
    family="labels",
    about="A stated label, verdict, score or reference that the row's own text contradicts.",
    severity="warning",
    threshold=0.5,
    means="how sure the kind of contradiction is, from 0 to 1; at or above",
    run=_run,
)
