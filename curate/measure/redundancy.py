"""Whose disagreement it is: how far the members of a committee repeat each other.

In: votes, shape (n_items, n_members), NaN = did not answer; codes of one row have nothing to do
with those of another. Out: matrices (n_members, n_members), and how many independent members the
committee is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Redundancy", "rank_correlations", "redundancy"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_CHUNK = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Redundancy:
    """How far the members of a committee repeat each other; matrices have the shape (m, m)."""

    agreement: Floats
    """Share of the items that both answered on which they say the same; NaN where there is none."""
    correlation: Floats
    """Of being at odds with what the rest of the committee says (phi coefficient): 1 = always at
    odds together, 0 = independent; NaN where one of them never is, or always."""
    same_mistake: Floats
    """Where both are at odds with the rest: how often they say the same; NaN where never both."""
    n_items: npt.NDArray[np.int64]
    """Items that both answered and on which the others have a majority."""
    effective_members: float
    """As many independent members would give a mean vote of the same variance."""


def redundancy(votes: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Redundancy:
    """Say how far members repeat each other, without knowing what is right.

    Two members are held against the answer of the majority (by weight) of *the others*, on the
    items where there is one: neither of the two has a say in what counts as being at odds, and
    a rest in two minds, whose errors would be taken for theirs, is not asked. A majority that
    errs still counts as right, so that correlations run a little high in committees of four or
    five. The effective number of members
    is Kish's: m^2 / sum of correlations (Survey Sampling, 1965), with 1 on the diagonal and 0 for
    what is unknown or negative; m for independent members, 1 for copies of one. Use it to see
    whether another member would add a voice or an echo.

    Args:
        votes: Shape (n_items, n_members), NaN = did not answer.
        weights: How much each member counts in what the others say, shape (n_members,), e.g.
            `log_odds` of its `reliability`; None = all alike.

    Raises:
        ValueError: If the shapes do not fit.

    >>> votes = [[1, 1, 1, 1], [2, 2, 1, 1], [1, 1, 2, 2], [3, 3, 3, 3], [1, 2, 1, 1], [4, 4, 5, 4]]
    >>> redundancy(votes).agreement[0].round(2).tolist()
    [1.0, 0.83, 0.5, 0.67]
    """
    votes = np.asarray(votes, dtype=np.float64)
    if votes.ndim != 2:
        raise ValueError(f"votes must have the shape (n_items, n_members), not {votes.shape}")
    weight = _weight(votes.shape[1], weights)
    counts = _counts(votes, weight)
    correlation = _phi(counts)
    with np.errstate(invalid="ignore"):
        return Redundancy(
            agreement=_with_diagonal(counts["agree"] / counts["shared"], counts["shared"]),
            correlation=correlation,
            same_mistake=counts["same_mistake"] / counts["both"],
            n_items=counts["n"].astype(np.int64),
            effective_members=_effective(correlation),
        )


def _weight(n_members: int, weights: npt.ArrayLike | None) -> Floats:
    weight = np.ones(n_members) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != (n_members,):
        raise ValueError(f"{n_members} members need weights of shape ({n_members},)")
    return weight


def _counts(votes: Floats, weight: Floats) -> dict[str, Floats]:
    m = votes.shape[1]
    names = ("agree", "shared", "n", "both", "first", "same_mistake")
    counts = {name: np.zeros((m, m)) for name in names}
    for start in range(0, len(votes), _CHUNK):
        _add(counts, votes[start : start + _CHUNK], weight)
    return counts


def _add(counts: dict[str, Floats], votes: Floats, weight: Floats) -> None:
    """Add what some items say of each pair of members."""
    m = votes.shape[1]
    there = ~np.isnan(votes)
    same = votes[:, :, None] == votes[:, None, :]
    support = (same * weight).sum(axis=2)
    counts["agree"] += same.sum(axis=0)
    counts["shared"] += (there[:, :, None] & there[:, None, :]).sum(axis=0)
    for a in range(m):
        for b in range(a):
            odd_a, odd_b, held = _at_odds(votes, there, same, support, weight, (a, b))
            counts["first"][a, b] += odd_a.sum()
            counts["first"][b, a] += odd_b.sum()
            for cell in ((a, b), (b, a)):
                counts["n"][cell] += held.sum()
                counts["both"][cell] += (odd_a & odd_b).sum()
                counts["same_mistake"][cell] += (odd_a & odd_b & same[:, a, b]).sum()


def _at_odds(
    votes: Floats,
    there: Bools,
    same: Bools,
    support: Floats,
    weight: Floats,
    pair: tuple[int, int],
) -> tuple[Bools, Bools, Bools]:
    """Say where each of two members is at odds with the rest, and where there is a rest."""
    a, b = pair
    others = there.copy()
    others[:, [a, b]] = False
    rest = support - same[:, :, a] * weight[a] - same[:, :, b] * weight[b]
    rest = np.where(others, rest, -np.inf)
    row, said = np.arange(len(votes)), np.argmax(rest, axis=1)
    consensus = votes[row, said]
    majority = rest[row, said] > 0.5 * (others * weight).sum(axis=1)
    held = there[:, a] & there[:, b] & majority
    return held & (votes[:, a] != consensus), held & (votes[:, b] != consensus), held


def _phi(counts: dict[str, Floats]) -> Floats:
    n, both = counts["n"], counts["both"]
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q, joint = counts["first"] / n, counts["first"].T / n, both / n
        phi: Floats = (joint - p * q) / (np.sqrt(p * (1 - p)) * np.sqrt(q * (1 - q)))
    phi[~np.isfinite(phi)] = np.nan
    np.fill_diagonal(phi, 1.0)
    return phi


def _with_diagonal(share: Floats, shared: Floats) -> Floats:
    np.fill_diagonal(share, np.where(np.diag(shared) > 0, 1.0, np.nan))
    return share


def _effective(correlation: Floats) -> float:
    m = len(correlation)
    if m == 0:
        return float("nan")
    return float(m * m / np.clip(np.nan_to_num(correlation), 0.0, None).sum())


def rank_correlations(columns: npt.ArrayLike) -> Floats:
    """Return Spearman's rank correlation of each column with each.

    Over the rows where both have a value; ties share their mean rank.

    Args:
        columns: Shape (n_rows, n_columns), NaN = no value.

    Returns:
        Shape (n_columns, n_columns); NaN with fewer than three shared rows or a constant column.

    >>> rank_correlations([[1, 9], [2, 4], [3, 1]]).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    table = np.asarray(columns, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"columns must have the shape (n_rows, n_columns), not {table.shape}")
    n = table.shape[1]
    out = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(i + 1):
            out[i, j] = out[j, i] = _spearman(table[:, i], table[:, j])
    return out


def _spearman(x: Floats, y: Floats) -> float:
    both = ~(np.isnan(x) | np.isnan(y))
    if both.sum() < 3:
        return float("nan")
    a, b = _ranks(x[both]), _ranks(y[both])
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / norm, -1.0, 1.0)) if norm else float("nan")


def _ranks(values: Floats) -> Floats:
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank: Floats = (np.cumsum(size) - (size - 1) / 2)[group]
    return mean_rank
