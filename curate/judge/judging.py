"""Asking judges, and keeping what they say."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow as pa

from curate.judge.items import Missing, texts_of
from curate.judge.judges import Judge
from curate.judge.reading import Reading, read_p_true, read_verdict
from curate.llm.calls import Ask, Call, Reply
from curate.llm.rendering import render
from curate.records import VERDICTS, Item, Verdict

__all__ = ["Asker", "calls", "failed", "judge", "judged"]

Asker = Callable[[Judge], Ask]
"""Gives whatever answers a judge's calls."""


def calls(items: Iterable[Item], judges: Sequence[Judge]) -> Iterator[Call]:
    """Give the calls that judges are to answer: judge by judge, in each item by item.

    A pair gives two, one in each order. The same items and judges give the same calls, in the
    same order, on every machine; an item that cannot be judged gives none.

    Args:
        items: What is to be judged; iterable again and again.
        judges: Each takes the items that its prompt is made for.
    """
    for one in judges:
        for item in _taken_by(one, items):
            yield from _prepared(one, item).calls


def judge(items: Iterable[Item], judges: Sequence[Judge], *, ask: Asker) -> pa.Table:
    """Ask judges what they make of items.

    Args:
        items: What is to be judged; iterable again and again.
        judges: Each takes the items that its prompt is made for.
        ask: Gives whatever answers a judge's calls, one reply a call, in their order.

    Returns:
        Table of `records.VERDICTS`, one row per judge and item that it takes, in their order. A
        reply that failed or cannot be read leaves its row without a value, with the reason. A
        pairwise judge that says different things in the two orders is *undecided*: no choice, no
        reason, both in ``orders``.
    """
    return pa.Table.from_batches(judged(items, judges, ask=ask), VERDICTS)


def judged(
    items: Iterable[Item], judges: Sequence[Judge], *, ask: Asker
) -> Generator[pa.RecordBatch, None, None]:
    """Give the rows of `judge` batch by batch, as they come."""
    said = (verdict for one in judges for verdict in _of_judge(one, items, ask(one)))
    while some := list(islice(said, _BATCH)):
        yield _batch(some)


def failed(why_unscored: str) -> bool:
    """Say whether a verdict is missing because a call failed: asked again, it may get one.

    >>> failed("b first: no reply: HTTP 503"), failed("the reply is empty")
    (True, False)
    """
    return any(_ORDER.sub("", why).startswith(_NO_REPLY) for why in why_unscored.split("; "))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """An item as a judge is asked about it."""

    item: Item
    calls: tuple[Call, ...] = ()
    why_not: str | None = None


def _taken_by(one: Judge, items: Iterable[Item]) -> Iterator[Item]:
    return (item for item in items if item.task == one.task)


def _prepared(one: Judge, item: Item) -> _Prepared:
    try:
        texts = texts_of(item, names=one.prompt.inputs, reference=one.reference)
    except Missing as why:
        return _Prepared(item=item, why_not=str(why))
    shown = [texts]
    if item.task == "rank":
        shown.append(texts | {"answer_a": texts["answer_b"], "answer_b": texts["answer_a"]})
    return _Prepared(item=item, calls=tuple(_call(one, order) for order in shown))


def _call(one: Judge, texts: dict[str, str]) -> Call:
    schema = {} if one.schema is None else {_SCHEMA: one.schema}
    return Call(
        model=one.member.model,
        base_url=one.member.address,
        messages=render(one.prompt, texts),
        params={**one.params, **schema},
    )


_SCHEMA = "response_format"


def _of_judge(one: Judge, items: Iterable[Item], ask: Ask) -> Iterator[Verdict]:
    waiting: deque[_Prepared] = deque()

    def going() -> Iterator[Call]:
        for item in _taken_by(one, items):
            waiting.append(_prepared(one, item))
            yield from waiting[-1].calls

    replies = _replies(one, going(), ask)
    for reply in replies:
        yield from _unasked(one, waiting)
        n_more = len(waiting[0].calls) - 1
        yield _verdict(one, waiting.popleft(), [reply, *islice(replies, n_more)])
    yield from _unasked(one, waiting)
    if waiting:
        raise ValueError(f"{len(waiting)} items before {one.name} got no reply")


def _unasked(one: Judge, waiting: deque[_Prepared]) -> Iterator[Verdict]:
    """Take the items that no call was made for off the front."""
    while waiting and waiting[0].why_not is not None:
        first = waiting.popleft()
        yield _unscored(one, first.item, first.why_not or "")


