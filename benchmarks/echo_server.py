"""A server in the shape of OpenAI's API that does next to nothing, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["echo_server"]

_TOKENS = 12


@contextmanager
def echo_server() -> Iterator[str]:
    """Give the base URL of a server that answers every request with the same completion."""
    command = [sys.executable, "-m", "benchmarks.echo_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        if child.stdout is None:
            raise RuntimeError("no pipe to the echo server")
        try:
            yield child.stdout.readline().decode().strip()
        finally:
            child.kill()


def _answer() -> bytes:
    row = {"token": "Paris", "logprob": -0.25, "bytes": [80], "top_logprobs": []}
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Paris is the capital of France."},
        "finish_reason": "stop",
        "logprobs": {"content": [row] * _TOKENS},
    }
    usage = {"prompt_tokens": 40, "completion_tokens": _TOKENS, "total_tokens": 40 + _TOKENS}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "echo"}
    raw = json.dumps(body | {"choices": [choice], "usage": usage}).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


class _Echo(asyncio.Protocol):
    """Reads requests no further than their length, and writes the same bytes for each."""

    said = _answer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._held = b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._end()) <= len(self._held):
            self._held = self._held[end:]
            self._transport.write(self.said)  # type: ignore[attr-defined]

    def _end(self) -> int:
        """Return where the first request ends; past what is held if it is not whole."""
        head, found, _ = self._held.partition(b"\r\n\r\n")
        if not found:
            return len(self._held) + 1
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return len(head) + 4 + int(length or 0)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Echo, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
