"""What the probabilities of a model's own answers say of how sure it is.

In: log-probabilities (natural), one an answer, shape (n_prompts, n), NaN = no answer or none
given: *sums* over an answer's tokens or *means* over them, as each function says. Out: arrays,
higher = less sure, NaN where nothing is known. One answer is enough: unlike disagreement, a
probability says something by itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._answers import log_probabilities, mean_known, table

__all__ = [
    "length_normalised_entropy",
    "mean_of_answers",
    "perplexity",
    "predictive_entropy",
    "token_entropy",
]

Floats = npt.NDArray[np.float64]


def predictive_entropy(logprob_sums: npt.ArrayLike) -> Floats:
    """Return the Monte-Carlo estimate of the entropy over a prompt's possible answers.

    ``-(1/N) * sum_i log p(s_i)``, the log-probability of an answer being the sum over its tokens.
    Grows with the length of answers (see `length_normalised_entropy`), and has no upper bound.

    Args:
        logprob_sums: Sum of each answer's token log-probabilities, shape (n_prompts, n).

    Returns:
        Shape (n_prompts,), from 0, in nats; NaN where no answer has a log-probability.

    Raises:
        ValueError: If the shape does not fit, or a log-probability is above 0.

    >>> predictive_entropy([[-1.0, -3.0], [-2.0, float("nan")]]).tolist()
    [2.0, 2.0]
    """
    return 0.0 - mean_known(log_probabilities(table(logprob_sums, "log-probabilities")))


def length_normalised_entropy(logprob_means: npt.ArrayLike) -> Floats:
    """Return the predictive entropy per token (Malinin and Gales, 2021).

    ``-(1/N) * sum_i (1/|s_i|) * log p(s_i)``: a long answer counts no more than a short one.

    Args:
        logprob_means: Mean of each answer's token log-probabilities, shape (n_prompts, n).

    Returns:
        Shape (n_prompts,), from 0, in nats per token; NaN where no answer has a log-probability.

    Raises:
        ValueError: If the shape does not fit, or a log-probability is above 0.

    >>> length_normalised_entropy([[-0.1, -0.2, -1.0, -2.0]]).round(6).tolist()
    [0.825]
    """
    return predictive_entropy(logprob_means)


def perplexity(logprob_means: npt.ArrayLike, *, normalise: bool = False) -> Floats:
    """Return each answer's perplexity: how many tokens, in effect, the model hesitated between.

    ``exp(-(1/|s|) * log p(s))``. lm-polygraph's ``Perplexity`` is its logarithm.

    Args:
        logprob_means: Mean of each answer's token log-probabilities, any shape.
        normalise: Return ``1 - 1 / perplexity`` instead: one minus the geometric mean of the
            tokens' probabilities, in [0, 1].

    Returns:
        Shape of `logprob_means`, from 1; NaN where there is no log-probability.

    Raises:
        ValueError: If a log-probability is above 0.

    >>> perplexity([0.0, -0.6931471805599453]).tolist()
    [1.0, 2.0]
    """
    means = log_probabilities(logprob_means)
    return -np.expm1(means) if normalise else np.exp(-means)


def token_entropy(alternatives: npt.ArrayLike, *, normalise: bool = False) -> Floats:
    """Return the entropy of each position's likeliest tokens.

    What the listed tokens leave over counts as one more token: a lower bound of the entropy over
    the whole vocabulary, and that entropy itself once the list holds all of it.

    Args:
        alternatives: Log-probabilities of the tokens listed at each position, the last axis being
            the list, NaN-padded: shape (..., k).
        normalise: Divide by the greatest value that so many alternatives can have, ``ln(k + 1)``.

    Returns:
        Shape (...,), in nats; NaN where nothing is listed.

    Raises:
        ValueError: If a log-probability is above 0.

    >>> token_entropy([[-0.6931471805599453, -0.6931471805599453]]).round(6).tolist()
    [0.693147]
    """
    logs = log_probabilities(alternatives)
    listed = ~np.isnan(logs)
    p = np.where(listed, np.exp(np.where(listed, logs, -np.inf)), 0.0)
    rest = np.maximum(1.0 - p.sum(axis=-1), 0.0)
    entropy = _surprise(p).sum(axis=-1) + _surprise(rest)
    n = listed.sum(axis=-1)
    ceiling = np.log(n + 1.0) if normalise else 1.0
    return np.where(n > 0, entropy / np.where(n > 0, ceiling, 1.0), np.nan)


def mean_of_answers(values: npt.ArrayLike) -> Floats:
    """Return each prompt's mean over its answers: a prompt's score out of its answers' scores.

    Args:
        values: One an answer, shape (n_prompts, n), NaN = not known.

    Returns:
        Shape (n_prompts,); NaN where no answer has a value.

    Raises:
        ValueError: If the shape does not fit.

    >>> mean_of_answers([[1.0, 2.0], [float("nan"), 5.0]]).tolist()
    [1.5, 5.0]
    """
    return mean_known(table(values, "values"))


def _surprise(p: Floats) -> Floats:
    surprise: Floats = 0.0 - p * np.log(np.where(p > 0, p, 1.0))
    return surprise
