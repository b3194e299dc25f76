"""The rule for what comparisons are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.select.pairs.cold import cold, nothing_known
from curate.select.pairs.connected import picker as connected_picker
from curate.select.pairs.delta_ucb import picker as delta_ucb_picker
from curate.select.pairs.design import bald_picker
from curate.select.pairs.gaps import compared
from curate.select.pairs.unfit import too_long
from curate.select.strategies import Offer, Picker, Strategy

__all__ = ["RULES", "Fit", "picker"]

Objective = Literal["reward_model", "dpo", "ranking"]

RULES: Mapping[Objective, Strategy] = {
    "reward_model": bald_picker,
    "dpo": delta_ucb_picker,
    "ranking": connected_picker,
}
"""`select.objective`: what chooses for it."""


def picker(offer: Offer) -> Picker:
    """Offer pairs by the rule of `select.objective`, none whose lengths differ too much.

    While no reward is known of any answer, `select.cold_start.strategy` chooses.

    Raises:
        ConfigError: If rows are not pairs of known answers.
    """
    answers, pairs = compared(offer, "pairs")
    most = offer.config.length_ratio
    part = (cold if nothing_known(answers) else RULES[offer.config.objective])(offer)
    if most is None:
        return part
    unfit = too_long(pairs, np.asarray(answers.length, np.float64), most)
    return Fit(part, {row: reason for row, reason in unfit.items() if offer.open[row]})


class Fit:
    """Offers what another picker offers, but for pairs that are not fit to be asked.

    Args:
        part: What picks.
        unfit: Pairs that are never offered: reason.
    """

    def __init__(self, part: Picker, unfit: Mapping[int, str]) -> None:
        self.refused = {**part.refused, **unfit}
        self._part = part
        part.close(np.array(sorted(unfit), np.int64))

    def offer(self) -> int:
        """Return the best pair that is still open, or -1."""
        return self._part.offer()

    def take(self, row: int) -> str:
        """Count a pair as asked and say why it was offered."""
        return self._part.take(row)

    def close(self, rows: npt.NDArray[np.int64]) -> None:
        """Never offer `rows`."""
        self._part.close(rows)
