"""LangSmith runs and examples, as exported and as its SDK posts them; LangChain messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError, each
from curate.ingest.fields import first, leftover, time_of, tools_of
from curate.ingest.messages import chat, is_chat, said
from curate.ingest.reader import Reader
from curate.ingest.readers import openai_chat
from curate.ingest.readers.wire import failure, params_of

__all__ = ["LANGSMITH"]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]


def _is_langsmith(row: Row) -> bool:
    if isinstance(row.get("post"), list) or isinstance(row.get("patch"), list):
        return True
    if "run_type" in row:
        return True
    return isinstance(row.get("inputs"), dict) and isinstance(row.get("outputs"), dict)


def _read_langsmith(row: Row, context: Context) -> Iterator[Exchange | RowError]:
    return each(_runs(row), _exchange)


def _runs(row: Row) -> list[Row]:
    """Return the runs of a row, what was posted first completed by what was patched later."""
    if "post" not in row and "patch" not in row:
        return [row]
    runs: dict[str, dict[str, Json]] = {}
    for piece in [*(row.get("post") or ()), *(row.get("patch") or ())]:
        name = str(piece.get("id") or piece.get("trace_id"))
        run = runs.setdefault(name, {})
        run |= {k: v for k, v in piece.items() if v not in (None, {}, [])}
    return list(runs.values())


def _exchange(run: Row) -> Exchange:
    kind = run.get("run_type")
    if kind in ("tool", "retriever", "embedding", "parser"):
        raise RowError(f"a {kind} run, which holds no chat")
    inputs, outputs = run.get("inputs"), run.get("outputs")
    if not isinstance(inputs, dict):
        raise RowError("a run without inputs")
    if run.get("error"):
        raise RowError(f"the run failed: {str(run['error'])[:200]}")
    about = _about(run)
    if not outputs:
        raise RowError("a run without outputs (posted, but never finished)")
    if "choices" in outputs and ("messages" in inputs or "prompt" in inputs):
        if why := failure({}, outputs):
            raise RowError(why)
        request = {**inputs, "messages": _messages(inputs.get("messages"))}
        return openai_chat.exchange_of(request, outputs, **about)
    answers = _answers(run, inputs, outputs)
    return Exchange(messages=_prompt(inputs), answers=answers, tools=tools_of(inputs), **about)


def _about(run: Row) -> dict[str, Json]:
    extra = run.get("extra")
    marks = extra.get("metadata") if isinstance(extra, dict) else None
    marks = marks if isinstance(marks, dict) else {}
    group = first({**run, **marks}, ("session_id", "thread_id", "conversation_id", "trace_id"))
    notes = leftover(run, _NOT_NOTES) or {}
    return {
        "group": None if group is None else str(group),
        "time": time_of(run),
        "key": f"run={run['id']}" if run.get("id") else None,
        "metadata": {**notes, **(leftover(marks, ()) or {})} or None,
    }


_NOT_NOTES = frozenset(
    "inputs outputs extra serialized events id trace_id dotted_order child_runs start_time "
    "end_time attachments session_name error run_type manifest".split()
)


def _prompt(inputs: Row) -> list[Message]:
    messages = first(inputs, ("messages", "input", "chat_history", "question", "prompt", "query"))
    if messages is None:
        texts = [v for v in inputs.values() if isinstance(v, str)]
        if len(texts) != 1:
            raise RowError(f"no messages among the inputs ({', '.join(map(str, inputs))})")
        messages = texts[0]
    return [said("user", messages)] if isinstance(messages, str) else chat(_messages(messages))


def _messages(raw: Json) -> Json:
    """Return messages with LangChain's own ones unpacked; a batch of one chat is that chat."""
    if isinstance(raw, list) and len(raw) == 1 and isinstance(raw[0], list):
        raw = raw[0]
    if isinstance(raw, dict):
        raw = [raw]
    return [_message(one) for one in raw] if isinstance(raw, list) else raw


def _message(raw: Json) -> Json:
    if isinstance(raw, list) and len(raw) == 2:
        return {"role": raw[0], "content": raw[1]}
    if not isinstance(raw, dict) or "role" in raw:
        return raw
    inner = raw.get("kwargs") or raw.get("data") or raw
    kind = inner.get("type") or raw.get("type")
    if raw.get("lc") and isinstance(raw.get("id"), list):
        kind = str(raw["id"][-1])
    role = str(kind).removesuffix("Chunk").removesuffix("Message").lower()
    more = inner.get("additional_kwargs")
    rest = {k: inner.get(k) for k in ("content", "name", "tool_call_id", "tool_calls")}
    if isinstance(more, dict) and not rest["tool_calls"]:
        rest["tool_calls"] = more.get("tool_calls")
    return {"role": inner.get("role") or role, **{k: v for k, v in rest.items() if v is not None}}


def _answers(run: Row, inputs: Row, outputs: Row) -> list[Answer]:
    model = _model(run, inputs)
    params = params_of(inputs) if "model" in inputs else None
    return [
        Answer(message={**message, "role": "assistant"}, model=model, params=params)
        for message in _outputs(outputs)
    ]


def _outputs(outputs: Row) -> list[Message]:
    generations = outputs.get("generations")
    if isinstance(generations, list) and generations:
        inner = generations[0] if isinstance(generations[0], list) else generations
        return [_generation(one) for one in inner]
    value = first(outputs, ("messages", "output", "message", "content", "answer", "text", "result"))
    if value is None:
        texts = [v for v in outputs.values() if isinstance(v, str)]
        if len(texts) != 1:
            raise RowError(f"no answer among the outputs ({', '.join(map(str, outputs))})")
        value = texts[0]
    if isinstance(value, str):
        return [said("assistant", value)]
    if isinstance(value, list) and not is_chat(_messages(value)):
        return chat([{"role": "assistant", "content": value}])[-1:]
    return chat(_messages(value))[-1:]


def _generation(one: Row) -> Message:
    message = one.get("message")
    if isinstance(message, dict):
        return chat([_message(message)])[-1]
    return said("assistant", str(one.get("text") or ""))


def _model(run: Row, inputs: Row) -> str:
    about = _about(run)["metadata"] or {}
    model = inputs.get("model") or about.get("ls_model_name") or about.get("model")
    return model if isinstance(model, str) else ""


LANGSMITH = Reader(
    name="langsmith",
    about="LangSmith runs and examples (inputs, outputs), and what its SDK posts",
    matches=_is_langsmith,
    read=_read_langsmith,
)
