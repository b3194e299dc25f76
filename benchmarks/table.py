"""What every benchmark shares: running two ways in turn, and one table of what came out."""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Row", "data_file", "finish", "json_path", "print_table", "race", "timed", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    step: str
    """What was done, on how much, and in which unit `ours` and `peer` are."""
    ours: float
    peer: float
    """NaN where the peer is not installed or there is none."""
    ratio: float
    """How many times better ours is than the peer; NaN without a peer."""
    quality_ours: float = float("nan")
    quality_peer: float = float("nan")
    target: str = ""
    """What was promised, in words (``>= 10x``)."""
    met: bool | None = None
    """None where nothing was promised or it could not be measured."""
    note: str = ""
    """The peer's name, the quality's name, what is missing."""


def timed(fn: Callable[[], object], rounds: int = 3) -> float:
    """Return the median wall-clock seconds of `rounds` calls."""
    return statistics.median(_seconds(fn) for _ in range(rounds))


def race(
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float, float]:
    """Run both in turn, `rounds` times.

    In turn, so that whatever else the machine does falls on both.

    Args:
        ours: What is measured.
        peer: What it is measured against.
        rounds: How often each is run.
        clock: ``time.process_time`` counts CPU seconds of this process, on all its threads.

    Returns:
        Median seconds of ours, of the peer, and the median of peer / ours by round.
    """
    laps = [(_seconds(ours, clock), _seconds(peer, clock)) for _ in range(rounds)]
    return (
        statistics.median(a for a, _ in laps),
        statistics.median(b for _, b in laps),
        statistics.median(b / a for a, b in laps),
    )


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows, aligned, one line each."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEAD))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def write(rows: Sequence[Row], path: str | Path) -> None:
    """Write the rows as a JSON list; what is not known is null."""
    plain = [{k: _null(v) for k, v in asdict(row).items()} for row in rows]
    Path(path).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


def finish(rows: Sequence[Row], path: str | Path | None) -> None:
    """Print the table, and write it where a path was given."""
    print_table(rows)
    if path is not None:
        write(rows, path)


def json_path(argv: Sequence[str] | None = None) -> Path | None:
    """Read ``--json FILE`` from the command line; None where it was not given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, default=None, help="also write the rows here")
    path: Path | None = parser.parse_args(argv).json
    return path


def data_file(name: str) -> Path | None:
    """Return the path of a file of real data, or None, said aloud, where it is missing."""
    path = Path(os.environ.get("CURATE_DATA", "../shared/data")) / name
    if path.exists():
        return path
    print(f"{path}: missing; set CURATE_DATA to the folder that holds it. Skipped.")
    return None


_HEAD = ("step", "ours", "peer", "ratio", "quality ours", "quality peer", "target", "met", "note")


def _seconds(fn: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    fn()
    return clock() - start


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (row.ours, row.peer, row.ratio, row.quality_ours, row.quality_peer)
    met = {True: "yes", False: "NO", None: "-"}[row.met]
    return (row.step, *(_figure(n) for n in numbers), row.target, met, row.note)


def _figure(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:.4g}"


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
