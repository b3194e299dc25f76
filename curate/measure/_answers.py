"""What the measures of a prompt's answers share: shapes checked once, means of what is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["counted", "log_probabilities", "mean_known", "square", "table"]

Floats = npt.NDArray[np.float64]


def table(values: npt.ArrayLike, name: str) -> Floats:
    """Return the values as float64, one row a prompt, one column an answer."""
    wide = np.ascontiguousarray(values, dtype=np.float64)
    if wide.ndim != 2:
        raise ValueError(f"{name} have the shape (n_prompts, n), not {wide.shape}")
    return wide


def square(values: npt.ArrayLike, name: str) -> Floats:
    """Return the values as float64, one square a prompt."""
    wide = np.ascontiguousarray(values, dtype=np.float64)
    if wide.ndim != 3 or wide.shape[1] != wide.shape[2]:
        raise ValueError(f"{name} have the shape (n_prompts, n, n), not {wide.shape}")
    return wide


def log_probabilities(values: npt.ArrayLike) -> Floats:
    """Return log-probabilities as float64; what a server's rounding puts above 0 counts as 0.

    Raises:
        ValueError: If one is plainly above 0: a probability was given, or a negated one.
    """
    wide = np.asarray(values, dtype=np.float64)
    if (wide > _ROUNDING).any():
        worst = np.nanmax(wide)
        raise ValueError(f"log-probabilities are not above 0; {worst:g} is a probability or a loss")
    return np.minimum(wide, 0.0)


def mean_known(values: Floats, axis: int = -1) -> Floats:
    """Return the mean of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    n = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def counted(values: Floats) -> npt.NDArray[np.int64]:
    """Count what is not NaN along the last axis."""
    n: npt.NDArray[np.int64] = (~np.isnan(values)).sum(axis=-1)
    return n


_ROUNDING = 1e-5
"""Servers report log-probabilities as float32, certain tokens sometimes a little above 0."""
