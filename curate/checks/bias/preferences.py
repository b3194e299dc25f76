"""Preferences as arrays: which rows, whose prompt, how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import Rows

__all__ = ["NO_PREFERENCES", "Preferences", "lengths", "preferences_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NO_PREFERENCES = (
    "no preferences: audit rows with a chosen and a rejected answer to have this looked at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The rows that say one answer is better than another; arrays of shape (n_preferences,)."""

    rows: Ints
    """Their numbers in the audited rows."""
    prompts: Ints
    """Number of each one's prompt, from 0: pairs of one prompt are not independent."""
    chosen: Floats
    """Characters of the chosen answer."""
    rejected: Floats

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def log_ratio(self) -> Floats:
        """Natural logarithm of chosen over rejected length, one character added to either."""
        return np.log1p(self.chosen) - np.log1p(self.rejected)

    def some(self, which: npt.NDArray[np.bool_]) -> Preferences:
        """Return some of them; prompts keep their numbers."""
        return Preferences(
            rows=self.rows[which],
            prompts=self.prompts[which],
            chosen=self.chosen[which],
            rejected=self.rejected[which],
        )


def preferences_of(rows: Rows) -> Preferences:
    """Return the rows with two answers that differ."""
    differ = pc.fill_null(pc.not_equal(rows.answer, rows.rejected), False)
    at = np.flatnonzero(differ.to_numpy(zero_copy_only=False))
    return Preferences(
        rows=at,
        prompts=_codes(rows.asked.take(pa.array(at))),
        chosen=lengths(rows.answer)[at],
        rejected=lengths(rows.rejected)[at],
    )


def lengths(texts: pa.Array) -> Floats:
    """Return the characters of each text, NaN where there is none."""
    found: Floats = pc.utf8_length(texts).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _codes(texts: pa.Array) -> Ints:
    coded = texts.dictionary_encode(null_encoding="encode").indices
    codes: Ints = coded.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes
