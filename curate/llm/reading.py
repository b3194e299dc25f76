"""From a server's answer to replies; what is wrong with it becomes a reason, never an exception.

In: the body of a chat completion, as bytes, text or parsed JSON. Out: one `Reply` a choice. Every
compatible server has its own way of leaving things out: content null beside tool calls, reasoning
under two names, log-probabilities in three shapes, usage missing or of one choice only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from curate.llm.calls import Call, Reply
from curate.llm.weight import likely_prompt_tokens
from curate.records import Message, ToolCall

__all__ = ["count_message", "count_prompt", "read_replies", "said_in"]

Json = Any
_Logprobs = tuple[tuple[float, ...], tuple[Mapping[str, float], ...]]

_MOST_TOKENS = 100_000_000
"""No answer has more; a figure past it is none."""
_SHOWN = 300


class _Malformed(Exception):
    """A shape that cannot be read; never leaves this module."""


def read_replies(
    body: Json, messages: Sequence[Mapping[str, Json]], *, asked: int = 1
) -> list[Reply]:
    """Return what a server's answer holds, one reply a choice, in the order of the choices.

    Tokens are taken from the server's usage if one choice was asked for and the figures can be
    true; else they are counted, from the log-probabilities or with tiktoken, and the reply says
    so. The prompt's tokens stand on the first reply that can be read, 0 on the others.

    Args:
        body: The answer: bytes, text, or JSON that was parsed already.
        messages: The chat that was sent, for counting its tokens.
        asked: How many choices were asked for (``n``); what is beyond them is left.

    Returns:
        At most `asked` replies, at least one; fewer than `asked` where the server sent fewer. One
        that cannot be read has its reason in `why_failed`.

    >>> said = '{"choices": [{"message": {"content": "Paris"}, "finish_reason": "stop"}]}'
    >>> [reply.text for reply in read_replies(said, ())]
    ['Paris']
    >>> read_replies('{"choices": []}', ())[0].why_failed
    'the answer holds no choices'
    """
    try:
        answer = _parsed(body)
        replies = [_reply(choice) for choice in _choices(answer)[:asked]]
        return _with_tokens(replies, answer, messages, asked)
    except _Malformed as why:
        return [Reply.failed(str(why))]
    except RecursionError:
        return [Reply.failed("the answer is nested too deeply")]


def said_in(body: Json) -> str:
    """Return in one line, of 300 characters at most, what the body of a server's error says.

    What cannot be printed (half a surrogate pair, a terminal's control codes) becomes U+FFFD.

    >>> said_in('{"error": {"message": "no such model"}}')
    'no such model'
    """
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        found = text
    return _shortened(_words(found))


def count_prompt(messages: Iterable[Mapping[str, Json]]) -> int:
    """Return about how many tokens a chat has as a prompt: its texts, and the marks around them.

    Counted with ``o200k_base``, so for other families of models an estimate.
    """
    call = Call(model="", base_url="", messages=tuple(messages))
    return next(likely_prompt_tokens([call], tokenizer="o200k_base"))


def count_message(message: Message) -> int:
    """Return about how many tokens a generated message has: text, reasoning, tool calls."""
    texts = [message.content, message.refusal, message.thinking]
    texts += [part for call in message.tool_calls for part in (call.name, call.arguments)]
    return _count([text for text in texts if text])


def _parsed(body: Json) -> Mapping[str, Json]:
    if isinstance(body, bytes | str):
        try:
            body = json.loads(body)
        except ValueError as bad:
            raise _Malformed(f"the answer is no JSON ({_shortened(str(bad))})") from bad
    if not isinstance(body, Mapping):
        raise _Malformed(f"the answer is {_kind(body)}, not an object")
    return body


def _choices(answer: Mapping[str, Json]) -> list[Json]:
    """Return the choices in the order of their index."""
    choices = answer.get("choices")
    if not choices and answer.get("error"):
        raise _Malformed(f"the server says: {said_in(answer)}")
    if not choices:
        raise _Malformed("the answer holds no choices")
    if not isinstance(choices, list):
        raise _Malformed(f"the choices are {_kind(choices)}, not a list")
    at = [choice.get("index") if isinstance(choice, Mapping) else None for choice in choices]
    told = all(type(i) is int for i in at) and len(set(at)) == len(at)
    return sorted(choices, key=lambda choice: int(choice["index"])) if told else choices


def _reply(choice: Json) -> Reply:
    try:
        if not isinstance(choice, Mapping):
            raise _Malformed(f"a choice is {_kind(choice)}, not an object")
        if choice.get("error"):
            raise _Malformed(f"the server says: {said_in(choice)}")
        message = _message(choice)
    except _Malformed as why:
        return Reply.failed(str(why))
    logprobs, alternatives = _logprobs(choice.get("logprobs"))
    return Reply(
        message=message,
        finish_reason=_name(choice.get("finish_reason")),
        logprobs=logprobs,
        alternatives=alternatives,
    )


def _message(choice: Mapping[str, Json]) -> Message:
    said = choice.get("message")
    if said is None and isinstance(choice.get("text"), str):
        return Message(role="assistant", content=choice["text"])
    if not isinstance(said, Mapping):
        raise _Malformed(f"the message is {_kind(said)}, not an object")
    content, thinking, parts = _content(said.get("content"))
    return Message(
        role="assistant",
        content=content,
        tool_calls=_tool_calls(said),
        refusal=_text(said.get("refusal")),
        thinking=_text(said.get("reasoning_content")) or _text(said.get("reasoning")) or thinking,
        parts=parts,
    )


def _content(content: Json) -> tuple[str | None, str | None, str | None]:
    """Return the text, the reasoning, and as JSON the parts that are neither."""
    if content is None or isinstance(content, str):
        return content, None, None
    if not isinstance(content, list) or not all(isinstance(p, Mapping) for p in content):
        raise _Malformed(f"the content is {_kind(content)}, not text")
    text = "".join(t for p in content if (t := _part_text(p, "text")) is not None)
    thinking = "".join(t for p in content if (t := _part_text(p, "thinking")) is not None)
    rest = [p for p in content if _part_text(p, "text") is None is _part_text(p, "thinking")]
    return text, thinking or None, json.dumps(rest) if rest else None


def _part_text(part: Mapping[str, Json], kind: str) -> str | None:
    """Return the text of a content part of this kind; None if it is of another."""
    if part.get("type") not in (kind, f"output_{kind}"):
        return None
    held = part.get(kind)
    if isinstance(held, list):
        return "".join(
            text for p in held if isinstance(p, Mapping) and (text := _text(p.get("text")))
        )
    return held if isinstance(held, str) else None


def _tool_calls(said: Mapping[str, Json]) -> tuple[ToolCall, ...]:
    calls = said.get("tool_calls") or []
    if not calls and said.get("function_call"):
        calls = [{"function": said["function_call"]}]
    if not isinstance(calls, list):
        raise _Malformed(f"the tool calls are {_kind(calls)}, not a list")
    return tuple(map(_tool_call, calls))


def _tool_call(call: Json) -> ToolCall:
    function = call.get("function") if isinstance(call, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(name, str):
        raise _Malformed("a tool call names no function")
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments)
    return ToolCall(name=name, arguments=arguments, id=_text(call.get("id")))


def _logprobs(given: Json) -> _Logprobs:
    """Return each token's log-probability and its likeliest tokens; nothing if any is none."""
    try:
        if isinstance(given, Mapping):
            rows = given.get("content") or given.get("refusal")
            return _by_token(rows) if rows else _by_column(given)
        return _by_token(given or ())
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return (), ()


def _by_token(rows: Sequence[Mapping[str, Json]]) -> _Logprobs:
    """Read ``[{"token": …, "logprob": …, "top_logprobs": [{"token": …, "logprob": …}]}]``."""
    logprobs = tuple([_logprob(row["logprob"]) for row in rows])
    if not any(row.get("top_logprobs") for row in rows):
        return logprobs, ()
    return logprobs, tuple([_likeliest(row.get("top_logprobs") or ()) for row in rows])


def _by_column(given: Mapping[str, Json]) -> _Logprobs:
    """Read the legacy ``{"token_logprobs": […], "top_logprobs": [{token: logprob}]}``."""
    logprobs = tuple([_logprob(value) for value in given.get("token_logprobs") or ()])
    tops = given.get("top_logprobs") or ()
    if len(tops) != len(logprobs):
        return logprobs, ()
    return logprobs, tuple([{t: _logprob(v) for t, v in (top or {}).items()} for top in tops])


def _likeliest(tops: Sequence[Mapping[str, Json]]) -> dict[str, float]:
    """Return token to log-probability; of tokens that are written alike, the likelier."""
    found: dict[str, float] = {}
    for top in tops:
        token, value = str(top["token"]), _logprob(top["logprob"])
        found[token] = max(value, found.get(token, -math.inf))
    return found


def _logprob(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError(f"{value!r} is no log-probability")
    return float(value)


def _with_tokens(
    replies: Sequence[Reply], answer: Mapping[str, Json], messages: Sequence[Json], asked: int
) -> list[Reply]:
    usage = answer.get("usage")
    prompt = _figure(usage, "prompt_tokens")
    served_by = _name(answer.get("model")) or ""
    out: list[Reply] = []
    first = True
    for reply in replies:
        if reply.message is not None:
            reported = _figure(usage, "completion_tokens") if asked == 1 else None
            spent, counted = _completion(reply, reply.message, reported)
            ahead = (count_prompt(messages) if prompt is None else prompt) if first else 0
            reply = replace(
                reply,
                prompt_tokens=ahead,
                completion_tokens=spent,
                tokens_counted=counted or (first and prompt is None),
                served_by=served_by,
            )
            first = False
        out.append(reply)
    return out


def _figure(usage: Json, name: str) -> int | None:
    """Return a number of tokens that can be true; None where usage has none."""
    value = usage.get(name) if isinstance(usage, Mapping) else None
    return value if type(value) is int and 0 < value < _MOST_TOKENS else None


def _completion(reply: Reply, message: Message, reported: int | None) -> tuple[int, bool]:
    """Return a reply's completion tokens, and whether they were counted here.

    What the server reports cannot be true if it is less than its own log-probabilities, or less
    than half of the words.
    """
    words = len((message.content or "").split())
    if reported is not None and reported >= max(len(reply.logprobs), words // 2):
        return reported, False
    return len(reply.logprobs) or count_message(message), True


def _count(texts: Sequence[str]) -> int:
    if not texts:
        return 0
    from curate import tokens

    return int(tokens.count(texts).sum())


def _words(found: Json) -> str:
    """Return what an error says, wherever the server put it."""
    if isinstance(found, Mapping):
        if isinstance(found.get("loc"), list):
            return f"{'.'.join(map(str, found['loc']))}: {found.get('msg')}"
        for key in ("error", "message", "detail", "msg"):
            if found.get(key):
                return _words(found[key])
    if isinstance(found, list) and found:
        return "; ".join(map(_words, found[:3]))
    return found if isinstance(found, str) else json.dumps(found, default=str)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    line = line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in line)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _name(value: Json) -> str | None:
    """Return what names a thing, in one line that any file can hold."""
    return _shortened(value) or None if isinstance(value, str) else None


def _kind(value: Json) -> str:
    names = {type(None): "missing", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")
