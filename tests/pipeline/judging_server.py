"""A small real server that judges: it counts what it was asked, and can be told to fail."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["JudgingServer", "judging_server"]


class JudgingServer(ThreadingHTTPServer):
    """Prefers whatever is longer, and grades by length; counts each distinct request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answered: Counter[str] = Counter()
        self.failing = ""
        """Requests with this text in them get 400."""
        self.said = "the prompt is too long"
        """What their refusal says."""
        self.pause = 0.0
        """Seconds that each answer takes."""
        self.counting = threading.Lock()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: JudgingServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        time.sleep(self.server.pause)
        if self.server.failing and self.server.failing in text:
            self._send(400, {"error": {"message": self.server.said}})
            return
        with self.server.counting:
            self.server.answered[json.dumps(body, sort_keys=True)] += 1
        self._send(200, _completion(body["model"], _verdict(text)))

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


def _verdict(text: str) -> str:
    shown = dict(re.findall(r"\[BEGIN (\w+) \w+\]\n(.*?)\n\[END ", text, re.S))
    if "answer" in shown:
        return json.dumps({"reasoning": "By length.", "grade": min(5, len(shown["answer"]))})
    a, b = len(shown["answer_a"]), len(shown["answer_b"])
    verdict = "A" if "coin" in text or a > b else "B"
    return json.dumps({"reasoning": "By length.", "verdict": verdict})


def _completion(model: str, text: str) -> dict[str, Any]:
    said = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": said, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }


@contextmanager
def judging_server() -> Iterator[JudgingServer]:
    """Run one on a free port for as long as the block lasts."""
    server = JudgingServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
