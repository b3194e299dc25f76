"""What a model's other answers, or the model itself, say of an answer.

In: how each sentence of an answer fares against each further sample, shape (n_sentences,
n_samples), NaN = could not be told; or the log-probabilities with which a model calls its answer
true or false. Out: one number a sentence or answer, higher = more worth a person's time, NaN
where nothing is known.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.measure._answers import log_probabilities, mean_known, square, table
from curate.measure.similarity import dissimilarity

__all__ = [
    "by_answer",
    "luq_by_answer",
    "p_false",
    "p_true",
    "selfcheck_nli",
    "selfcheck_support",
]

Floats = npt.NDArray[np.float64]


def selfcheck_nli(entailment: npt.ArrayLike, contradiction: npt.ArrayLike) -> Floats:
    """Return how far a model's samples contradict each sentence (SelfCheckGPT-NLI).

    The mean over samples of ``p(contradiction) / (p(entailment) + p(contradiction))``, a sample
    being the premise and the sentence the hypothesis; neutral is dropped, as by Manakul et al.
    (2023), so an NLI model's probabilities and the exponentials of its logits give the same. A
    sample that speaks neither for nor against, 0 in both, is left out.

    Args:
        entailment: Probability that the sample entails the sentence, (n_sentences, n_samples).
        contradiction: Probability that it contradicts it, same shape.

    Returns:
        Shape (n_sentences,), in [0, 1]; NaN where no sample could be told. `by_answer` takes it
        to answers.

    Raises:
        ValueError: If the shapes do not fit or a probability is negative.

    >>> selfcheck_nli([[0.9, 0.1]], [[0.1, 0.3]]).round(6).tolist()
    [0.425]
    """
    e, c = table(entailment, "entailments"), table(contradiction, "contradictions")
    return mean_known(_against(e, c))


def selfcheck_support(support: npt.ArrayLike) -> Floats:
    """Return how little a model's samples support each sentence: the mean of 1 - support.

    Support is whatever says, in [0, 1], that a sample bears the sentence out: a judge's yes (1),
    no (0) and unclear (0.5), which is SelfCheckGPT-Prompt; or the similarity of the sentence to
    the most similar sentence of the sample, which is its black-box variant (with BERTScore in
    Manakul et al., 2023; cosines or ROUGE-L serve too).

    Args:
        support: Shape (n_sentences, n_samples), NaN = could not be told: left out.

    Returns:
        Shape (n_sentences,), in [0, 1] for supports in [0, 1]; NaN where no sample could be told.

    Raises:
        ValueError: If the shape does not fit.

    >>> selfcheck_support([[1.0, 1.0], [0.0, 0.5]]).tolist()
    [0.0, 0.75]
    """
    return mean_known(1.0 - table(support, "supports"))


def luq_by_answer(entailment: npt.ArrayLike, contradiction: npt.ArrayLike) -> Floats:
    """Return how far each answer is from being entailed by the others (LUQ; Zhang et al., 2024).

    ``1 - mean over the others of e / (e + c)``, of whole answers. lm-polygraph's ``LUQ`` is its
    mean over a prompt's answers.

    Args:
        entailment: Probability that the row's answer is entailed by the column's, shape
            (n_prompts, n, n), NaN for missing answers.
        contradiction: Probability that it is contradicted by it, same shape.

    Returns:
        Shape (n_prompts, n), in [0, 1]; NaN where there is no answer, or no other one.

    Raises:
        ValueError: If the shapes do not fit or a probability is negative.

    >>> luq_by_answer([[[1, 0.6], [0.8, 1]]], [[[0, 0.2], [0.2, 0]]]).round(4).tolist()
    [[0.25, 0.2]]
    """
    e, c = square(entailment, "entailments"), square(contradiction, "contradictions")
    return dissimilarity(1.0 - _against(e, c))


def by_answer(
    values: npt.ArrayLike,
    answers: npt.ArrayLike,
    n_answers: int,
    *,
    how: Literal["mean", "max"] = "mean",
) -> Floats:
    """Bring sentences' values to their answers.

    Args:
        values: Shape (n_sentences,), NaN = not known: left out.
        answers: Which answer each sentence is of, shape (n_sentences,), whole numbers from 0.
        n_answers: How many answers there are.
        how: ``mean`` over an answer's sentences, as SelfCheckGPT does, or ``max``: its worst.

    Returns:
        Shape (n_answers,); NaN for answers without a sentence whose value is known.

    Raises:
        ValueError: If the shapes do not fit, or an answer is none of `n_answers`.

    >>> by_answer([0.0, 1.0, 0.5], [0, 0, 2], 3).tolist()
    [0.5, nan, 0.5]
    """
    each, at = np.asarray(values, dtype=np.float64), np.asarray(answers, dtype=np.int64)
    if each.ndim != 1 or each.shape != at.shape:
        raise ValueError(f"values of {each.shape} sentences, but answers of {at.shape}")
    if len(at) and not 0 <= at.min() <= at.max() < n_answers:
        raise ValueError(f"answers are numbered from 0 to {n_answers - 1}")
    known = ~np.isnan(each)
    n = np.bincount(at[known], minlength=n_answers)
    if how == "mean":
        total = np.bincount(at[known], weights=each[known], minlength=n_answers)
        return np.where(n > 0, total / np.maximum(n, 1), np.nan)
    worst = np.full(n_answers, -np.inf)
    np.maximum.at(worst, at[known], each[known])
    return np.where(n > 0, worst, np.nan)


def p_true(true: npt.ArrayLike, false: npt.ArrayLike) -> Floats:
    """Return the probability with which a model calls its answer true (Kadavath et al., 2022).

    That of the option for true among the two options, ``1 / (1 + exp(false - true))``. Higher =
    surer; `p_false` is the score that asks for a person. It takes both log-probabilities: where a
    server lists only one of the options, the other's is unknown, and so is the score. (uqlm takes
    the probability of whichever option was generated; lm-polygraph, minus the log-probability of
    the one for true.)

    Args:
        true: Log-probability of the option for true, any shape, NaN = missing.
        false: Log-probability of the option for false, same shape.

    Returns:
        Same shape, in [0, 1]; NaN where one is missing, or both are impossible.

    Raises:
        ValueError: If the shapes do not fit, or a log-probability is above 0.

    >>> p_true([-0.5, -1.0, -1.0], [-2.0, -1.0, float("nan")]).round(6).tolist()
    [0.817574, 0.5, nan]
    """
    return p_false(false, true)


def p_false(true: npt.ArrayLike, false: npt.ArrayLike) -> Floats:
    """Return the probability with which a model calls its answer false: ``1 - p_true``.

    Weak for small models, whose word on their own answers is often no better than chance.

    Args:
        true: Log-probability of the option for true, any shape, NaN = missing.
        false: Log-probability of the option for false, same shape.

    Returns:
        Same shape, in [0, 1]; NaN where one is missing, or both are impossible.

    Raises:
        ValueError: If the shapes do not fit, or a log-probability is above 0.

    >>> p_false([-0.5], [-2.0]).round(6).tolist()
    [0.182426]
    """
    yes, no = log_probabilities(true), log_probabilities(false)
    if yes.shape != no.shape:
        raise ValueError(f"true has the shape {yes.shape}, but false {no.shape}")
    highest = np.maximum(yes, no)
    base = np.where(highest > -np.inf, highest, np.nan)
    yes, no = np.exp(yes - base), np.exp(no - base)
    return no / (yes + no)


def _against(entailment: Floats, contradiction: Floats) -> Floats:
    if entailment.shape != contradiction.shape:
        raise ValueError(
            f"entailments of {entailment.shape}, but contradictions of {contradiction.shape}"
        )
    if (entailment < 0).any() or (contradiction < 0).any():
        raise ValueError("probabilities must not be negative; give them, not logits")
    either = entailment + contradiction
    return contradiction / np.where(either > 0, either, np.nan)
