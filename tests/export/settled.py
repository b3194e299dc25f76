"""Settled rows with their records, in a few words each."""

from curate.records import Candidate, Curated, Message, Record, ToolCall

USER = Message(role="user", content="What color is the sky?")


def said(text, **more):
    return Message(role="assistant", content=text, **more)


def record(name="r", *messages, group="", tools=None):
    return Record(id=name, messages=messages or (USER,), group=group, tools=tools)


def settled(name, outcome, chosen=None, rejected=None, *, record_id="r", sources=()):
    task = "rank" if outcome in ("a", "b", "tie", "both_bad") else "rewrite"
    return Curated(
        id=name,
        item_id=f"i-{name}",
        record_id=record_id,
        task=task,
        outcome=outcome,
        chosen=said(chosen) if isinstance(chosen, str) else chosen,
        rejected=said(rejected) if isinstance(rejected, str) else rejected,
        support=1.0,
        n_responses=1,
        agreement=float("nan"),
        sources=tuple(sources),
    )


def candidate(name, text, record_id="r"):
    return Candidate(id=name, record_id=record_id, message=said(text))


def look(arguments, id="call_1"):
    return Message(
        role="assistant", tool_calls=(ToolCall(name="look", arguments=arguments, id=id),)
    )


SEEN = Message(role="tool", content="blue", tool_call_id="call_1", name="look")
TOOLS = '[{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]'