def _replies(one: Judge, calls: Iterator[Call], ask: Ask) -> Iterator[Reply]:
    """Ask, and settle with the first calls whether the server takes a schema."""
    if one.schema is None or one.member.structured == "json_schema":
        yield from ask(calls)
        return
    for call in calls:
        (reply,) = ask([call])
        if not _refused(reply):
            yield reply
            yield from ask(calls)
            return
        (plain,) = ask([_without_schema(call)])
        yield plain
        if plain.why_failed is None:
            yield from ask(map(_without_schema, calls))
            return


def _refused(reply: Reply) -> bool:
    """Say whether the server took no offence at anything but the request itself."""
    return reply.why_failed is not None and _REFUSAL.search(reply.why_failed) is not None


_REFUSAL = re.compile(
    r"\b(?:400|404|415|422|501)\b|response_format|json_schema|grammar|guided|structured", re.I
)


def _without_schema(call: Call) -> Call:
    return replace(call, params={k: v for k, v in call.params.items() if k != _SCHEMA})


def _verdict(one: Judge, asked: _Prepared, replies: Sequence[Reply]) -> Verdict:
    readings = [_reading(one, *pair) for pair in zip(asked.calls, replies, strict=True)]
    if asked.item.task == "rank":
        return _of_both_orders(one, asked.item, readings)
    (reading,) = readings
    return replace(
        _unscored(one, asked.item, reading.why_unscored),
        value=reading.value,
        rationale=reading.rationale,
    )


def _reading(one: Judge, call: Call, reply: Reply) -> Reading:
    if reply.why_failed is not None:
        return Reading(value=None, why_unscored=f"{_NO_REPLY}{reply.why_failed}")
    if one.prompt.kind == "p_true":
        return read_p_true(reply.alternatives[0] if reply.alternatives else {})
    reading = read_verdict(reply.text, one.prompt.kind)  # type: ignore[arg-type]
    if reading.value is None and (more := _why_short(reply)):
        return replace(reading, why_unscored=f"{reading.why_unscored} ({more})")
    if reading.value is not None and _is_copied(reading.rationale, call):
        return replace(reading, value=None, why_unscored="repeats a verdict of the material")
    return reading


def _is_copied(rationale: str, call: Call) -> bool:
    """Say whether a reply's reasoning stands, quoted as in JSON, in what the judge was shown."""
    shown = call.messages[-1]["content"]
    quoted = (json.dumps(rationale, ensure_ascii=ascii) for ascii in (False, True))
    return bool(rationale) and any(text in shown for text in quoted)


def _why_short(reply: Reply) -> str | None:
    if reply.message is not None and reply.message.refusal:
        return "the judge refused"
    return {"length": "cut off at the token limit", "content_filter": "filtered"}.get(
        reply.finish_reason or ""
    )


def _of_both_orders(one: Judge, item: Item, readings: Sequence[Reading]) -> Verdict:
    """Return a verdict only where both orders give it; two that differ are undecided."""
    first, second = readings
    said = (first.value, _SWAPPED.get(str(second.value)))
    why = [
        f"{name} first: {reading.why_unscored}"
        for name, reading in zip("ab", readings, strict=True)
        if reading.why_unscored is not None
    ]
    rationale = [f"{n} first: {r.rationale}" for n, r in zip("ab", readings, strict=True)]
    return replace(
        _unscored(one, item, "; ".join(why) or None),
        value=said[0] if said[0] == said[1] else None,
        orders=tuple(None if value is None else str(value) for value in said),
        rationale="\n".join(rationale),
    )


_SWAPPED = {"a": "b", "b": "a", "tie": "tie"}


def _unscored(one: Judge, item: Item, why: str | None) -> Verdict:
    return Verdict(
        item_id=item.id,
        judge=one.name,
        value=None,
        kind=one.prompt.kind,  # type: ignore[arg-type]
        prompt=one.prompt.label,
        why_unscored=why,
    )


_NO_REPLY = "no reply: "
_ORDER = re.compile(r"\A[ab] first: ")
_BATCH = 10_000


def _batch(verdicts: Sequence[Verdict]) -> pa.RecordBatch:
    rows = [
        {
            "item_id": v.item_id,
            "judge": v.judge,
            "kind": v.kind,
            "prompt": v.prompt,
            "grade": v.value if isinstance(v.value, float) else math.nan,
            "choice": v.value if isinstance(v.value, str) else None,
            "orders": list(v.orders),
            "why_unscored": v.why_unscored,
            "rationale": v.rationale,
        }
        for v in verdicts
    ]
    return pa.RecordBatch.from_pylist(rows, schema=VERDICTS)
