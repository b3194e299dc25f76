"""A small real server in the shape of OpenAI's API that counts what it was asked."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import AbstractContextManager
from typing import Any

from tests.json_server import JsonHandler, JsonServer, completion, serving

__all__ = ["LittleServer", "little_server"]


class LittleServer(JsonServer):
    """Answers each chat with its last text in capitals, and tells as many tokens as it may."""

    model = "little"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.tokens = 0
        self.keys: set[str] = set()
        self.refused: frozenset[str] = frozenset()
        """Texts that are refused with a 400."""
        self.counting = threading.Lock()

    @property
    def calls(self) -> int:
        return self.asked.total()


class _Handler(JsonHandler):
    server: LittleServer

    def do_POST(self) -> None:
        body = self.body()
        text = body["messages"][-1]["content"]
        if text in self.server.refused:
            self.send_json({"error": {"message": "this prompt is refused"}}, status=400)
            return
        usage = _usage(body)
        with self.server.counting:
            self.server.asked[text] += body.get("n") or 1
            self.server.tokens += usage["total_tokens"]
            self.server.keys.add(self.headers.get("Authorization", ""))
        self.send_json(completion(body["model"], [text.upper()] * (body.get("n") or 1), usage))


def _usage(body: dict[str, Any]) -> dict[str, int]:
    """Return a token for each word of the prompt, and `max_tokens` for each answer."""
    prompt = sum(len(message["content"].split()) for message in body["messages"])
    completion = (body.get("max_tokens") or 20) * (body.get("n") or 1)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def little_server() -> AbstractContextManager[LittleServer]:
    """Run one on a free port for as long as the block lasts."""
    return serving(LittleServer())
