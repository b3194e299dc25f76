"""Which of an item's answers say the same, by their similarity.

In: similarities, shape (n_items, n, n), NaN for answers that are not there. Out: votes, shape
(n_items, n): the group of each answer, NaN = no answer; ready for `vote_entropy` and its kin.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Linkage", "cluster_answers"]

Floats = npt.NDArray[np.float64]
Linkage = Literal["average", "connected", "greedy"]


def cluster_answers(
    similarity: npt.ArrayLike, *, least: float, linkage: Linkage = "average"
) -> Floats:
    """Group each item's answers by similarity.

    ``average`` merges the two groups of highest mean similarity while it is at least `least`
    (UPGMA): the default, as it neither depends on order nor chains. ``connected`` takes the
    components of the graph of pairs that are similar enough (chains). ``greedy`` puts an answer
    into the first group whose first member is similar enough, as reference code of semantic
    entropy does (Kuhn, 2023): depends on the order of answers.

    The threshold decides much, and follows from the texts: short answers want a high one (.94-.98
    for programs of a few lines under all-MiniLM-L6-v2), and texts of many steps that end in
    different results are too alike for any. No way to set it without labels is offered. On 30 to
    40 prompts each of three sets, the greatest spread of entropies, Otsu's threshold and the
    median similarity within prompts grouped no better than chance on at least one; the upper
    quartile did no worse than .85 on any, but was singled out after the fact.

    Args:
        similarity: Symmetric, shape (n_items, n, n), NaN in the rows and columns of missing
            answers.
        least: Similarity at which two answers count as one.
        linkage: How groups are formed.

    Returns:
        Shape (n_items, n): groups 0, 1, … in the order of their first members; NaN for missing
        answers.

    Raises:
        ValueError: If the similarities are not square.

    >>> near = [[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]]
    >>> cluster_answers(near, least=0.85).tolist()
    [[0.0, 0.0, 1.0]]
    """
    from curate.measure import _group_loops as loops

    near = np.ascontiguousarray(similarity, dtype=np.float64)
    if near.ndim != 3 or near.shape[1] != near.shape[2]:
        raise ValueError(f"similarities have the shape (n_items, n, n), not {near.shape}")
    form = {
        "average": loops.average_link,
        "connected": loops.group_connected,
        "greedy": loops.group_by_first,
    }[linkage]
    out = np.empty(near.shape[:2])
    form(near, least, out)
    return out
