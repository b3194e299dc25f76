"""OpenAssistant trees: replies to one message, ranked by people, are candidates of one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.ingest.exchange import Answer, Comparison, Context, Exchange, RowError
from curate.ingest.fields import leftover
from curate.ingest.messages import said
from curate.ingest.reader import Reader
from curate.ingest.times import seconds

__all__ = ["OASST", "OASST_FLAT"]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]

_USED = frozenset("text role replies rank message_id parent_id model_name created_date".split())


def _is_tree(row: Row) -> bool:
    prompt = row.get("prompt")
    if isinstance(prompt, dict) and "replies" in prompt:
        return True
    return "message_id" in row and isinstance(row.get("replies"), list)


def _read_tree(row: Row, context: Context) -> Iterator[Exchange]:
    prompt = row.get("prompt")
    root = prompt if isinstance(prompt, dict) else row
    tree = row.get("message_tree_id") or root.get("message_id")
    yield from _walk(root, [], str(tree))


def _walk(node: Row, before: Sequence[Message], tree: str) -> Iterator[Exchange]:
    """Yield what answers `node` and every turn below it.

    Raises:
        RowError: If a message has no text or an unknown role.
    """
    turns = [*before, said(_role(node), str(node.get("text") or ""))]
    replies = [r for r in node.get("replies") or () if isinstance(r, dict)]
    if turns[-1]["role"] == "user":
        answers = [r for r in replies if _role(r) == "assistant"]
        if answers or not before:
            yield _exchange(node, turns, answers, tree)
    for reply in replies:
        yield from _walk(reply, turns, tree)


def _role(node: Row) -> str:
    role = {"prompter": "user", "assistant": "assistant"}.get(str(node.get("role")))
    if role is None:
        raise RowError(f"unknown role {node.get('role')!r}; known: prompter, assistant")
    return role


def _exchange(node: Row, turns: Sequence[Message], replies: Sequence[Row], tree: str) -> Exchange:
    return Exchange(
        messages=turns,
        answers=[_answer(reply) for reply in replies],
        comparisons=_by_rank(replies),
        metadata=leftover(node, _USED),
        time=seconds(node.get("created_date")),
        group=tree,
        merge=True,
    )


def _answer(reply: Row) -> Answer:
    metadata = leftover(reply, _USED) or {}
    if reply.get("rank") is not None:
        metadata["rank"] = reply["rank"]
    return Answer(
        message=said("assistant", str(reply.get("text") or "")),
        model=str(reply.get("model_name") or ""),
        metadata={**metadata, "message_id": reply.get("message_id")},
        time=seconds(reply.get("created_date")),
    )


def _by_rank(replies: Sequence[Row]) -> list[Comparison]:
    """Return a pair for every two ranked replies, rank 0 being the best."""
    ranked = [n for n, reply in enumerate(replies) if isinstance(reply.get("rank"), int)]
    return [
        Comparison(a=i, b=j, winner=_winner(replies[i]["rank"], replies[j]["rank"]))
        for place, i in enumerate(ranked)
        for j in ranked[place + 1 :]
    ]


def _winner(a: int, b: int) -> Any:
    return "tie" if a == b else "a" if a < b else "b"


OASST = Reader(
    name="oasst",
    about="OpenAssistant trees and nested messages",
    matches=_is_tree,
    read=_read_tree,
)


def _is_flat(row: Row) -> bool:
    return {"message_id", "parent_id", "text", "role"} <= row.keys() and "replies" not in row


def _tree_of(row: Row) -> str | None:
    return str(row.get("message_tree_id") or "") or None


def _read_flat(row: Row, context: Context) -> Iterator[Exchange]:
    messages = [r for r in row.get("rows", [row]) if isinstance(r, dict)]
    nodes = {r["message_id"]: {**r, "replies": []} for r in messages}
    roots = []
    for node in nodes.values():
        parent = nodes.get(node.get("parent_id"))
        if parent is not None:
            parent["replies"].append(node)
        elif node.get("parent_id") is None:
            roots.append(node)
    if not roots:
        raise RowError("messages without the first one of their tree")
    for root in roots:
        yield from _walk(root, [], str(root.get("message_tree_id") or root["message_id"]))


OASST_FLAT = Reader(
    name="oasst-flat",
    about="OpenAssistant messages, one a row, rows of a tree following each other",
    matches=_is_flat,
    read=_read_flat,
    thread=_tree_of,
)
