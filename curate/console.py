"""What a person at a terminal sees while something runs: bars on work over two seconds."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

__all__ = ["Progress", "bar", "say"]

Progress = Callable[[int, int], None]
"""Called with (done, total) as work goes on."""

_QUIET_SECONDS = 2.0


def say(line: str) -> None:
    """Print one line to the person, beside the result that goes to standard output."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def bar(label: str) -> Iterator[Progress]:
    """Give a callback that draws a progress bar once the work has lasted two seconds.

    Where standard error is no terminal nothing is drawn.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    began = time.monotonic()
    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=None, visible=False)

        def show(done: int, total: int) -> None:
            late = time.monotonic() - began > _QUIET_SECONDS
            bars.update(task, completed=done, total=total, visible=late)

        yield show
