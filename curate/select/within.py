"""A strategy over a part of the pool."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Picker

__all__ = ["Within"]


class Within:
    """Offers rows of a part of the pool under their number in the whole.

    Args:
        rows: The part's rows, shape (n_part,); of equal ones the strategy offers the first.
        part: Picks among them, by position.
    """

    def __init__(self, rows: npt.NDArray[np.int64], part: Picker) -> None:
        self._rows = rows.tolist()
        self._place = {row: at for at, row in enumerate(self._rows)}
        self._part = part
        self.refused = {self._rows[at]: reason for at, reason in part.refused.items()}

    def offer(self) -> int:
        """Return the best open row, or -1."""
        at = self._part.offer()
        return self._rows[at] if at >= 0 else -1

    def take(self, row: int) -> str:
        """Count `row` as picked and say why it was offered."""
        return self._part.take(self._place[row])

    def close(self, rows: npt.NDArray[np.int64]) -> None:
        """Never offer `rows`."""
        places = [self._place[row] for row in rows.tolist() if row in self._place]
        self._part.close(np.array(places, np.int64))

    def __contains__(self, row: int) -> bool:
        return row in self._place
