"""Rows whose label says most about the model's weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate import measure
from curate.errors import ConfigError
from curate.select.believed import beliefs_of, highest_first
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty

__all__ = ["bald", "picker"]

Ints = npt.NDArray[np.int64]


def bald(information: npt.ArrayLike, k: int, *, covered: Ints | None = None) -> Ints:
    """Pick the `k` rows with the highest mutual information of label and weights.

    ``H(mean_s p_s) - mean_s H(p_s)`` over draws s of the posterior (Houlsby et al., 2011): high
    where the draws contradict each other, each sure of itself, and not where the row is
    ambiguous. Use it where many rows are ambiguous by nature. Each row is taken by itself, so that
    alike rows are picked together (what they share, as BatchBALD would, it does not count): for
    large queues see `badge`, or `hybrid` with the information as need. No guarantee for the queue
    as a whole.

    Args:
        information: Nats, shape (n_rows,), as `LogisticHead.information` gives it; or draws of
            the posterior, shape (n_draws, n_rows, n_classes). Rows of NaN are never picked.
        k: How many rows to pick.
        covered: Rows that are not picked, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one pass over the draws and
        a sort.

    Raises:
        ValueError: If the shape is neither of both.

    >>> bald([[[0.9, 0.1], [0.5, 0.5]], [[0.1, 0.9], [0.5, 0.5]]], 1)
    array([0])
    """
    given = np.asarray(information, np.float64)
    if given.ndim == 3:
        given = measure.entropy_split(given.transpose(1, 0, 2)).ignorance
    if given.ndim != 1:
        raise ValueError(
            "information has the shape (n_rows,), draws (n_draws, n_rows, n_classes), "
            f"not {given.shape}"
        )
    return uncertainty(given, k, covered=covered)


def picker(offer: Offer) -> InOrder:
    """Offer rows by the information of their label.

    Raises:
        ConfigError: If there is no model, or one that knows of no information.
    """
    beliefs = beliefs_of(offer, "bald")
    if beliefs.information is None:
        raise ConfigError(
            "`select.strategy: bald` needs a model that says how unsure it is of its own weights; "
            "this one gives probabilities alone: choose margin, entropy or badge"
        )
    return highest_first(offer, beliefs.information, "information")
