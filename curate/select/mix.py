"""Several scores at once, compared by rank."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError
from curate.select.believed import highest_first
from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder, uncertainty

__all__ = ["mix", "mixed", "picker", "rank_share"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def mix(
    columns: Mapping[str, npt.ArrayLike],
    weights: Mapping[str, float],
    k: int,
    *,
    covered: Ints | None = None,
) -> Ints:
    """Pick the `k` rows that come first by a weighted mean of several scores' ranks.

    Ranks (Borda's count, 1781) because nats, log-odds and grades do not add up. Use it where
    several scores are known to matter and none decides; what rows teach about the weights,
    `curate.learn` learns. No guarantee.

    Args:
        columns: Score to its values, higher = more worth a person's time, each (n_rows,).
        weights: Score to its weight, >= 0.
        k: How many rows to pick.
        covered: Rows that are not picked and take no rank, e.g. those reviewed earlier.

    Returns:
        Row indices in the order of picking; ties: lowest index; rows without any of the scores
        are never picked. Cost: one sort a score.

    Raises:
        ValueError: If a weight names no column, is negative, or all are 0.

    >>> mix({"doubt": [0.1, 0.9, 0.5], "novelty": [0.2, 0.1, 0.8]}, {"doubt": 1, "novelty": 1}, 1)
    array([2])
    """
    given = {name: np.array(values, np.float64) for name, values in columns.items()}
    for values in given.values():
        if covered is not None:
            values[covered] = np.nan
    return uncertainty(mixed(given, weights), k)


def mixed(columns: Mapping[str, npt.ArrayLike], weights: Mapping[str, float]) -> Floats:
    """Return the weighted mean of the scores' ranks, from 0 to 1, over the scores a row has.

    Args:
        columns: Score to its values, each (n_rows,); NaN = the row does not have it.
        weights: Score to its weight, >= 0.

    Returns:
        Shape (n_rows,); NaN where a row has none of the scores.

    Raises:
        ValueError: If a weight names no column, is negative, or all are 0.

    >>> mixed({"a": [1, 2, 3], "b": [np.nan, 9, 7]}, {"a": 1, "b": 1}).round(6).tolist()
    [0.166667, 0.625, 0.541667]
    """
    _check(columns, weights)
    ranks = np.stack([rank_share(columns[name]) for name in weights])
    weight = np.array(list(weights.values()), np.float64)[:, None] * ~np.isnan(ranks)
    total = weight.sum(axis=0)
    summed = (weight * np.nan_to_num(ranks)).sum(axis=0)
    mean: Floats = np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)
    return mean


def _check(columns: Mapping[str, npt.ArrayLike], weights: Mapping[str, float]) -> None:
    missing = [name for name in weights if name not in columns]
    if missing:
        raise ValueError(f"no column {missing[0]!r}; known: {', '.join(columns) or 'none'}")
    if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
        raise ValueError("weights must not be negative, and one must be above 0")


def rank_share(values: npt.ArrayLike) -> Floats:
    """Return each value's rank as a share of the values: the middle one has 1/2.

    Ties share their mean rank; NaN stays NaN.

    Args:
        values: Shape (n_rows,).

    >>> rank_share([3, 1, np.nan, 1]).round(6).tolist()
    [0.833333, 0.333333, nan, 0.333333]
    """
    given = np.asarray(values, np.float64)
    share = np.full(len(given), np.nan)
    known = np.flatnonzero(~np.isnan(given))
    _, group, size = np.unique(given[known], return_inverse=True, return_counts=True)
    share[known] = (np.cumsum(size) - size / 2)[group] / max(1, len(known))
    return share


def picker(offer: Offer) -> InOrder:
    """Offer rows by the mix that the configuration asks for, ranks among the open rows.

    Raises:
        ConfigError: If no mix is configured, or it names a score that is not there.
    """
    weights = {name: weight for name, weight in offer.config.mix.items() if weight}
    known = {**offer.pool.scores, offer.need_name: offer.need, "need": offer.need}
    missing = [name for name in weights if name not in known]
    if missing or not weights:
        raise ConfigError(
            f"`select.mix`: {_what(missing)}; give each score of {', '.join(known)} that counts "
            "its weight, e.g. {need: 1, novelty: 0.5}"
        )
    values = {name: np.where(offer.open, known[name], np.nan) for name in weights}
    said = " + ".join(f"{weight:g} {name}" for name, weight in weights.items())
    return highest_first(offer, mixed(values, weights), f"mean rank of {said}")


def _what(missing: list[str]) -> str:
    return f"no score {missing[0]!r} in this project" if missing else "`strategy: mix` without it"
