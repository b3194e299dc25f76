"""Small items to put on a desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from curate.records import (
    Candidate,
    Item,
    Message,
    Record,
    candidate_id,
    message_row,
    pair_id,
    record_id,
)
from curate.review import Asked, Batch, Guideline, Pushed
from curate.review.desk import Ranking

MODELS = ("secret-model-9b", "hidden-model-70b", "masked-model-1b", "veiled-model-7b")
GUIDELINE = Guideline(name="test", label="1", text="# Be fair\n\nChoose the better answer.")


def user(text: str) -> Record:
    messages = (Message(role="user", content=text),)
    return Record(
        id=record_id([message_row(m) for m in messages]),
        messages=messages,
        source="secret-file.jsonl:7",
        metadata={"reason": "secret-reason"},
    )


def answer_to(
    record: Record, text: str | None, model: str = MODELS[0], **more: object
) -> Candidate:
    message = replace(Message(role="assistant", content=text), **more)  # type: ignore[arg-type]
    id = candidate_id(record.id, model, message_row(message))
    return Candidate(id=id, record_id=record.id, message=message, model=model)


def rank_item(prompt: str, answers: Sequence[str], *, overlap: int = 1) -> Item:
    record = user(prompt)
    candidates = tuple(
        answer_to(record, text, model) for text, model in zip(answers, MODELS, strict=False)
    )
    ids = [c.id for c in candidates]
    id = pair_id(*ids) if len(ids) == 2 else "p" + "".join(sorted(i[1:5] for i in ids))
    return Item(id=id, task="rank", record=record, candidates=candidates, overlap=overlap)


def pairs(n: int, *, overlap: int = 1) -> list[Item]:
    """Items whose own a and b read so, whichever way round they are shown."""
    return [
        rank_item(f"Question {i}?", [f"{i} own a", f"{i} own b"], overlap=overlap) for i in range(n)
    ]


def rewrite_item(prompt: str, text: str | None, *, overlap: int = 1, **more: object) -> Item:
    record = user(prompt)
    candidate = answer_to(record, text, **more)
    return Item(
        id=candidate.id, task="rewrite", record=record, candidates=(candidate,), overlap=overlap
    )


def batch(
    items: Sequence[Item],
    name: str = "story-r001-rank",
    *,
    guideline: Guideline = GUIDELINE,
    ranking: Ranking = "pair",
    seed: int = 7,
) -> Batch:
    task = items[0].task if items else "rank"
    return Batch(name=name, task=task, items=items, guideline=guideline, ranking=ranking, seed=seed)


def asked_of(batch: Batch, pushed: Pushed) -> list[Asked]:
    """What a project keeps of a push: enough to read answers back."""
    return [
        Asked(
            item_id=item.id,
            task=item.task,
            candidates=tuple(c.id for c in item.candidates),
            shown=pushed.permutation[item.id],
        )
        for item in batch.items
        if item.id in pushed.permutation
    ]
