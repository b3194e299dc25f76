"""Votes and given answers as raw rows hold them, in one frame.

In: a row as parsed from a file. Out: who said what; the answer that the row gives. Where a row has
choices, both are texts of choices (letters, numbers and texts alike), so that they compare.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["choices_of", "given_answer", "votes_of"]

Row = Mapping[str, Any]


def votes_of(row: Row) -> list[tuple[str, str]] | None:
    """Return who gave which answer to a row; None where the row holds no votes.

    Reads ``votes``, ``predictions``, ``model_predictions``, ``judge_verdicts`` and the like, each
    a mapping of names to answers (or to lists of answers, one a repeat) or a list of objects, pairs
    or bare answers; and single verdicts of judges in columns ``judge_NAME``. Of a row with two
    responses the answers are ``a``, ``b`` or ``tie`` in the row's own order: where ``b`` is the
    chosen one, a reader has to swap them. Answers that are null, and names without an answer, are
    left out; a row all of whose votes are null has an empty list.

    Args:
        row: As plain values.

    >>> votes_of({"choices": ["yes", "no"], "predictions": {"m1": "B", "m2": 0, "m3": None}})
    [('m1', 'no'), ('m2', 'yes')]
    >>> people = [{"annotator": "w1", "vote": "A"}, {"annotator": "w2", "vote": "response_b"}]
    >>> votes_of({"response_a": "x", "response_b": "y", "votes": people})
    [('w1', 'a'), ('w2', 'b')]
    """
    held = [row[key] for key in _VOTES if isinstance(row.get(key), (Mapping, list, tuple))]
    singles = {k: v for k, v in row.items() if k.startswith("judge_") and _verdict(v)}
    if not held and not singles:
        return None
    named = [pair for value in (*held, singles) for pair in _named(value)]
    choices, pair = choices_of(row), not _PAIR.isdisjoint(row)
    read = ((by, _answer(value, choices)) for by, value in named)
    return [(by, _side(value) if pair else value) for by, value in read if value is not None]


def given_answer(row: Row) -> str | None:
    """Return the answer that a row gives as right: of a row with choices the choice's text.

    An index (from 0), a letter or the choice's own label is looked up in ``choices``, ``options``
    or ``endings``. None where the row gives no answer, or one that is no choice.

    Args:
        row: As plain values.

    >>> given_answer({"choices": ["Rome", "Oslo"], "answer": 1})
    'Oslo'
    >>> given_answer({"choices": {"text": ["Rome", "Oslo"], "label": ["1", "2"]}, "answerKey": "1"})
    'Rome'
    """
    choices = choices_of(row)
    for key in _GIVEN:
        value = row.get(key)
        if value is not None and not isinstance(value, (Mapping, list, tuple)):
            found = _answer(value, choices)
            return found if choices is None or found in choices.values() else None
    return None


def choices_of(row: Row) -> dict[str, str] | None:
    """Return a row's choices by label; None where it has none, or two that are the same.

    >>> choices_of({"options": ["A)5", "B)6"]})
    {'A': '5', 'B': '6'}
    """
    for key in _CHOICES:
        held = row.get(key)
        if isinstance(held, Mapping) and isinstance(held.get("text"), list):
            labels = [str(label) for label in held.get("label") or _LETTERS]
            return _labelled(labels, held["text"])
        if isinstance(held, Mapping) and held:
            return _labelled([str(label) for label in held], list(held.values()))
        if isinstance(held, (list, tuple)) and len(held) > 1:
            return _labelled(list(_LETTERS), held)
    return None


_VOTES = (
    *("votes", "predictions", "model_predictions", "judge_verdicts", "verdicts"),
    *("model_answers", "annotations", "model_votes", "judgments", "judgements"),
)
_BY = (
    *("annotator", "model", "judge", "by", "name", "rater", "annotator_id", "worker", "user"),
    *("user_id", "model_name", "judge_model"),
)
_SAID = (
    *("vote", "answer", "prediction", "value", "verdict", "label", "choice", "winner"),
    *("preference", "response", "output"),
)
_GIVEN = (
    *("given_answer", "answer", "answerKey", "answer_key", "correct_answer", "correct", "label"),
    *("gold", "target", "answer_idx", "reference"),
)
_CHOICES = ("choices", "options", "endings")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LEAD = re.compile(r"^\s*\(?([A-Z])\s*[).:]\s*")
_LETTER = re.compile(r"^[\s(\[]*([A-Za-z])[\s)\].:]*$")
_VERDICTS = frozenset({"a", "b", "tie", "both_bad"})
_PAIR = frozenset({"response_a", "response_b", "answer_a", "answer_b", "chosen", "rejected"})


def _verdict(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() in _VERDICTS


def _named(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for by, said in value.items():
            for one in said if isinstance(said, (list, tuple)) else (said,):
                yield str(by), _first(one, _SAID) if isinstance(one, Mapping) else one
        return
    for number, said in enumerate(value, start=1):
        yield _one(said, number)


def _one(said: Any, number: int) -> tuple[str, Any]:
    """Read an element of a list of votes: an object, a pair, or an answer of nobody named."""
    if isinstance(said, Mapping):
        by = _first(said, _BY)
        return str(number if by is None else by), _first(said, _SAID)
    if isinstance(said, Sequence) and not isinstance(said, str) and len(said) == 2:
        return str(said[0]), said[1]
    return str(number), said


def _first(row: Row, keys: Sequence[str]) -> Any:
    return next((row[key] for key in keys if row.get(key) is not None), None)


def _labelled(labels: Sequence[str], texts: Sequence[Any]) -> dict[str, str] | None:
    said = [str(text) for text in texts]
    leads = [_LEAD.match(text) for text in said]
    if all(lead and lead[1] == label for lead, label in zip(leads, _LETTERS, strict=False)):
        said = [text[lead.end() :].strip() for text, lead in zip(said, leads, strict=True) if lead]
    distinct = len(set(said)) == len(said) <= len(labels) and all(said)
    return dict(zip(labels, said, strict=False)) if distinct else None


def _answer(value: Any, choices: Mapping[str, str] | None) -> str | None:
    """Return an answer as text; of a row with choices the choice that it names, if it does."""
    if value is None or isinstance(value, (Mapping, list, tuple)):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if choices is None:
        return text or None
    texts = list(choices.values())
    letter = _LETTER.match(text)
    if text in texts:
        return text
    if text in choices:
        return choices[text]
    if letter and letter[1].upper() in choices:
        return choices[letter[1].upper()]
    if text.isascii() and text.isdigit() and int(text) < len(texts):
        return texts[int(text)]
    return text or None


def _side(text: str) -> str:
    """Return a verdict on two responses as a, b, tie or both_bad; what is none stays."""
    small = text.lower()
    for lead in ("response_", "answer_", "model_"):
        small = small.removeprefix(lead)
    return small if small in _VERDICTS else text
