"""Items and responses to settle, in a few words each."""

from curate.records import Candidate, Item, Message, Record, Response


def item(id, *answers, task="rank", group=""):
    record = Record(
        id=f"r-{id}", messages=(Message(role="user", content=f"Question {id}?"),), group=group
    )
    candidates = tuple(
        Candidate(
            id=f"c-{id}-{n}",
            record_id=record.id,
            message=Message(role="assistant", content=text),
            model=f"model{n}",
        )
        for n, text in enumerate(answers)
    )
    return Item(id=id, task=task, record=record, candidates=candidates)


def response(item_id, annotator, value, *, question="preference", status="submitted", at=1, id=""):
    time = f"2025-03-01T10:{at:02d}:00"
    return Response(
        id=id or f"{annotator}:{item_id}:{question}:{at}",
        item_id=item_id,
        annotator=annotator,
        question=question,
        value=value,
        status=status,
        inserted_at=time,
        updated_at=time,
        guideline="g1",
    )


def review(item_id, annotator, quality, rewrite=None, reason=None, at=1):
    given = {"quality": quality, "rewrite": rewrite, "reason": reason}
    return [
        response(item_id, annotator, value, question=question, at=at)
        for question, value in given.items()
        if value is not None
    ]
