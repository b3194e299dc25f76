"""How heavy a call is before it is sent: its tokens as they are likely, and as they are at most.

In: calls. Out: tokens. Models differ in how they cut text, and a server puts its own template
around a chat: the likely count is tiktoken's, the bound holds for any tokenizer that makes at
most one token of a byte (all byte-level and byte-fallback ones).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curate.llm.calls import Call

if TYPE_CHECKING:
    from curate.tokens import Tokenizer

__all__ = [
    "OPEN_ENDED",
    "PromptTokens",
    "completion_limit",
    "likely_prompt_tokens",
    "most_prompt_tokens",
]

Json = Any
Chat = Sequence[Mapping[str, Json]]

OPEN_ENDED = 4096
"""Completion tokens that are reserved for a call that sets no limit."""
_PICTURE = 4096
"""Tokens that are reserved for an image or a sound; the likely count takes a quarter of it."""
_AROUND_MESSAGE = 3
"""Tokens around each message in OpenAI's chats, and after the last (OpenAI's cookbook)."""
_TEMPLATE = 256
"""Most tokens that a chat template puts around a chat: a default system prompt, a date, …"""
_TEMPLATE_MESSAGE = 16
"""Most tokens that it puts around one message."""


def completion_limit(params: Mapping[str, Json]) -> int | None:
    """Return the most tokens that an answer may have, or None where the call sets no limit.

    Nought and less, -1 above all, stand for no limit at servers that take them.

    >>> completion_limit({"max_tokens": 100}), completion_limit({"temperature": 1})
    (100, None)
    """
    limits = (params.get(name) for name in ("max_completion_tokens", "max_tokens"))
    limit = next((int(limit) for limit in limits if limit is not None), None)
    return limit if limit is not None and limit > 0 else None


def most_prompt_tokens(call: Call) -> int:
    """Return a number of prompt tokens that no tokenizer passes: one for each byte of text."""
    texts, pictures = _texts(call)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    around = _TEMPLATE + _TEMPLATE_MESSAGE * len(call.messages)
    return size + around + pictures * _PICTURE


def likely_prompt_tokens(calls: Iterable[Call], *, tokenizer: Tokenizer) -> Iterator[int]:
    """Give the prompt tokens of each call, as OpenAI counts them."""
    return map(PromptTokens(tokenizer), calls)


class PromptTokens:
    """Counts the prompt tokens of calls as OpenAI does; of equal neighbours once.

    Args:
        tokenizer: By which text is cut.

    >>> chat = ({"role": "user", "content": "hello world"},)
    >>> PromptTokens("o200k_base")(Call(model="m", base_url="", messages=chat))
    9
    """

    def __init__(self, tokenizer: Tokenizer):
        self._tokenizer = tokenizer
        self._last: tuple[Chat, Json] | None = None
        self._tokens = 0

    def __call__(self, call: Call) -> int:
        """Return the likely prompt tokens of a call."""
        prompt = (call.messages, [call.params.get(name) for name in _TOLD])
        if prompt != self._last:
            self._last, self._tokens = prompt, self._count(call)
        return self._tokens

    def _count(self, call: Call) -> int:
        from curate.tokens import count

        texts, pictures = _texts(call)
        around = _AROUND_MESSAGE * (len(call.messages) + 1)
        tokens = int(count(texts, tokenizer=self._tokenizer).sum())
        return tokens + around + pictures * _PICTURE // 4


def _texts(call: Call) -> tuple[list[str], int]:
    """Return the texts of a call that become prompt tokens, and how many pictures stand in it."""
    texts: list[str] = []
    pictures = 0
    for message in call.messages:
        for name, value in message.items():
            if name == "content" and not isinstance(value, str | None):
                spoken = [part for part in value if part.get("type") == "text"]
                texts += [part.get("text") or "" for part in spoken]
                pictures += len(value) - len(spoken)
            elif value is not None:
                texts.append(value if isinstance(value, str) else _json(value))
    told = (call.params.get(name) for name in _TOLD)
    return [*texts, *(_json(value) for value in told if value is not None)], pictures


_TOLD = ("tools", "functions", "response_format", "structured_outputs")
"""Parameters that the model is told in its prompt."""


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=dict)
