"""What a reviewer sees and is asked, in the shapes of Argilla's REST interface.

In: an item with its shown order. Out: the layout of its dataset (fields, questions) and its
row.

Texts come from logs, so from strangers, and Argilla's page is no safe place for them: with
Markdown off it puts a field's text into the page as HTML, scripts and all; with Markdown on it
removes scripts, but loads pictures and objects from wherever a text points, which tells
strangers who reads it and when. So Markdown is off, and texts are escaped (`on_screen`): what
the reviewer reads is, character for character, what the model wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from string import ascii_uppercase
from typing import Any

from curate.records import Candidate, Item
from curate.review.desk import Asked, Batch
from curate.review.rendering import answer, editable, turns

__all__ = [
    "PAIR",
    "SUGGESTED_BY",
    "Layout",
    "Row",
    "as_written",
    "layout",
    "on_screen",
    "row",
    "why_unaskable",
]

Json = Any

SUGGESTED_BY = "original"
"""Named beside the prefilled text; says nothing of the model."""
PAIR = ("completion_a", "completion_b")
"""Fields of a pair."""
MOST_RANKED = 26
"""Answers to order in one item: one a letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Fields and questions of a dataset, as REST takes them."""

    fields: tuple[Mapping[str, Json], ...]
    questions: tuple[Mapping[str, Json], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One item as the desk is to hold it."""

    asked: Asked
    fields: Mapping[str, Json]
    prefilled: Mapping[str, str] = field(default_factory=dict)
    """Question to the text that stands in it beforehand."""


def layout(batch: Batch, n_answers: int) -> Layout:
    """Return what a dataset of items with `n_answers` answers asks."""
    if batch.task == "rewrite":
        return Layout(fields=(_PROMPT, _text_field("completion", "Answer")), questions=_REWRITE)
    if batch.ranking == "pair":
        return Layout(fields=(_PROMPT, *_answers(PAIR)), questions=(_PREFERENCE, _COMMENT))
    names = _names(n_answers)
    return Layout(fields=(_PROMPT, *_answers(names)), questions=(_ranking(names), _COMMENT))


def row(item: Item, asked: Asked, batch: Batch) -> Row:
    """Return an item as the desk is to hold it, its answers in the shown order."""
    by_id = {candidate.id: candidate for candidate in item.candidates}
    shown = [by_id[id] for id in asked.shown]
    if item.task == "rank":
        names = PAIR if batch.ranking == "pair" else _names(len(shown))
        texts = dict(zip(names, map(_answer, shown), strict=True))
        return Row(asked=asked, fields={"prompt": _prompt(item), **texts})
    text = editable(shown[0].message)
    return Row(
        asked=asked,
        fields={"prompt": _prompt(item), "completion": _answer(shown[0])},
        prefilled={"rewrite": text} if text.strip() else {},
    )


def why_unaskable(item: Item, batch: Batch) -> str | None:
    """Return why an item cannot be asked as the batch wants it; None if it can."""
    n = len(item.candidates)
    if item.task != batch.task:
        return f"it is an item to {item.task}, in a batch to {batch.task}"
    if not item.record.messages:
        return "its prompt has no message"
    if len({candidate.id for candidate in item.candidates}) < n:
        return "an answer stands in it twice"
    if item.overlap < 1:
        return f"{item.overlap} people are to answer it; ask at least one"
    return _wrong_number(n, batch)


def _wrong_number(n: int, batch: Batch) -> str | None:
    if batch.task == "rewrite":
        return None if n == 1 else f"it has {n} answers to rewrite; one item is one answer"
    if batch.ranking == "pair":
        return None if n == 2 else f"it has {n} answers; a pair has two (or use ranking: full)"
    fits = 2 <= n <= MOST_RANKED
    return None if fits else f"it has {n} answers; a person can order 2 to {MOST_RANKED}"


def on_screen(text: str) -> str:
    """Return what Argilla's page must be given for a reviewer to read `text`.

    >>> on_screen("1 < 2 & <img src=x onerror=alert(1)>")
    '1 &lt; 2 &amp; &lt;img src=x onerror=alert(1)&gt;'
    """
    return escape(text, quote=False)


def as_written(shown: Json) -> Json:
    """Return the text, or turns, behind a field: the way back from `on_screen`."""
    if isinstance(shown, str):
        return unescape(shown)
    return [{**turn, "content": unescape(turn["content"])} for turn in shown]


def _prompt(item: Item) -> list[dict[str, str]]:
    return [{**turn, "content": on_screen(turn["content"])} for turn in turns(item.record)]


def _answer(candidate: Candidate) -> str:
    return on_screen(answer(candidate.message))


def _names(n: int) -> tuple[str, ...]:
    return tuple(f"response{i + 1}" for i in range(n))


def _title(position: int) -> str:
    return f"Answer {ascii_uppercase[position]}"


def _text_field(name: str, title: str) -> dict[str, Json]:
    settings = {"type": "text", "use_markdown": False}
    return {"name": name, "title": title, "required": True, "settings": settings}


def _answers(names: Sequence[str]) -> list[dict[str, Json]]:
    return [_text_field(name, _title(i)) for i, name in enumerate(names)]


def _text_question(name: str, title: str, about: str) -> dict[str, Json]:
    settings = {"type": "text", "use_markdown": False}
    return {
        "name": name,
        "title": title,
        "description": about,
        "required": False,
        "settings": settings,
    }


def _label_question(
    name: str, title: str, about: str, options: Sequence[tuple[str, str]]
) -> dict[str, Json]:
    settings = {
        "type": "label_selection",
        "options": [{"value": value, "text": text} for value, text in options],
    }
    return {
        "name": name,
        "title": title,
        "description": about,
        "required": True,
        "settings": settings,
    }


def _ranking(names: Sequence[str]) -> dict[str, Json]:
    options = [{"value": name, "text": _title(i)} for i, name in enumerate(names)]
    return {
        "name": "ranking",
        "title": "Order the answers, best first",
        "description": "Drag each answer to its rank. Answers that are equally good share a rank.",
        "required": True,
        "settings": {"type": "ranking", "options": options},
    }


_PROMPT: Mapping[str, Json] = {
    "name": "prompt",
    "title": "Prompt",
    "required": True,
    "settings": {"type": "chat", "use_markdown": False},
}

_PREFERENCE = _label_question(
    "preference",
    "Which answer is better?",
    "For the person who wrote the prompt. Their order on the page says nothing.",
    [
        ("a", "A is better"),
        ("b", "B is better"),
        ("tie", "About equal"),
        ("both_bad", "Both are bad"),
    ],
)

_COMMENT = _text_question(
    "comment", "Comment", "Optional: what decided it, or what made it hard to decide."
)

_REWRITE = (
    _label_question(
        "quality",
        "Is the answer good as it is?",
        "If it is not, correct it in the box below and choose “I rewrote it”.",
        [
            ("good", "Good as it is"),
            ("rewritten", "I rewrote it"),
            ("unlabelable", "Cannot be labelled"),
        ],
    ),
    _text_question(
        "rewrite",
        "Your version of the answer",
        "Holds the original. Change what is wrong; leave it alone if the answer is good as it is.",
    ),
    _text_question(
        "reason",
        "Why can it not be labelled?",
        "Only for “Cannot be labelled”: what is missing, unclear or out of your field.",
    ),
)
