"""What people would say of each row: labels with noise, or one vote drawn from those recorded."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError

__all__ = ["Disagreement", "said"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Disagreement = Literal["settled", "one_vote", "shares"]
"""settled: the label; one_vote: one vote drawn from those recorded; shares: all of them."""


def said(
    labels: Ints,
    n_classes: int,
    *,
    votes: Floats | None,
    disagreement: Disagreement,
    noise: float,
    seed: int,
) -> Floats:
    """Return what is answered to each row, as shares of the classes.

    Args:
        labels: Class of each row, shape (n_rows,).
        n_classes: How many classes there are.
        votes: How many people said each class, shape (n_rows, n_classes); rows of zeros have
            their label only.
        disagreement: See `Disagreement`.
        noise: Chance that an answer is another class than it would be, drawn evenly among the
            others; not for shares.
        seed: Every draw follows from it, and does not depend on which rows are asked.

    Returns:
        Shape (n_rows, n_classes), rows adding up to 1.

    Raises:
        ConfigError: If `noise` is no chance, or votes are asked for where there are none.
    """
    _check(votes, disagreement, noise)
    shares = np.eye(n_classes)[labels]
    if votes is not None and disagreement != "settled":
        n = votes.sum(axis=1, keepdims=True)
        shares = np.where(n > 0, votes / np.maximum(n, 1), shares)
    if disagreement == "shares":
        return shares
    rng = np.random.default_rng([seed, 1])
    return np.eye(n_classes)[_flipped(_drawn(shares, rng), n_classes, noise, rng)]


def _check(votes: Floats | None, disagreement: str, noise: float) -> None:
    if disagreement not in get_args(Disagreement):
        raise ConfigError(
            f"no disagreement named {disagreement!r}; known: {', '.join(get_args(Disagreement))}"
        )
    if not 0 <= noise < 1:
        raise ConfigError(f"`noise` must be at least 0 and below 1, not {noise:g}")
    if disagreement != "settled" and votes is None:
        raise ConfigError(
            f"disagreement {disagreement!r} needs several people's votes, and the data have none"
        )


def _drawn(shares: Floats, rng: np.random.Generator) -> Ints:
    ends = np.cumsum(shares, axis=1)
    places = rng.random(len(shares))[:, None] * ends[:, -1:]
    return np.asarray((places >= ends).sum(axis=1), np.int64)


def _flipped(labels: Ints, n_classes: int, noise: float, rng: np.random.Generator) -> Ints:
    flipped = rng.random(len(labels)) < noise
    other = (labels + rng.integers(1, max(2, n_classes), len(labels))) % n_classes
    return np.where(flipped, other, labels)
