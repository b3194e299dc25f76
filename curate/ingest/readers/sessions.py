"""Recorded sessions of Anthropic's managed agents: events, one a row, as one chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Context, Exchange, RowError, from_chat
from curate.ingest.fields import tools_of
from curate.ingest.messages import chat
from curate.ingest.reader import Reader
from curate.ingest.times import seconds

__all__ = ["ANTHROPIC_SESSIONS"]

Json = Any
Row = Mapping[str, Json]

_START = "client.beta.sessions."


def _is_event(row: Row) -> bool:
    return str(row.get("event", "")).startswith(_START)


def _thread(row: Row) -> str | None:
    return "session" if _is_event(row) else None


def _read_session(row: Row, context: Context) -> Iterator[Exchange]:
    events = [e for e in row.get("rows", [row]) if isinstance(e, dict)]
    created = [e["data"] for e in events if e.get("event") == f"{_START}create"]
    stream = [e["data"] for e in events if e.get("event") == f"{_START}events.stream"]
    turns = [turn for event in stream if (turn := _turn(event)) is not None]
    if not turns:
        raise RowError("events of a session without a message")
    session = created[0] if created else {}
    agent = session.get("agent") or {}
    start = [{"role": "system", "content": agent["system"]}] if agent.get("system") else []
    model = agent.get("model")
    yield from from_chat(
        chat([*start, *_joined(turns)]),
        context.turns,
        model=str(model.get("id") if isinstance(model, dict) else model or ""),
        tools=tools_of(agent),
        time=seconds(session.get("created_at")),
        group=session.get("id"),
        key=f"session={session['id']}" if session.get("id") else None,
        metadata={k: session[k] for k in ("title", "status") if session.get(k)} or None,
    )


def _turn(event: Row) -> dict[str, Json] | None:
    kind = str(event.get("type"))
    if kind in ("user.message", "agent.message"):
        role = "user" if kind.startswith("user") else "assistant"
        return {"role": role, "content": event.get("content")}
    if kind.endswith("tool_use"):
        call = {"name": event.get("name"), "arguments": event.get("input"), "id": event.get("id")}
        return {"role": "assistant", "tool_calls": [call]}
    if kind.endswith("tool_result"):
        where = next((event[k] for k in _CALLS if event.get(k)), None)
        return {"role": "tool", "content": event.get("content"), "tool_call_id": where}
    return None


_CALLS = ("tool_use_id", "custom_tool_use_id", "mcp_tool_use_id")


def _joined(turns: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Return the turns, calls that an agent made at once in one of them."""
    joined: list[dict[str, Json]] = []
    for turn in turns:
        if joined and "tool_calls" in turn and joined[-1]["role"] == "assistant":
            before = joined[-1].get("tool_calls", [])
            joined[-1] = {**joined[-1], "tool_calls": [*before, *turn["tool_calls"]]}
        else:
            joined.append(turn)
    return joined


ANTHROPIC_SESSIONS = Reader(
    name="anthropic-sessions",
    about="recorded sessions of Anthropic's managed agents",
    matches=_is_event,
    read=_read_session,
    thread=_thread,
)
