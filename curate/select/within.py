"""A strategy over a part of the pool."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Picker

__all__ = ["Within"]


class Within:
    """Offers rows of a part of the pool under their number in the whole.

    Args:
        rows: The part's rows, ascending, shape (n_part,).
        part: Picks among them, by position.
    """

    def __init__(self, rows: npt.NDArray[np.int64], part: Picker) -> None:
        self._rows = rows
        self._part = part
        self.refused = {int(rows[at]): reason for at, reason in part.refused.items()}

    def offer(self) -> int:
        """Return the best open row, or -1."""
        at = self._part.offer()
        return int(self._rows[at]) if at >= 0 else -1

    def take(self, row: int) -> str:
        """Count `row` as picked and say why it was offered."""
        return self._part.take(int(np.searchsorted(self._rows, row)))

    def close(self, rows: npt.NDArray[np.int64]) -> None:
        """Never offer `rows`."""
        self._part.close(np.flatnonzero(np.isin(self._rows, rows)))
