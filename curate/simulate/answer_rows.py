"""Rows of a prompt with good or bad answers: one a row, or those of a committee side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from curate.errors import InputError
from curate.simulate.class_rows import group_of
from curate.simulate.labelled import AnswerRows
from curate.simulate.rows import Columns, Met, Row, first_of, found, said, words

__all__ = ["answer_rows", "is_answers"]

Json = Any
Answer = tuple[str, str, str, bool | None, str, float]
"""Prompt, answer, model, wrong, group, need."""

_PROMPTS = ("prompt", "instruction", "question", "input", "messages", "query")
_LISTS = ("completions", "responses", "candidates", "generations", "samples", "answers")
_TEXTS = ("text", "response", "completion", "content", "message", "output", "answer")
_ANSWERS = ("completion", "response", "output", "answer", "text")
_MODELS = ("model", "model_name", "generator", "name")
_GOOD = ("correct", "is_correct", "good", "acceptable", "passed", "truthful", "label", "rating")
_BAD = ("wrong", "bad", "has_error", "is_wrong", "needs_rewrite", "error")


def is_answers(row: Row, columns: Columns) -> bool:
    """Say whether a row has a prompt, an answer, and whether it is good."""
    return any(answer[3] is not None for answer in _read(row, columns))


def answer_rows(met: Met, columns: Columns) -> tuple[AnswerRows, Counter[str]]:
    """Return the answers, also those of which nothing is recorded (they may be a committee's).

    Raises:
        InputError: If no answer is known to be good or bad.
    """
    rejected: Counter[str] = Counter()
    kept: list[Answer] = []
    for row in met.rows:
        answers = list(_read(row, columns))
        kept += answers
        if not answers:
            rejected["no prompt, or no answer to it"] += 1
    if not any(answer[3] is not None for answer in kept):
        raise InputError(
            f"{met.name}: of no answer it is recorded whether it is good (correct, good, label, …: "
            f"true or false); columns found: {found(met.rows)}; name it with --label"
        )
    prompts, texts, models, wrong, groups, need = (list(part) for part in zip(*kept, strict=True))
    scores = np.array(need, np.float64)
    data = AnswerRows(
        prompts=prompts,
        answers=texts,
        models=models,
        wrong=wrong,
        groups=groups,
        need=None if np.isnan(scores).all() else scores,
    )
    return data, rejected


def _read(row: Row, columns: Columns) -> Iterator[Answer]:
    name = first_of(row, [columns.prompt] if columns.prompt else _PROMPTS)
    prompt = words(row[name], prompt=True) if name else ""
    if not prompt:
        return
    extra = row.get("input") if name == "instruction" else None
    if isinstance(extra, str) and extra:
        prompt = f"{prompt}\n{extra}"
    group = group_of(row, columns, prompt)
    for one in _answers(row, name, columns):
        key = first_of(one, [columns.completion] if columns.completion else (*_TEXTS, *_ANSWERS))
        text = words(one[key]) if key else ""
        if text:
            model = words(one.get(first_of(one, _MODELS)))
            yield prompt, text, model, _wrong(one, row, model, columns), group, _need(one, columns)


def _answers(row: Row, prompt: str, columns: Columns) -> list[Row]:
    """Return the answers of a row, each as an object with what the row says of all."""
    key = "" if columns.completion else first_of(row, _LISTS)
    if key and isinstance(row[key], list):
        return [one for one in row[key] if isinstance(one, dict)]
    key = first_of(row, [columns.completion] if columns.completion else _ANSWERS)
    return [{k: v for k, v in row.items() if k != prompt}] if key else []


def _wrong(one: Row, row: Row, model: str, columns: Columns) -> bool | None:
    if columns.label:
        value = one.get(columns.label, row.get(columns.label))
        good = said(value.get(model) if isinstance(value, dict) else value)
        return None if good is None else not good
    for names, bad in ((_GOOD, False), (_BAD, True)):
        for name in names:
            verdict = said(one[name]) if name in one else _by_model(row.get(name), model)
            if verdict is not None:
                return verdict is bad
    return None


def _by_model(value: Json, model: str) -> bool | None:
    return said(value.get(model)) if isinstance(value, dict) and model in value else None


def _need(one: Row, columns: Columns) -> float:
    value = one.get(columns.need) if columns.need else None
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return float("nan")
    return float(value) if isinstance(value, int | float) else float("nan")
