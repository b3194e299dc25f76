"""How unsure a model is of what it means, from the groups into which its samples fall.

In: groups of answers that say the same, shape (n_prompts, n), NaN = no answer, as
`cluster_answers` or an extractor gives them (codes only need to be comparable within a row); for
some variants log-probabilities of the same shape. Out: one number a prompt, in nats, higher =
more worth a person's time.

The variants are different numbers: `semantic_entropy` counts, `semantic_entropy_rao` weighs each
answer by its probability, `semantic_entropy_kuhn` and `semantic_entropy_mean` average the
log-probabilities of meanings without normalising them. The first two are exactly 0 where all
answers say the same, and NaN for a lone answer: it says nothing of disagreement.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.measure._answers import counted, log_probabilities, mean_known, square, table
from curate.measure.disagreement import vote_entropy

__all__ = [
    "Correction",
    "semantic_density_uncertainty",
    "semantic_entropy",
    "semantic_entropy_kuhn",
    "semantic_entropy_mean",
    "semantic_entropy_rao",
]

Floats = npt.NDArray[np.float64]
Correction = Literal["chao_shen", "bayes"]


def semantic_entropy(
    groups: npt.ArrayLike,
    *,
    correction: Correction | None = None,
    n_options: int | None = None,
    prior: float = 0.5,
    normalise: bool = False,
) -> Floats:
    """Return the discrete semantic entropy: the entropy of the groups' shares of the answers.

    ``-sum_C |C|/N * ln(|C|/N)``, needing no probabilities (Farquhar et al., 2024: cluster
    assignment entropy). Few samples miss rare meanings, so it runs low; a correction estimates
    what more samples would show:

    - ``chao_shen`` weighs groups by the estimated share of meanings met at all (Chao and Shen,
      2003); exactly 0 where all answers agree, without upper bound, for open-ended answers. Where
      no two answers agree, all but one count as met once, so that the share is above 0.
    - ``bayes`` is the mean entropy under a symmetric Dirichlet prior over `n_options` meanings
      (Wolpert and Wolf, 1995); above 0 even where all agree, since few samples prove little.

    Args:
        groups: Shape (n_prompts, n), NaN = no answer.
        correction: None = the plain share of answers.
        n_options: How many meanings there are to choose from; None = no end of them. ``bayes``
            needs it.
        prior: Dirichlet prior of each meaning, for ``bayes``; 0.5 = Jeffreys.
        normalise: Divide by the greatest possible value: ln of `n_options` for ``bayes``, of the
            smaller of answers and options without a correction; so 1 - NSN of the package uqlm.

    Returns:
        Shape (n_prompts,); NaN where fewer than two answers are there.

    Raises:
        ValueError: If the shape does not fit, an option is missing or has no meaning here, or
            more groups are there than `n_options`.

    >>> semantic_entropy([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]).round(6).tolist()
    [0.673012, 0.0]
    >>> semantic_entropy([[0, 0, 0, 1, 1]], normalise=True).round(6).tolist()
    [0.418166]
    """
    votes = table(groups, "groups")
    if correction is None:
        entropy = vote_entropy(votes, n_options=n_options, normalise=normalise)
    elif correction == "chao_shen":
        if normalise:
            raise ValueError("the Chao-Shen estimate has no upper bound to divide by")
        entropy = _chao_shen(_counts(votes))
    else:
        entropy = _bayes(_counts(votes), n_options, prior, normalise=normalise)
    return np.where(counted(votes) > 1, entropy, np.nan)


def semantic_entropy_rao(
    groups: npt.ArrayLike, logprob_means: npt.ArrayLike, *, normalise: bool = False
) -> Floats:
    """Return the length-normalised semantic entropy of Farquhar et al.'s reference code.

    ``p(C) = sum of exp(L_i) over answers in C / sum over all``, L_i being the mean log-probability
    of an answer's tokens, then ``-sum_C p(C) ln p(C)`` (Rao's estimator). With sums in place of
    means it is the same without normalising by length. An answer without a log-probability is
    left out.

    Args:
        groups: Shape (n_prompts, n), NaN = no answer.
        logprob_means: Mean of each answer's token log-probabilities, shape (n_prompts, n).
        normalise: Divide by ln of the number of answers, the greatest possible value.

    Returns:
        Shape (n_prompts,); NaN where fewer than two answers have a probability above 0.

    Raises:
        ValueError: If the shapes do not fit, or a log-probability is above 0.

    >>> semantic_entropy_rao([[0, 0, 1, 2]], [[-0.1, -0.2, -1.0, -2.0]]).round(6).tolist()
    [0.665945]
    """
    votes, logs = _known(groups, logprob_means)
    highest = np.fmax.reduce(logs, axis=1, initial=-np.inf, keepdims=True)
    possible = logs > -np.inf
    votes = np.where(possible, votes, np.nan)
    weights = np.exp(np.where(possible, logs, 0.0) - np.where(np.isfinite(highest), highest, 0.0))
    entropy = np.where(_of_one_mind(votes), 0.0, vote_entropy(votes, weights=weights))
    n = counted(votes)
    ceiling = np.log(np.maximum(n, 2)) if normalise else 1.0
    return np.where(n > 1, entropy / ceiling, np.nan)


def semantic_entropy_kuhn(groups: npt.ArrayLike, logprob_sums: npt.ArrayLike) -> Floats:
    """Return the mean, over groups, of minus the log-probability of a group (Kuhn et al., 2023).

    ``-(1/|C|) * sum_C ln(sum of p(s) over answers in C)`` with each answer's raw probability,
    neither normalised over the samples nor by length, repeated samples counted each time, as in
    the paper's code. Grows with length, has no bound, may fall below 0, and is not 0 for
    identical answers; one answer is enough.

    Args:
        groups: Shape (n_prompts, n), NaN = no answer.
        logprob_sums: Sum of each answer's token log-probabilities, shape (n_prompts, n).

    Returns:
        Shape (n_prompts,); NaN where no answer has a log-probability.

    Raises:
        ValueError: If the shapes do not fit, or a log-probability is above 0.

    >>> semantic_entropy_kuhn([[0, 0, 1]], [[-1.0, -1.0, -2.0]]).round(6).tolist()
    [1.153426]
    """
    mass, first = _log_masses(*_known(groups, logprob_sums))
    return 0.0 - mean_known(np.where(first, mass, np.nan))


def semantic_entropy_mean(groups: npt.ArrayLike, logprob_sums: npt.ArrayLike) -> Floats:
    """Return the mean, over answers, of minus the log-probability of the answer's group.

    ``-(1/N) * sum_i ln(sum of p(s) over answers in i's group)``: lm-polygraph's
    ``SemanticEntropy`` with its defaults. As `semantic_entropy_kuhn`, but a group counts once
    for each of its answers.

    Args:
        groups: Shape (n_prompts, n), NaN = no answer.
        logprob_sums: Sum of each answer's token log-probabilities, shape (n_prompts, n).

    Returns:
        Shape (n_prompts,); NaN where no answer has a log-probability.

    Raises:
        ValueError: If the shapes do not fit, or a log-probability is above 0.

    >>> semantic_entropy_mean([[0, 0, 1]], [[-1.0, -1.0, -2.0]]).round(6).tolist()
    [0.871235]
    """
    return 0.0 - mean_known(_log_masses(*_known(groups, logprob_sums))[0])


def semantic_density_uncertainty(
    contradiction: npt.ArrayLike,
    neutral: npt.ArrayLike,
    logprob_means: npt.ArrayLike,
    *,
    itself: bool = False,
) -> Floats:
    """Return one minus each answer's semantic density (Qiu and Miikkulainen, 2024).

    Density is the mean over samples of ``1 - (p(contradiction) + p(neutral) / 2)`` of the answer
    with the sample, at least 0, weighted by ``p(sample)^(1/length)``. Give distinct samples: the
    paper counts each text once.

    Args:
        contradiction: Probability that the row's answer and the column's contradict each other,
            shape (n_prompts, n, n), NaN for missing answers.
        neutral: Probability that neither follows from the other, same shape.
        logprob_means: Mean of each answer's token log-probabilities, shape (n_prompts, n).
        itself: Whether the answer counts among its samples, as in lm-polygraph; uqlm leaves it
            out.

    Returns:
        Shape (n_prompts, n), in [0, 1]; NaN where there is no answer, or no other one with a
        log-probability above minus infinity.

    Raises:
        ValueError: If the shapes do not fit, or a log-probability is above 0.

    >>> semantic_density_uncertainty([[[0, 0.5], [0.5, 0]]], [[[0, 0.2], [0.2, 0]]], [[-1, -2]]
    ... ).round(6).tolist()
    [[0.6, 0.6]]
    """
    con, neu = square(contradiction, "contradictions"), square(neutral, "neutrals")
    logs = log_probabilities(table(logprob_means, "log-probabilities"))
    if con.shape != neu.shape or con.shape[:2] != logs.shape:
        raise ValueError(f"shapes {con.shape}, {neu.shape} and {logs.shape} do not fit")
    there = ~np.isnan(logs) & ~np.isnan(np.diagonal(con, axis1=1, axis2=2))
    others = ~np.eye(con.shape[1], dtype=bool) & there[:, None, :] & there[:, :, None]
    known = others & ~np.isnan(con + neu)
    far = np.minimum(np.where(known, con + neu / 2.0, 0.0), 1.0)
    weight = np.where(there, np.exp(np.where(there, logs, 0.0)), 0.0)
    total = np.where(known, weight[:, None, :], 0.0).sum(axis=2)
    apart = (np.where(known, weight[:, None, :], 0.0) * far).sum(axis=2)
    whole = total + (weight if itself else 0.0)
    return np.where(total > 0, apart / np.where(total > 0, whole, 1.0), np.nan)


def _known(groups: npt.ArrayLike, logprobs: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return groups and log-probabilities, NaN in both where one is missing."""
    votes, logs = table(groups, "groups"), log_probabilities(table(logprobs, "log-probabilities"))
    if votes.shape != logs.shape:
        raise ValueError(f"groups of {votes.shape} answers, but log-probabilities of {logs.shape}")
    missing = np.isnan(votes) | np.isnan(logs)
    return np.where(missing, np.nan, votes), np.where(missing, np.nan, logs)


def _of_one_mind(votes: Floats) -> npt.NDArray[np.bool_]:
    lowest = np.fmin.reduce(votes, axis=1, initial=np.inf)
    one: npt.NDArray[np.bool_] = lowest == np.fmax.reduce(votes, axis=1, initial=-np.inf)
    return one


def _log_masses(votes: Floats, logs: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    from curate.measure import _semantic_loops as loops

    mass, first = np.empty_like(logs), np.empty(logs.shape, dtype=np.bool_)
    loops.log_masses(votes, logs, mass, first)
    return mass, first


def _counts(votes: Floats) -> Floats:
    """Return how often each distinct answer was given, at its first place; 0 elsewhere."""
    from curate.measure import _semantic_loops as loops

    out = np.empty_like(votes)
    loops.counts(votes, out)
    return out


def _chao_shen(counts: Floats) -> Floats:
    n = counts.sum(axis=1, keepdims=True)
    once = (counts == 1).sum(axis=1, keepdims=True)
    met = 1.0 - np.minimum(once, n - 1) / np.maximum(n, 1)
    p = met * counts / np.maximum(n, 1)
    seen = np.where(p > 0, p, 1.0)
    unmissed = np.where(p > 0, -np.expm1(n * np.log1p(-np.where(p < 1, p, 0.0))), 1.0)
    terms = np.where((p > 0) & (p < 1), p * np.log(seen) / np.where(p < 1, unmissed, 1.0), 0.0)
    entropy: Floats = 0.0 - terms.sum(axis=1)
    return entropy


def _bayes(counts: Floats, n_options: int | None, prior: float, *, normalise: bool) -> Floats:
    from scipy.special import digamma

    met = (counts > 0).sum(axis=1)
    if n_options is None or n_options < 2 or prior <= 0:
        raise ValueError("the Bayesian estimate needs n_options of at least 2 and a prior above 0")
    if (met > n_options).any():
        raise ValueError(f"{met.max()} groups in one row, but n_options = {n_options}")
    alpha = counts + prior
    whole = counts.sum(axis=1) + n_options * prior
    seen = np.where(counts > 0, alpha * digamma(alpha + 1.0), 0.0).sum(axis=1)
    unseen = (n_options - met) * prior * digamma(prior + 1.0)
    entropy: Floats = digamma(whole + 1.0) - (seen + unseen) / whole
    return entropy / np.log(n_options) if normalise else entropy
