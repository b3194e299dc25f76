"""How unsure a model is, from the graph of how similar a prompt's answers are.

In: similarities or entailments of a prompt's answers, shape (n_prompts, n, n), NaN in the rows and
columns of missing answers (an answer is there where the diagonal is not NaN). The two directions
of a pair are averaged; where one is NaN, the other counts. Out: arrays, higher = more worth a
person's time; NaN where fewer than two answers are there, or a pair's similarity is unknown.

Degree, eigenvalues and eccentricity (Lin et al., 2023) take similarities in [0, 1]: what lies
outside, as negative cosines do, counts as the nearer end, and an answer is wholly similar to
itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from curate.measure._answers import square

__all__ = [
    "degree",
    "degree_by_answer",
    "eccentricity",
    "eccentricity_by_answer",
    "eigenvalue_sum",
    "entailment_weights",
    "kernel_language_entropy",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CELLS = 100_000
"""How many similarities are decomposed at once: what a processor core keeps at hand."""


def degree(similarity: npt.ArrayLike, *, normalise: bool = False) -> Floats:
    """Return how far a prompt's answers are from each other on average (Deg; Lin et al., 2023).

    ``trace(m I - D) / m^2``, D being the answers' degrees, an answer's similarity to itself
    included. Exactly 0 for identical answers; at most 1 - 1/m.

    Args:
        similarity: Shape (n_prompts, n, n).
        normalise: Multiply by m / (m - 1), so that m answers without anything in common give 1:
            the mean of 1 - similarity over the pairs.

    Returns:
        Shape (n_prompts,), in [0, 1).

    Raises:
        ValueError: If the similarities are not square.

    >>> degree([[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]]).round(6).tolist()
    [0.4]
    """
    weights, n = _weights(similarity, most=1.0)
    m = np.maximum(n, 2)
    apart = np.maximum(m * m - weights.sum(axis=(1, 2)), 0.0)
    return np.where(n > 1, apart / (m * (m - 1) if normalise else m * m), np.nan)


def degree_by_answer(similarity: npt.ArrayLike, *, normalise: bool = False) -> Floats:
    """Return how far each answer is from the prompt's answers on average.

    ``1 - D_jj / m``: one minus the confidence that Lin et al. (2023) give an answer; the most
    distant answer is the outlier.

    Args:
        similarity: Shape (n_prompts, n, n).
        normalise: Leave the answer itself out of the mean; then the same as `dissimilarity`.

    Returns:
        Shape (n_prompts, n), in [0, 1); NaN also for missing answers.

    Raises:
        ValueError: If the similarities are not square.

    >>> degree_by_answer([[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]]).round(4).tolist()
    [[0.3333, 0.3, 0.5667]]
    """
    weights, n = _weights(similarity, most=1.0)
    m = np.maximum(n, 2)[:, None]
    apart = np.maximum(m - weights.sum(axis=2), 0.0)
    there = (n[:, None] > 1) & _there(weights)
    return np.where(there, apart / (m - 1 if normalise else m), np.nan)


def eigenvalue_sum(similarity: npt.ArrayLike, *, normalise: bool = False) -> Floats:
    """Return how many different things the answers say, in effect (EigV; Lin et al., 2023).

    ``sum_k max(0, 1 - lambda_k)`` over the eigenvalues of the graph's Laplacian,
    ``I - D^-1/2 W D^-1/2``: a continuous count of groups, from 1 for identical answers to m.

    Args:
        similarity: Shape (n_prompts, n, n).
        normalise: Return ``(EigV - 1) / (m - 1)`` instead, in [0, 1]: exactly 0 for identical
            answers, 1 for answers without anything in common.

    Returns:
        Shape (n_prompts,).

    Raises:
        ValueError: If the similarities are not square.

    >>> eigenvalue_sum([[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]]).round(6).tolist()
    [1.745421]
    """
    graph, n = _by_block(similarity, _spectrum)
    extra = np.minimum(
        np.where(graph > _ZERO, graph, 0.0)[:, :-1].sum(axis=1), np.maximum(n - 1, 0)
    )
    score = extra / np.maximum(n - 1, 1) if normalise else 1.0 + extra
    return np.where(n > 1, score, np.nan)


def eccentricity(
    similarity: npt.ArrayLike, *, threshold: float = 0.9, normalise: bool = False
) -> Floats:
    """Return how far the answers lie from their centre in the graph's embedding (Ecc).

    The answers' places are the Laplacian's eigenvectors of eigenvalues below `threshold`; the
    score is the Euclidean norm of all places less their mean (Lin et al., 2023). It jumps where an
    eigenvalue passes the threshold. Exactly 0 for identical answers, at most ``sqrt(m - 1)``.

    Args:
        similarity: Shape (n_prompts, n, n).
        threshold: Which eigenvectors count.
        normalise: Divide by the greatest possible value.

    Returns:
        Shape (n_prompts,).

    Raises:
        ValueError: If the similarities are not square.

    >>> eccentricity([[[1, 1, 0], [1, 1, 0], [0, 0, 1]]]).round(6).tolist()
    [1.0]
    """
    far = eccentricity_by_answer(similarity, threshold=threshold)
    there = ~np.isnan(far)
    n = there.sum(axis=1)
    score = np.sqrt(np.where(there, far**2, 0.0).sum(axis=1))
    ceiling = np.sqrt(np.maximum(n - 1, 1)) if normalise else 1.0
    return np.where(n > 1, score / ceiling, np.nan)


def eccentricity_by_answer(similarity: npt.ArrayLike, *, threshold: float = 0.9) -> Floats:
    """Return how far each answer lies from the centre of the prompt's answers.

    Minus the confidence that Lin et al. (2023) give an answer (`eccentricity` says how its place
    is found).

    Args:
        similarity: Shape (n_prompts, n, n).
        threshold: Which eigenvectors count.

    Returns:
        Shape (n_prompts, n), in [0, 1]; NaN also for missing answers.

    Raises:
        ValueError: If the similarities are not square.

    >>> eccentricity_by_answer([[[1, 1, 0], [1, 1, 0], [0, 0, 1]]]).round(4).tolist()
    [[0.4082, 0.4082, 0.8165]]
    """

    def places(weights: Floats, n: Ints) -> Floats:
        values, vectors = np.linalg.eigh(_adjacency(weights))
        there = _there(weights)[:, :, None]
        kept = np.where((1.0 - values < threshold)[:, None, :], vectors, 0.0) * there
        centre = kept.sum(axis=1, keepdims=True) / np.maximum(n, 1)[:, None, None]
        far = np.sqrt(np.where(there, (kept - centre) ** 2, 0.0).sum(axis=2))
        return np.where(there[:, :, 0], np.where(far > _ZERO, far, 0.0), np.nan)

    far, n = _by_block(similarity, places)
    return np.where((n > 1)[:, None], far, np.nan)


def kernel_language_entropy(
    weights: npt.ArrayLike, *, t: float = 0.3, normalise: bool = False
) -> Floats:
    """Return the von Neumann entropy of the answers' heat kernel (KLE; Nikitin et al., 2024).

    ``K = exp(-t L)`` of ``L = D - W``, brought to a unit diagonal and divided by the number of
    answers; then ``-trace(K ln K)``. The paper's weights are those of `entailment_weights`, with
    t = 0.3; other similarities of at least 0 serve too. Identical answers do not give 0, but what
    the complete graph has (1.3453 for five answers with weight 1 and t = 0.3), less the more
    answers there are: compare prompts with equally many.

    Args:
        weights: Shape (n_prompts, n, n), from 0; the diagonal is of no account.
        t: How far heat spreads: greater = answers count as more alike.
        normalise: Divide by ln of the number of answers, the greatest possible value.

    Returns:
        Shape (n_prompts,), in nats.

    Raises:
        ValueError: If the weights are not square, one is infinite, or `t` is below 0.

    >>> near = [[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]]
    >>> kernel_language_entropy(near).round(6).tolist()
    [1.073382]
    """
    if t < 0 or np.isinf(np.asarray(weights, dtype=np.float64)).any():
        raise ValueError("t and the weights must be finite, and t at least 0")

    def entropy(graph: Floats, n: Ints) -> Floats:
        kernel = _heat_kernel(graph, t) / np.maximum(n, 1)[:, None, None]
        shares = np.linalg.eigvalsh(kernel)
        shares = np.where(shares > _ZERO, shares, 1.0)
        total: Floats = np.maximum(0.0 - (shares * np.log(shares)).sum(axis=1), 0.0)
        return total

    found, n = _by_block(weights, entropy, most=np.inf)
    ceiling = np.log(np.maximum(n, 2)) if normalise else 1.0
    return np.where(n > 1, np.minimum(found / ceiling, np.log(np.maximum(n, 2)) / ceiling), np.nan)


def entailment_weights(entailment: npt.ArrayLike, contradiction: npt.ArrayLike) -> Floats:
    """Return the weights of kernel language entropy: 1 for entailment, a half for neutral.

    ``e + (1 - e - c) / 2``, summed over both directions, so in [0, 2].

    Args:
        entailment: Probability that the row's answer entails the column's, (n_prompts, n, n).
        contradiction: Probability that it contradicts it, same shape.

    Returns:
        Symmetric, shape (n_prompts, n, n).

    Raises:
        ValueError: If the shapes do not fit.

    >>> entailment_weights([[[1, 0.8], [0.6, 1]]], [[[0, 0.1], [0.2, 0]]]).round(6).tolist()
    [[[2.0, 1.55], [1.55, 2.0]]]
    """
    e, c = square(entailment, "entailments"), square(contradiction, "contradictions")
    if e.shape != c.shape:
        raise ValueError(f"entailments of {e.shape}, but contradictions of {c.shape}")
    one_way = (1.0 + e - c) / 2.0
    both: Floats = one_way + one_way.transpose(0, 2, 1)
    return both


_ZERO = 1e-12
"""Eigenvalues and distances below are rounding."""


def _weights(similarity: npt.ArrayLike, *, most: float) -> tuple[Floats, Ints]:
    """Return symmetric weights, 0 for missing answers, and how many answers are there.

    The number is 0 where a pair is unknown.
    """
    from curate.measure import _spectral_loops as loops

    near = square(similarity, "similarities")
    out, n = np.empty_like(near), np.empty(len(near), dtype=np.int64)
    loops.weights(near, most, out, n)
    return out, n


def _there(weights: Floats) -> npt.NDArray[np.bool_]:
    there: npt.NDArray[np.bool_] = np.diagonal(weights, axis1=1, axis2=2) > 0
    return there


def _by_block(
    similarity: npt.ArrayLike, fn: Callable[[Floats, Ints], Floats], *, most: float = 1.0
) -> tuple[Floats, Ints]:
    """Apply `fn` to the weights of some prompts at a time; return its results, and the counts."""
    near = square(similarity, "similarities")
    step = max(1, _CELLS // max(1, near.shape[1] ** 2))
    starts = range(0, max(1, len(near)), step)
    graphs = (_weights(near[start : start + step], most=most) for start in starts)
    parts = [(fn(weights, n), n) for weights, n in graphs]
    return np.concatenate([p for p, _ in parts]), np.concatenate([n for _, n in parts])


def _spectrum(weights: Floats, n: Ints) -> Floats:
    """Return the eigenvalues of the normalised graph, ascending; the greatest is 1."""
    return np.asarray(np.linalg.eigvalsh(_adjacency(weights)), dtype=np.float64)


def _adjacency(weights: Floats) -> Floats:
    """Return ``D^-1/2 W D^-1/2``."""
    degrees = weights.sum(axis=2)
    scale = 1.0 / np.sqrt(np.where(degrees > 0, degrees, 1.0))
    graph: Floats = weights * scale[:, :, None] * scale[:, None, :]
    return graph


def _heat_kernel(weights: Floats, t: float) -> Floats:
    """Return ``exp(-t L)`` with ones on the diagonal; 0 for missing answers."""
    there = _there(weights)
    laplacian = -weights
    along = np.arange(weights.shape[1])
    laplacian[:, along, along] += weights.sum(axis=2)
    values, vectors = np.linalg.eigh(laplacian)
    kernel = (vectors * np.exp(-t * np.maximum(values, 0.0))[:, None, :]) @ vectors.transpose(
        0, 2, 1
    )
    scale = there / np.sqrt(np.diagonal(kernel, axis1=1, axis2=2))
    unit: Floats = kernel * scale[:, :, None] * scale[:, None, :]
    return unit
