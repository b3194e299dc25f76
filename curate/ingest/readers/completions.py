"""Rows of one prompt with the answers of a committee, or with repeated samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError
from curate.ingest.fields import first, leftover, mean_logprob
from curate.ingest.reader import Reader
from curate.ingest.readers.prompts import has_prompt, prompt_of, shared, text_or_message

__all__ = ["COMPLETIONS"]

Json = Any
Row = Mapping[str, Json]

_LISTS = ("completions", "responses", "candidates", "generations", "samples", "answers")
_TEXTS = ("text", "response", "completion", "content", "message", "output", "answer")
_MODELS = ("model", "model_name", "generator", "name", "model_id")
_PARAMS = ("temperature", "top_p", "top_k", "seed", "max_tokens", "n")
_OF_ROW = (*_PARAMS, "model")


def _is_completions(row: Row) -> bool:
    return _list_of(row) is not None and has_prompt(row)


def _list_of(row: Row) -> str | None:
    for key in _LISTS:
        value = row.get(key)
        if isinstance(value, list) and value:
            if _is_completion(value[0]):
                return key
    return None


def _is_completion(one: Json) -> bool:
    if isinstance(one, dict):
        return "rank" not in one and any(key in one for key in _TEXTS)
    return isinstance(one, str)


def _read_completions(row: Row, context: Context) -> Iterator[Exchange]:
    key = _list_of(row)
    if key is None:
        raise RowError("no list of completions beside the prompt")
    messages, used = prompt_of(row)
    steps = _steps(row, row[key])
    answers = [steps] if steps else [_answer(one, row) for one in row[key]]
    of_row = _OF_ROW if not steps else ("labels",)
    yield Exchange(
        messages=messages,
        answers=answers,
        metadata=leftover(row, {*used, key, *of_row}),
        **shared(row),
    )


def _answer(one: Json, row: Row) -> Answer:
    of_row = {k: row[k] for k in _PARAMS if row.get(k) is not None}
    model = row.get("model")
    if isinstance(one, str):
        return Answer(message=text_or_message(one), model=_name(model), params=of_row or None)
    if not isinstance(one, dict):
        raise RowError("a completion is neither a text nor an object")
    key = next((k for k in _TEXTS if one.get(k) is not None), None)
    if key is None:
        raise RowError(f"a completion has no text under any of {', '.join(_TEXTS)}")
    params = {**of_row, **{k: one[k] for k in _PARAMS if one.get(k) is not None}}
    used = {key, *_MODELS, *_PARAMS, "logprobs", "finish_reason"}
    return Answer(
        message=text_or_message(one[key]),
        model=_name(first(one, _MODELS) or model),
        params=params or None,
        logprobs=mean_logprob(one.get("logprobs")),
        finish_reason=one.get("finish_reason"),
        metadata=leftover(one, used),
    )


def _name(model: Json) -> str:
    return model if isinstance(model, str) else ""


def _steps(row: Row, texts: Sequence[Json]) -> Answer | None:
    """Return the answer that TRL's stepwise rows spell out step by step, with a label for each."""
    labels = row.get("labels")
    if not isinstance(labels, list) or len(labels) != len(texts):
        return None
    if not all(isinstance(t, str) for t in texts) or not all(isinstance(b, bool) for b in labels):
        return None
    return Answer(message=text_or_message("\n".join(texts)), metadata={"step_labels": labels})


COMPLETIONS = Reader(
    name="completions",
    about="a prompt with `completions` of several models or samples (UltraFeedback-like, PRM)",
    matches=_is_completions,
    read=_read_completions,
)
