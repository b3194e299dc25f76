"""What strategies that go by a model share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError
from curate.select.beliefs import Beliefs
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty, unscored

__all__ = ["beliefs_of", "highest_first"]


def beliefs_of(offer: Offer, strategy: str) -> Beliefs:
    """Return what the model believes of the rows.

    Args:
        offer: What a strategy may look at.
        strategy: The strategy's name, for the message.

    Raises:
        ConfigError: If there is no model.
    """
    if offer.pool.beliefs is None:
        raise ConfigError(
            f"`select.strategy: {strategy}` goes by a model of this project's answers, and there "
            "is none yet: collect answers first (`select.cold_start` says which rows are asked "
            "until then, `learn.least` how many it takes), or choose by a score (hybrid) or by "
            "coverage (typical)"
        )
    return offer.pool.beliefs


def highest_first(offer: Offer, values: npt.NDArray[np.float64], name: str) -> InOrder:
    """Offer rows by `values` in place of the need; those of NaN never.

    Args:
        offer: What a strategy may look at.
        values: Higher = earlier, shape (n_rows,).
        name: What to call them in a reason.
    """
    scored = replace(offer, need=values, need_name=name)
    return InOrder(scored, uncertainty(values, len(values)), unscored(scored))
