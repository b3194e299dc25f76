"""A strategy that weighs need against something else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Offer, Picker
from curate.select.uncertainty import Spoken, unscored

__all__ = ["Scored"]

Ints = npt.NDArray[np.int64]


class Scored:
    """Says a row's need beside what the strategy over it says.

    Args:
        offer: What a strategy may look at; rows without a need are never offered.
        part: What picks the rows.
    """

    def __init__(self, offer: Offer, part: Picker) -> None:
        self.refused = unscored(offer)
        self._say = Spoken(offer)
        self._part = part

    def offer(self) -> int:
        """Return the best open row, or -1."""
        return self._part.offer()

    def take(self, row: int) -> str:
        """Count `row` as picked; say its need, its rank, and why it was offered."""
        return f"{self._say(row)}; {self._part.take(row)}"

    def close(self, rows: Ints) -> None:
        """Never offer `rows`."""
        self._part.close(rows)
