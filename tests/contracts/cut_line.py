"""A line to a server that can be cut at a chosen moment: a real TCP proxy, no mock."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress
from types import TracebackType
from typing import Literal

Moment = Literal["before", "after"]


class CutLine:
    """Forwards bytes to `port`, until a request for `path` that it is told to cut.

    Args:
        port: Of the real server on 127.0.0.1.
        path: A request line that holds this counts.
        let_through: How many of them pass first.
        moment: Cut before the server has the request, or after, so that only the answer is lost.
    """

    def __init__(self, port: int, *, path: str, let_through: int, moment: Moment):
        self._target, self._path, self._left, self._moment = (
            port,
            path.encode(),
            let_through,
            moment,
        )
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> CutLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.close()
        for end in self._open:
            _shut(end)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._server.accept()
                there = socket.create_connection(("127.0.0.1", self._target))
                self._open += [here, there]
                threading.Thread(target=self._up, args=(here, there), daemon=True).start()
                threading.Thread(target=self._down, args=(there, here), daemon=True).start()

    def _up(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError), closing(here), closing(there):
            while chunk := here.recv(65536):
                if not self._cut(chunk):
                    there.sendall(chunk)
                    continue
                if self._moment == "after":
                    self._lose_the_answer(chunk, here, there)
                _shut(here)
                return

    def _lose_the_answer(self, chunk: bytes, here: socket.socket, there: socket.socket) -> None:
        """Hand the whole request over and wait until the server has answered it."""
        head, _, body = chunk.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        while len(body) < length:
            more = here.recv(65536)
            chunk, body = chunk + more, body + more
        with socket.create_connection(("127.0.0.1", self._target)) as fresh:
            fresh.sendall(chunk)
            fresh.recv(1)

    def _cut(self, chunk: bytes) -> bool:
        if self._path not in chunk.partition(b"\r\n")[0]:
            return False
        self._left -= 1
        self.cuts += self._left < 0
        return self._left < 0

    def _down(self, there: socket.socket, here: socket.socket) -> None:
        with suppress(OSError):
            while chunk := there.recv(65536):
                here.sendall(chunk)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
