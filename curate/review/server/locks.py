"""One at a time: a lock on a file, which the operating system lets go of with the process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["locked"]


@contextmanager
def locked(file: Path, *, waiting: Callable[[], None]) -> Iterator[int]:
    """Hold a lock on `file`, and yield the descriptor that a child may inherit.

    The lock lasts until the last process that holds the descriptor closes it. `waiting`
    is called once if another has the lock, before waiting for it.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, waiting)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, waiting: Callable[[], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
