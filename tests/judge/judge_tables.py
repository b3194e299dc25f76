"""Small pools for the tests of judges, and judges that say what a function says."""

import json

import pyarrow as pa

from curate.config import JudgeConfig, JudgeMemberConfig
from curate.judge import Items, judges_from
from curate.llm.calls import Reply
from curate.records import CANDIDATES, RECORDS, Message


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


def records(*metadata, messages=None):
    """Records r0, r1, … that ask "0 + 0?", "1 + 1?", …"""
    rows = [
        {
            "id": f"r{n}",
            "messages": messages or [turn("user", f"{n} + {n}?")],
            "metadata": json.dumps(about),
        }
        for n, about in enumerate(metadata)
    ]
    return pa.Table.from_pylist(rows, schema=RECORDS)


def candidates(*answers):
    """Candidates c0, c1, … of (record, text)."""
    rows = [
        {"id": f"c{n}", "record_id": record, "message": turn("assistant", text), "model": f"m{n}"}
        for n, (record, text) in enumerate(answers)
    ]
    return pa.Table.from_pylist(rows, schema=CANDIDATES)


def pairs(*sides):
    """Pairs p0, p1, … of (record, a, b)."""
    rows = [{"id": f"p{n}", "record_id": r, "a": a, "b": b} for n, (r, a, b) in enumerate(sides)]
    return pa.Table.from_pylist(rows, schema=pa.schema([(c, pa.string()) for c in _PAIR]))


_PAIR = ("id", "record_id", "a", "b")


def judges(*prompts, reference=None, folder=None, **keys):
    members = [JudgeMemberConfig(model="m", name=p, prompt=p, **keys) for p in prompts]
    return judges_from(JudgeConfig(judges=members, reference=reference), folder=folder)


def says(script, log=None):
    """Return an asker that answers each call with what `script` says of it."""

    def ask(calls):
        for call in calls:
            if log is not None:
                log.append(call)
            said = script(call)
            yield said if isinstance(said, Reply) else reply(said)

    return lambda one: ask


def reply(text, **more):
    message = Message(role="assistant", content=text)
    return Reply(message=message, finish_reason=more.pop("finish_reason", "stop"), **more)


def one_pool():
    """One question, a short and a long answer, and their pair."""
    table = candidates(("r0", "zero"), ("r0", "It is nil, nought, nothing."))
    return Items(records({"answer": "0"}), candidates=table, pairs=pairs(("r0", "c0", "c1")))
