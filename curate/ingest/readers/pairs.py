"""Rows of one prompt with two answers side by side, with or without votes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Comparison, Context, Exchange, RowError
from curate.ingest.fields import first, leftover
from curate.ingest.reader import Reader
from curate.ingest.readers.prompts import has_prompt, prompt_of, shared, text_or_message
from curate.records import Vote

__all__ = ["PAIRS", "vote_of"]

Json = Any
Row = Mapping[str, Json]

_SIDES = (
    ("response_a", "response_b"),
    ("answer_a", "answer_b"),
    ("completion_a", "completion_b"),
    ("output_a", "output_b"),
    ("response1", "response2"),
    ("response_1", "response_2"),
    ("response_0", "response_1"),
    ("output_1", "output_2"),
)
_MODELS = (("model_a", "model_b"), ("system_a", "system_b"), ("model_1", "model_2"))
_WINNERS = ("winner", "vote", "preference", "human_gold", "label", "choice", "preferred")
_JUDGES = ("judge", "annotator", "rater")
_OF_PROMPT = (
    *("category", "topic", "subset", "split", "language", "lang", "task", "domain", "cluster"),
    *("application", "bench", "dataset", "stance"),
)


def vote_of(value: Json, first_is: str = "") -> Vote | None:
    """Return a vote in our words, None for what is no vote.

    Args:
        value: As written.
        first_is: Name of the first answer's model, for sources that write the winner's name.

    >>> vote_of("model_a"), vote_of("tie (bothbad)"), vote_of("A>B"), vote_of(2), vote_of("?")
    ('a', 'both_bad', 'a', 'b', None)
    """
    word = str(value).strip().lower()
    return _VOTES.get(word.replace(" ", "")) or ("a" if first_is and value == first_is else None)


_VOTES: dict[str, Vote] = {
    **dict.fromkeys(("a", "model_a", "response_a", "left", "1", "a>b", "a>>b", "first"), "a"),
    **dict.fromkeys(("b", "model_b", "response_b", "right", "2", "b>a", "b>>a", "second"), "b"),
    **dict.fromkeys(("tie", "equal", "same", "a=b", "both", "bothgood", "tie(bothgood)"), "tie"),
    **dict.fromkeys(
        ("both_bad", "bothbad", "tie(bothbad)", "neither"),
        "both_bad",
    ),
}


def _is_pair(row: Row) -> bool:
    return _sides(row) is not None and has_prompt(row)


def _sides(row: Row) -> tuple[str, str] | None:
    return next((s for s in _SIDES if s[0] in row and s[1] in row), None)


def _read_pair(row: Row, context: Context) -> Iterator[Exchange]:
    sides = _sides(row)
    if sides is None:
        raise RowError("no two answers side by side (response_a and response_b)")
    messages, used = prompt_of(row)
    names = next((m for m in _MODELS if m[0] in row or m[1] in row), _MODELS[0])
    models = [row.get(name) for name in names]
    answers = [
        Answer(message=text_or_message(row[side]), model=model if isinstance(model, str) else "")
        for side, model in zip(sides, models, strict=True)
    ]
    voted = next((k for k in _WINNERS if vote_of(row.get(k))), "")
    judge = first(row, _JUDGES) if voted else None
    used |= {*sides, *names, voted, *(_JUDGES if judge else ())}
    comparison = Comparison(
        winner=vote_of(row.get(voted)),
        judge=judge if isinstance(judge, str) else "",
        metadata=leftover(row, used),
    )
    yield Exchange(
        messages=messages,
        answers=answers,
        comparisons=(comparison,),
        metadata={k: row[k] for k in _OF_PROMPT if row.get(k) is not None} or None,
        merge=True,
        **shared(row),
    )


PAIRS = Reader(
    name="pairs",
    about="a prompt with two answers: response_a, response_b, model_a, model_b, winner or votes",
    matches=_is_pair,
    read=_read_pair,
)
