"""A real Argilla for tests: started in a folder of its own, stopped at the end."""

from __future__ import annotations

import os
import random
import socket
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from curate.review.server import Server, down, up

with warnings.catch_warnings():  # importing it trips deprecations of a newer pydantic
    warnings.simplefilter("ignore")
    import argilla as rg

__all__ = ["free_port", "rg", "running_argilla"]


@contextmanager
def running_argilla(home: Path) -> Iterator[Server]:
    """Yield a fresh server under `home`.

    It is installed once, into `$CURATE_ARGILLA_ENV` or beside the user's own
    (`$CURATE_HOME`, else `~/.curate`), and found there by every later run.
    """
    _share_the_installation()
    server = up(home, port=free_port())
    try:
        yield server
    finally:
        down(home)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on.

    Below the range from which the system serves outgoing connections, so that nobody
    takes it while a server is stopped and started again.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with closing(socket.socket()) as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def _share_the_installation() -> None:
    if "CURATE_ARGILLA_ENV" not in os.environ:
        shared = Path(os.environ.get("CURATE_HOME") or "~/.curate").expanduser()
        os.environ["CURATE_ARGILLA_ENV"] = str(shared / "argilla-server-2.8.0")
