"""Pairs that are not worth a person's time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curate.select.pairs.gaps import two_columns

__all__ = ["too_long", "unfit"]

Floats = npt.NDArray[np.float64]


def unfit(
    pairs: npt.ArrayLike,
    *,
    vectors: npt.NDArray[np.float32] | None = None,
    length: npt.ArrayLike | None = None,
    flaws: Sequence[str | None] | None = None,
    near_identical: float = 0.97,
    length_ratio: float | None = None,
) -> dict[int, str]:
    """Return the pairs that should not be asked: reason.

    Args:
        pairs: Shape (n_pairs, 2), rows of answers.
        vectors: Of the answers, at unit length, shape (n_answers, n_dims): alike ones are not
            compared; None = not known.
        length: Characters of each answer, shape (n_answers,).
        flaws: What makes an answer not worth comparing ("cut off by the length limit", "a refusal",
            "empty"), None = nothing, of length n_answers.
        near_identical: Least cosine of near-identical answers.
        length_ratio: Most times that the longer answer may be as long; None = any.

    >>> unfit([[0, 1], [1, 2]], length=[10, 12, 60], flaws=["empty", None, None], length_ratio=3)
    {1: 'its longer answer is 5.0 times as long as the other (3 at most)', 0: 'a is empty'}
    """
    rows = two_columns(pairs)
    reasons: dict[int, str] = {}
    if length is not None and length_ratio is not None:
        reasons |= too_long(rows, np.asarray(length, np.float64), length_ratio)
    if vectors is not None:
        reasons |= _alike(rows, vectors, near_identical)
    if flaws is not None:
        reasons |= _flawed(rows, flaws)
    return reasons


def too_long(pairs: npt.NDArray[np.int64], length: Floats, most: float) -> dict[int, str]:
    """Return the pairs whose longer answer is more than `most` times as long: reason.

    Args:
        pairs: Shape (n_pairs, 2).
        length: Of each answer, shape (n_answers,); an empty one counts as 1.
        most: At least 1.
    """
    both = np.maximum(length, 1)[pairs]
    ratio = both.max(axis=1, initial=1) / both.min(axis=1, initial=np.inf)
    return {
        row: f"its longer answer is {ratio[row]:.1f} times as long as the other ({most:g} at most)"
        for row in np.flatnonzero(ratio > most * (1 + _ROUNDING)).tolist()
    }


_ROUNDING = 1e-9


def _alike(
    pairs: npt.NDArray[np.int64], vectors: npt.NDArray[np.float32], threshold: float
) -> dict[int, str]:
    a, b = pairs.T
    cosines = np.einsum("ij,ij->i", vectors[a], vectors[b], dtype=np.float64)
    return {
        row: f"its two answers are near-identical (cosine {min(cosines[row], 1):.3f})"
        for row in np.flatnonzero(cosines >= threshold - _FLOAT32).tolist()
    }


_FLOAT32 = 1e-6


def _flawed(pairs: npt.NDArray[np.int64], flaws: Sequence[str | None]) -> dict[int, str]:
    bad = np.array([flaw is not None for flaw in flaws], bool)
    return {
        row: "; ".join(
            f"{side} is {flaws[n]}"
            for side, n in zip("ab", pairs[row].tolist(), strict=True)
            if bad[n]
        )
        for row in np.flatnonzero(bad[pairs].any(axis=1)).tolist()
    }
