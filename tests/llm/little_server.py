"""A small real server in the shape of OpenAI's API that counts what it was asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["LittleServer", "little_server"]


class LittleServer(ThreadingHTTPServer):
    """Answers each chat with its last text in capitals, and tells as many tokens as it may."""

    daemon_threads = True
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
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def calls(self) -> int:
        return self.asked.total()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LittleServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        if text in self.server.refused:
            self._send({"error": {"message": "this prompt is refused"}}, status=400)
            return
        usage = _usage(body)
        with self.server.counting:
            self.server.asked[text] += body.get("n") or 1
            self.server.tokens += usage["total_tokens"]
            self.server.keys.add(self.headers.get("Authorization", ""))
        self._send(_completion(body, text, usage))

    def _send(self, answer: dict[str, Any], *, status: int = 200) -> None:
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


def _usage(body: dict[str, Any]) -> dict[str, int]:
    """Return a token for each word of the prompt, and `max_tokens` for each answer."""
    prompt = sum(len(message["content"].split()) for message in body["messages"])
    completion = (body.get("max_tokens") or 20) * (body.get("n") or 1)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _completion(body: dict[str, Any], text: str, usage: dict[str, int]) -> dict[str, Any]:
    said = {"role": "assistant", "content": text.upper()}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {"index": n, "message": said, "finish_reason": "stop", "logprobs": None}
            for n in range(body.get("n") or 1)
        ],
        "usage": usage,
    }


@contextmanager
def little_server() -> Iterator[LittleServer]:
    """Run one on a free port for as long as the block lasts."""
    server = LittleServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
