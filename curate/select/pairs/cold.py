"""What chooses pairs while nothing is known of any answer's worth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.pool import Answers
from curate.select.strategies import Offer, Picker, strategies

__all__ = ["cold", "nothing_known"]


def nothing_known(answers: Answers) -> bool:
    """Whether there is no reward at all to choose by: no comparison, no judge, no committee."""
    return bool(np.isnan(answers.reward).all())


def cold(offer: Offer) -> Picker:
    """Offer pairs by `select.cold_start.strategy`, saying so.

    Raises:
        ConfigError: If that strategy is not known.
    """
    name = offer.config.cold_start.strategy
    return _Cold(strategies.get(name)(offer), name)


class _Cold:
    """Says that nothing was known, beside what another picker says."""

    def __init__(self, part: Picker, name: str) -> None:
        self.refused = part.refused
        self._part, self._name = part, name

    def offer(self) -> int:
        return self._part.offer()

    def take(self, row: int) -> str:
        return f"{self._part.take(row)} ({self._name}: nothing known of any answer yet)"

    def close(self, rows: npt.NDArray[np.int64]) -> None:
        self._part.close(rows)
