"""What the small real servers of the tests share: a port of loopback, JSON in, JSON out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

__all__ = ["JsonHandler", "JsonServer", "completion", "serving"]


class JsonServer(ThreadingHTTPServer):
    """Listens on a free port; its own threads answer."""

    daemon_threads = True

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class JsonHandler(BaseHTTPRequestHandler):
    """Reads and sends JSON, and says nothing on the terminal."""

    protocol_version = "HTTP/1.1"

    def body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def send_json(self, answer: Any, *, status: int = 200) -> None:
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


Some = TypeVar("Some", bound=JsonServer)


@contextmanager
def serving(server: Some) -> Iterator[Some]:
    """Run a server for as long as the block lasts."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def completion(model: str, texts: Sequence[str], usage: Mapping[str, int]) -> dict[str, Any]:
    """Return an answer of OpenAI's chat API, a choice a text."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {
                "index": n,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
                "logprobs": None,
            }
            for n, text in enumerate(texts)
        ],
        "usage": dict(usage),
    }
