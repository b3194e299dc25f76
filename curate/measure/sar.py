"""How unlikely a model's answers are once what they have in common counts for each of them.

In: log-probabilities, shape (n_prompts, n), and similarities of a prompt's answers, shape
(n_prompts, n, n) in [0, 1], NaN in the rows and columns of missing ones. Out: one number an
answer or prompt, higher = less sure, NaN where nothing is known (SAR: Duan et al., 2024, its
sentence-level half).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._answers import log_probabilities, mean_known, square, table

__all__ = ["sentence_sar", "sentence_sar_by_answer"]

Floats = npt.NDArray[np.float64]


def sentence_sar(
    logprob_sums: npt.ArrayLike, similarity: npt.ArrayLike, *, t: float = 0.001
) -> Floats:
    """Return the mean of `sentence_sar_by_answer` over a prompt's answers.

    Args:
        logprob_sums: Sum of each answer's token log-probabilities, shape (n_prompts, n).
        similarity: Of a prompt's answers, shape (n_prompts, n, n).
        t: Temperature; the smaller, the more similar answers count.

    Returns:
        Shape (n_prompts,), in nats, without bounds; NaN where no answer is known.

    Raises:
        ValueError: If the shapes do not fit, a log-probability is above 0, or `t` is not above 0.

    >>> sentence_sar([[-1.0, -2.0]], [[[1, 0.5], [0.5, 1]]]).round(6).tolist()
    [-4.717687]
    """
    return mean_known(sentence_sar_by_answer(logprob_sums, similarity, t=t))


def sentence_sar_by_answer(
    logprob_sums: npt.ArrayLike, similarity: npt.ArrayLike, *, t: float = 0.001
) -> Floats:
    """Return ``-ln(p(s_i) + sum over the others of p(s_j) * similarity / t)`` of each answer.

    An answer is as likely as it is by itself, plus what similar answers lend it. Identical
    answers give the lowest value that their probabilities allow, not 0; one answer is enough.

    Args:
        logprob_sums: Sum of each answer's token log-probabilities, shape (n_prompts, n).
        similarity: Of a prompt's answers, shape (n_prompts, n, n); below 0 counts as 0.
        t: Temperature; the smaller, the more similar answers count.

    Returns:
        Shape (n_prompts, n), in nats; NaN where an answer or its log-probability is missing.

    Raises:
        ValueError: If the shapes do not fit, a log-probability is above 0, or `t` is not above 0.
    """
    logs = log_probabilities(table(logprob_sums, "log-probabilities"))
    near = square(similarity, "similarities")
    if logs.shape != near.shape[:2] or t <= 0:
        raise ValueError(f"{logs.shape} answers, similarities of {near.shape[:2]}, t = {t:g}")
    there = ~np.isnan(logs) & ~np.isnan(np.diagonal(near, axis1=1, axis2=2))
    known = there[:, :, None] & there[:, None, :] & ~np.isnan(near)
    share = np.where(known, np.maximum(near, 0.0), 0.0) / t
    share[:, np.arange(logs.shape[1]), np.arange(logs.shape[1])] = 1.0
    logs = np.where(there, logs, -np.inf)
    highest = np.maximum(logs.max(axis=1, initial=-np.inf, keepdims=True), _LEAST)
    lent = (share @ np.exp(logs - highest)[:, :, None])[:, :, 0]
    likely = np.where(lent > 0, np.log(np.where(lent > 0, lent, 1.0)) + highest, -np.inf)
    return np.where(there, 0.0 - likely, np.nan)


_LEAST = -1e300
"""Stands for minus infinity where it would be subtracted from itself."""
