"""Which of an item's answers say the same, by what follows from what.

In: probabilities that one answer entails, or contradicts, another, shape (n_items, n, n): row =
premise, column = hypothesis. Out: votes, shape (n_items, n): the group of each answer, NaN = in
none; ready for `vote_entropy` and its kin.

Entailment is not transitive, so a partition needs a rule and an order. Ranks that depend on what
an answer says, and not on where it stands (length, then content hash), make it the same however
answers are shuffled.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Rule", "cluster_entailed", "equivalent"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Rule = Literal["strict", "lenient", "likelier"]


def cluster_entailed(
    entailment: npt.ArrayLike,
    contradiction: npt.ArrayLike | None = None,
    *,
    there: npt.ArrayLike | None = None,
    rule: Rule = "strict",
    ranks: npt.ArrayLike | None = None,
) -> Floats:
    """Group each item's answers by entailment in both directions.

    ``strict`` and ``lenient`` compare an answer with the first member of each group, as semantic
    entropy does (Kuhn, 2023; ``lenient`` is the default of its reference code): who is first
    follows from `ranks`. ``likelier`` takes the connected components of the pairs in which
    entailment is likelier than contradiction both ways (NumSets; Lin et al., 2023).

    Args:
        entailment: P(row entails column), shape (n_items, n, n); NaN = not known.
        contradiction: P(row contradicts column), same shape; None = never.
        there: Which answers there are, shape (n_items, n); None = all.
        rule: Which pairs say the same; see `equivalent`.
        ranks: In which order answers are taken, shape (n_items, n); equal ranks go by column.
            None = by column.

    Returns:
        Shape (n_items, n): groups 0, 1, … in the order of their first members by column. NaN for
        answers that are not there, and for those of which it is not known whether they say the
        same as one before them, where no other group takes them in.

    Raises:
        ValueError: If the shapes do not fit.

    >>> entails = [[[1, 0.9, 0.1], [0.8, 1, 0.2], [0.7, 0.1, 1]]]
    >>> cluster_entailed(entails).tolist()
    [[0.0, 0.0, 1.0]]
    """
    same = equivalent(entailment, contradiction, rule=rule)
    known = _there(there, same)
    order = _order(ranks, known)
    form = _connected if rule == "likelier" else _greedy
    groups = np.full(known.shape, np.nan)
    formed = form(_reordered(same, order), np.take_along_axis(known, order, axis=1))
    np.put_along_axis(groups, order, formed, axis=1)
    return _renumbered(groups)


def equivalent(
    entailment: npt.ArrayLike, contradiction: npt.ArrayLike | None = None, *, rule: Rule = "strict"
) -> Floats:
    """Say which pairs of answers say the same: 1 yes, 0 no, NaN not known.

    A direction is entailment, neutral or contradiction, whichever is likeliest (ties: entailment,
    then neutral). ``strict``: both directions are entailment. ``lenient``: neither is
    contradiction, and not both are neutral. ``likelier``: entailment is likelier than
    contradiction in both. A pair is known as soon as what is known of it decides: one direction
    that is not entailment settles ``strict``.

    Args:
        entailment: P(row entails column), shape (n_items, n, n); NaN = not known.
        contradiction: P(row contradicts column), same shape; None = never.
        rule: What counts as the same.

    Returns:
        Shape (n_items, n, n), symmetric, 1 on the diagonal.
    """
    yes = _cube(entailment)
    no = np.where(np.isnan(yes), np.nan, 0.0) if contradiction is None else _cube(contradiction)
    if yes.shape != no.shape:
        raise ValueError(f"entailment has the shape {yes.shape}, contradiction {no.shape}")
    one_way = _likelier(yes, no) if rule == "likelier" else _entails(yes, no)
    both = _and(one_way, one_way.transpose(0, 2, 1))
    if rule == "lenient":
        both = _lenient(_likely_label(yes, no))
    both[:, np.arange(yes.shape[1]), np.arange(yes.shape[1])] = 1.0
    return both


def _cube(values: npt.ArrayLike) -> Floats:
    cube = np.asarray(values, dtype=np.float64)
    if cube.ndim != 3 or cube.shape[1] != cube.shape[2]:
        raise ValueError(f"probabilities have the shape (n_items, n, n), not {cube.shape}")
    return cube


_CONTRADICTS, _NEUTRAL, _ENTAILS = 0.0, 1.0, 2.0


def _likely_label(yes: Floats, no: Floats) -> Floats:
    neutral = 1.0 - yes - no
    label = np.where(no > np.maximum(yes, neutral), _CONTRADICTS, _NEUTRAL)
    label = np.where(yes >= np.maximum(no, neutral), _ENTAILS, label)
    return np.where(np.isnan(yes) | np.isnan(no), np.nan, label)


def _entails(yes: Floats, no: Floats) -> Floats:
    label = _likely_label(yes, no)
    return np.where(np.isnan(label), np.nan, label == _ENTAILS)


def _likelier(yes: Floats, no: Floats) -> Floats:
    return np.where(np.isnan(yes) | np.isnan(no), np.nan, yes > no)


def _lenient(label: Floats) -> Floats:
    back = label.transpose(0, 2, 1)
    contradicted = (label == _CONTRADICTS) | (back == _CONTRADICTS)
    unknown = np.isnan(label) | np.isnan(back)
    both_neutral = (label == _NEUTRAL) & (back == _NEUTRAL)
    said = np.where(both_neutral, 0.0, 1.0)
    return np.where(contradicted, 0.0, np.where(unknown, np.nan, said))


def _and(one: Floats, other: Floats) -> Floats:
    """Return what both say: 0 as soon as one says 0, NaN where it is not known."""
    return np.where((one == 0) | (other == 0), 0.0, one * other)


def _there(there: npt.ArrayLike | None, same: Floats) -> Mask:
    known = np.ones(same.shape[:2], dtype=bool) if there is None else np.asarray(there, dtype=bool)
    if known.shape != same.shape[:2]:
        raise ValueError(f"`there` has the shape {same.shape[:2]}, not {known.shape}")
    return known


def _order(ranks: npt.ArrayLike | None, known: Mask) -> Ints:
    given = np.zeros(known.shape) if ranks is None else np.asarray(ranks)
    if given.shape != known.shape:
        raise ValueError(f"ranks have the shape {known.shape}, not {given.shape}")
    return np.argsort(given, axis=1, kind="stable").astype(np.int64)


def _reordered(same: Floats, order: Ints) -> Floats:
    rows = np.take_along_axis(same, order[:, :, None], axis=1)
    return np.take_along_axis(rows, order[:, None, :], axis=2)


def _greedy(same: Floats, there: Mask) -> Floats:
    """Put each answer into the first group whose first member says the same."""
    n_items, size = there.shape
    items = np.arange(n_items)
    groups = np.full(there.shape, np.nan)
    leader = np.zeros(there.shape, dtype=np.int64)
    n_groups = np.zeros(n_items, dtype=np.int64)
    for a in range(size):
        homeless, unsettled = there[:, a].copy(), np.zeros(n_items, dtype=bool)
        for g in range(int(n_groups.max(initial=0))):
            says = np.where(g < n_groups, same[items, leader[:, g], a], 0.0)
            groups[homeless & (says == 1.0), a] = g
            homeless &= says != 1.0
            unsettled |= np.isnan(says)
        new = homeless & ~unsettled
        groups[new, a] = n_groups[new]
        leader[new, n_groups[new]] = a
        n_groups += new
    return groups


def _connected(same: Floats, there: Mask) -> Floats:
    """Take connected components; leave out one that may belong to one before it."""
    from curate.measure import _group_loops as loops

    groups = np.empty(there.shape)
    present = there[:, :, None] & there[:, None, :]
    loops.group_connected(np.where(present, np.nan_to_num(same), np.nan), 0.5, groups)
    kept = np.zeros(there.shape, dtype=bool)
    for g in range(there.shape[1]):
        mine = groups == g
        unsettled = np.isnan(same) & mine[:, :, None] & kept[:, None, :]
        kept |= mine & ~unsettled.any(axis=(1, 2))[:, None]
    return np.where(kept, groups, np.nan)


def _renumbered(groups: Floats) -> Floats:
    """Number groups in the order of their first members by column."""
    first = np.full(groups.shape, np.inf)
    for column in reversed(range(groups.shape[1])):
        rows = np.flatnonzero(~np.isnan(groups[:, column]))
        first[rows, groups[rows, column].astype(np.int64)] = column
    place = np.argsort(np.argsort(first, axis=1, kind="stable"), axis=1, kind="stable")
    at = np.nan_to_num(groups).astype(np.int64)
    numbers = np.take_along_axis(place, at, axis=1) if groups.shape[1] else groups
    return np.where(np.isnan(groups), np.nan, numbers.astype(np.float64))
