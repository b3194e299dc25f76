"""How unsure a model is of an answer, times how much its other answers differ from it.

In: what the probabilities say of each answer, shape (n_prompts, n), and how similar a prompt's
answers are, shape (n_prompts, n, n) in [0, 1], NaN in the rows and columns of missing ones. Out:
one number an answer, higher = more worth a person's time (CoCoA: Vashurin et al., 2025).
Identical answers give exactly 0; an answer without another one to compare it with, NaN. For a
prompt's score, take the answer that stands for it, or `mean_of_answers`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._answers import log_probabilities, square, table
from curate.measure.similarity import dissimilarity

__all__ = ["cocoa", "cocoa_msp", "cocoa_mte", "cocoa_ppl", "cocoa_uqlm"]

Floats = npt.NDArray[np.float64]


def cocoa(
    doubt: npt.ArrayLike, similarity: npt.ArrayLike, *, members: npt.ArrayLike | None = None
) -> Floats:
    """Return ``doubt * mean(1 - similarity to the other answers)`` of each answer.

    Args:
        doubt: How unsure the model is of each answer, from 0, shape (n_prompts, n), NaN = not
            known.
        similarity: Of a prompt's answers, shape (n_prompts, n, n).
        members: Who gave each answer, as in `dissimilarity`.

    Returns:
        Shape (n_prompts, n), from 0.

    Raises:
        ValueError: If the shapes do not fit, or a doubt is below 0.

    >>> near = [[1.0, 0.9, 0.8, 0.5]] + [[0.9, 1.0, 1.0, 1.0]] * 3
    >>> cocoa([[0.4, 0.1, 0.1, 0.1]], [near])[0, 0].round(6).item()
    0.106667
    """
    unsure, near = _matching(doubt, similarity)
    if (unsure < 0).any():
        raise ValueError("doubts must not be negative; give minus the log-probability")
    apart = dissimilarity(near, members=members)
    alike = (apart == 0) & ~np.isnan(unsure)
    return np.where(alike, 0.0, unsure * np.where(alike, 1.0, apart))


def cocoa_msp(
    logprob_sums: npt.ArrayLike, similarity: npt.ArrayLike, *, members: npt.ArrayLike | None = None
) -> Floats:
    """Return CoCoA with the answer's information content: ``-log p(s)``, its tokens summed.

    Args:
        logprob_sums: Sum of each answer's token log-probabilities, shape (n_prompts, n).
        similarity: As in `cocoa`.
        members: As in `cocoa`.

    Returns:
        Shape (n_prompts, n), from 0.
    """
    return cocoa(0.0 - log_probabilities(logprob_sums), similarity, members=members)


def cocoa_ppl(
    logprob_means: npt.ArrayLike, similarity: npt.ArrayLike, *, members: npt.ArrayLike | None = None
) -> Floats:
    """Return CoCoA with the logarithm of the answer's perplexity: ``-log p(s) / |s|``.

    Args:
        logprob_means: Mean of each answer's token log-probabilities, shape (n_prompts, n).
        similarity: As in `cocoa`.
        members: As in `cocoa`.

    Returns:
        Shape (n_prompts, n), from 0.
    """
    return cocoa(0.0 - log_probabilities(logprob_means), similarity, members=members)


def cocoa_mte(
    token_entropies: npt.ArrayLike,
    similarity: npt.ArrayLike,
    *,
    members: npt.ArrayLike | None = None,
) -> Floats:
    """Return CoCoA with the mean entropy of the answer's tokens.

    Args:
        token_entropies: Mean of `token_entropy` over each answer's tokens, shape (n_prompts, n).
        similarity: As in `cocoa`.
        members: As in `cocoa`.

    Returns:
        Shape (n_prompts, n), from 0.
    """
    return cocoa(token_entropies, similarity, members=members)


def cocoa_uqlm(
    logprob_means: npt.ArrayLike, cosine: npt.ArrayLike, *, members: npt.ArrayLike | None = None
) -> Floats:
    """Return one minus what the package uqlm calls consistency and confidence.

    ``1 - exp(mean log p) * mean((1 + cosine) / 2)``: another formula than the paper's, in [0, 1].
    It is 0 for identical answers only if the model is certain of them.

    Args:
        logprob_means: Mean of each answer's token log-probabilities, shape (n_prompts, n).
        cosine: Of a prompt's answers, in [-1, 1], shape (n_prompts, n, n).
        members: As in `cocoa`.

    Returns:
        Shape (n_prompts, n), in [0, 1].
    """
    means, near = _matching(logprob_means, cosine)
    consistency = 1.0 - dissimilarity((1.0 + near) / 2.0, members=members)
    return 1.0 - np.exp(log_probabilities(means)) * consistency


def _matching(values: npt.ArrayLike, similarity: npt.ArrayLike) -> tuple[Floats, Floats]:
    each, near = table(values, "answers' values"), square(similarity, "similarities")
    if each.shape != near.shape[:2]:
        raise ValueError(f"values of {each.shape} answers, but similarities of {near.shape[:2]}")
    return each, near
