"""The form of raw rows, watched file by file while they are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curate.checks.check import Found
from curate.checks.watch import Watch

__all__ = ["Watches"]


class Watches:
    """One `Watch` for each file, since each file has a form of its own.

    Args:
        target: What the files are for; None = told from the columns of each.
    """

    def __init__(self, target: str | None = None):
        self._target = target
        self._of_file: dict[str, Watch] = {}

    def add(self, file: str, number: int, row: object) -> None:
        """Look at a raw row; `number` counts the raw rows of all files from 0."""
        watch = self._of_file.get(file)
        if watch is None:
            watch = self._of_file[file] = Watch(self._target)
        watch.add(number, row)

    def found(self, raw: npt.NDArray[np.int64]) -> list[Found]:
        """Return what `format` and `mixed-schema` found.

        Args:
            raw: The raw row behind each row, ascending, shape (n_rows,).
        """

        def rows_of(number: int) -> Sequence[int]:
            return range(*np.searchsorted(raw, [number, number + 1]).tolist())

        said = {file: watch.found(rows_of) for file, watch in self._of_file.items()}
        return (
            [_joined({file: both[n] for file, both in said.items()}) for n in (0, 1)]
            if said
            else []
        )


def _joined(of_file: dict[str, Found]) -> Found:
    first = next(iter(of_file.values()))
    if len(of_file) == 1:
        return first
    return Found(
        check=first.check,
        findings=tuple(finding for found in of_file.values() for finding in found.findings),
        looked_at=sum(found.looked_at for found in of_file.values()),
        figures={file: dict(found.figures) for file, found in of_file.items()},
    )
