"""Rows on which a committee disagrees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate import measure
from curate.errors import ConfigError
from curate.select.believed import highest_first
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty

__all__ = ["DISAGREEMENT", "committee", "picker"]

Ints = npt.NDArray[np.int64]

DISAGREEMENT = (
    "doubt",
    "contradiction_weighted",
    "pair_dispute",
    "panel_entropy",
    "vote_entropy",
    "margin_uncertainty",
    "contradiction",
    "judge_spread",
    "dissimilarity",
)
"""Score columns that say how far a committee is apart, the one to go by first."""


def committee(
    ratings: npt.ArrayLike,
    k: int,
    *,
    weights: npt.ArrayLike | None = None,
    covered: Ints | None = None,
) -> Ints:
    """Pick the `k` rows whose ratings are spread most evenly over different answers.

    Query by committee with the vote entropy ``-sum_v share_v ln share_v`` (Dagan and Engelson,
    1995), divided by its greatest value ``ln n_ratings``, so that rows with few ratings
    compare. Use it where several models (or judges, or people) have answered: it needs no
    training and no labels. Rows with fewer than two ratings are never picked. Alike rows are
    picked together: see `hybrid`. No guarantee.

    Args:
        ratings: Which answer each member gave, shape (n_rows, n_raters), NaN = none; equal
            numbers of a row are equal answers.
        k: How many rows to pick.
        weights: How much members count, shape (n_raters,), or votes, shape (n_rows, n_raters).
        covered: Rows that are not picked, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index. Cost: one pass over the ratings
        and a sort.

    Raises:
        ValueError: If the shapes do not fit or a weight is negative.

    >>> committee([[1, 1, 1], [1, 1, 2], [1, 2, 3]], 2)
    array([2, 1])
    """
    spread = measure.vote_entropy(ratings, normalise=True, weights=weights)
    return uncertainty(spread, k, covered=covered)


def picker(offer: Offer) -> InOrder:
    """Offer rows by the committee's disagreement.

    The need, where it is such a score (`DISAGREEMENT`), else the first of these scores that an
    open row has.

    Raises:
        ConfigError: If the rows have no such score.
    """
    columns = {**offer.pool.scores, offer.need_name: offer.need}
    names = [name for name in (offer.need_name, *DISAGREEMENT) if name in DISAGREEMENT]
    for name in names:
        if name in columns and (_scored(offer, columns[name]) or not offer.open.any()):
            return highest_first(offer, columns[name], name)
    raise ConfigError(
        "`select.strategy: committee` goes by how far several models or judges are apart, and no "
        f"row on offer has such a score ({', '.join(DISAGREEMENT)}): log or generate answers of "
        "other models, or choose by coverage (facility_location)"
    )


def _scored(offer: Offer, values: npt.NDArray[np.float64]) -> bool:
    """Say whether any row on offer, those of the lot included, has a score."""
    on_offer = np.concatenate([np.flatnonzero(offer.open), offer.drawn])
    return bool((~np.isnan(values[on_offer])).any())
