"""How differently the answers to a prompt are worded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import measure
from curate.score.committee import Seats

__all__ = ["lexical", "spoken"]

Floats = npt.NDArray[np.float64]


def lexical(texts: pa.Array, seated: Seats) -> dict[str, Floats]:
    """Compare the answers to each prompt word by word, a bounded number of answers at a time.

    Args:
        texts: What completions say.
        seated: Which of them stand side by side.

    Returns:
        `lexical_dissimilarity` and `lexical_outlier`, one value an answer; NaN for an empty one,
        and where no other answer is there.
    """
    there = seated.spread(spoken(texts), empty=0.0) > 0
    apart = {name: np.full(there.shape, np.nan) for name in ("prompt", "answer")}
    several = np.flatnonzero(there.sum(axis=1) > 1)
    step = max(1, _ANSWERS // max(1, there.shape[1]))
    for start in range(0, len(several), step):
        rows = several[start : start + step]
        near = _near(texts, np.where(there[rows], seated.answers[rows], -1))
        apart["answer"][rows] = measure.degree_by_answer(near, normalise=True)
        apart["prompt"][rows] = measure.degree(near, normalise=True)[:, None]
    return {
        "lexical_dissimilarity": seated.gather(
            np.where(there, apart["prompt"], np.nan), len(texts)
        ),
        "lexical_outlier": seated.gather(apart["answer"], len(texts)),
    }


def spoken(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Say which texts are more than white space."""
    anything = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0)
    return np.asarray(anything.to_numpy(zero_copy_only=False), dtype=bool)


_ANSWERS = 20_000
"""How many answers are laid out at once."""


def _near(texts: pa.Array, at: npt.NDArray[np.int64]) -> Floats:
    wanted = at[at >= 0]
    rows = np.full(at.shape, -1, dtype=np.int64)
    rows[at >= 0] = np.arange(len(wanted))
    tokens = measure.token_ids(texts.take(pa.array(wanted)).to_pylist())
    return measure.rouge_l_by_item(tokens, rows)
