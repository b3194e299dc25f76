"""What a committee makes of each of its answers.

In: answers to prompts, as they come: which prompt, which model, and a number that stands for the
answer. Out: scores in the same order. A model is one member however many answers it gave to a
prompt: its vote is split evenly between them. Where one model gave all answers to a prompt, its
samples are the committee (self-consistency). Answers of unknown models count as a member each; as
nobody can tell which of them are one model's, they share one reliability, and have no `doubt`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate import measure

__all__ = ["ENOUGH", "PANEL", "SEATS", "Seats", "Verdicts", "seats", "verdicts"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


SEATS = 200
"""Answers to one prompt that are compared with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """Which answers stand side by side: one row a prompt, one column an answer."""

    answers: Ints
    """Index of the answer, shape (n_prompts, most answers to one), -1 = none."""
    members: Ints
    """Who gave it, whole numbers from 0, same shape."""
    n_known: int
    """Members from this number on are answers of unknown models."""

    def spread(self, answers: npt.NDArray[np.generic], empty: float = np.nan) -> Floats:
        """Lay out one value an answer as (n_prompts, n)."""
        if answers.size == 0:
            return np.full(self.answers.shape, empty)
        return np.where(self.answers >= 0, answers[self.answers], empty).astype(np.float64)

    def gather(self, cells: npt.NDArray[np.generic], n_answers: int) -> Floats:
        """Bring (n_prompts, n) or (n_prompts,) values back to one an answer; NaN = has no seat."""
        values = np.full(n_answers, np.nan)
        there = self.answers >= 0
        full = cells if cells.ndim == 2 else np.broadcast_to(cells[:, None], self.answers.shape)
        values[self.answers[there]] = full[there]
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What a committee makes of its answers; one value an answer, shape (n_answers,)."""

    group: Floats
    """Which of the prompt's distinct answers, in the order met; NaN = could not be compared."""
    n_members: Floats
    n_named: Floats
    """Members that are known models."""
    n_answers: Floats
    vote_entropy: Floats
    margin_uncertainty: Floats
    contradiction: Floats
    contradiction_weighted: Floats
    doubt: Floats
    """Log-odds that the answer is wrong; NaN where fewer than `PANEL` models answered, or fewer
    than `ENOUGH` prompts have so many."""
    reliability: Floats
    """Of each known model, and of the unknown ones together, if there are any."""


def seats(prompts: Ints, models: Ints, *, most: int = SEATS) -> Seats:
    """Seat answers by prompt.

    Of more than `most` answers to a prompt, so many get a seat: every model's first, then every
    model's second, and so on. All prompts are laid out as wide as the widest, so that one greeting
    logged a hundred thousand times would otherwise decide what all the others cost.

    Args:
        prompts: Which prompt each answers, shape (n_answers,), whole numbers; -1 = seat it nowhere.
        models: Which model gave it, shape (n_answers,), -1 = unknown.
        most: Seats of a prompt.

    Returns:
        Prompts without an answer have no row.
    """
    seated = np.flatnonzero(prompts >= 0)
    order = seated[np.argsort(prompts[seated], kind="stable")]
    order = order[_within(prompts[order], models[order], most)]
    _, start, count = np.unique(prompts[order], return_index=True, return_counts=True)
    row = np.repeat(np.arange(len(count)), count)
    column = np.arange(len(order)) - np.repeat(start, count)
    shape = (len(count), int(count.max(initial=0)))
    answers = np.full(shape, -1, dtype=np.int64)
    answers[row, column] = order
    members = np.zeros(shape, dtype=np.int64)
    n_known = int(models.max(initial=-1)) + 1
    members[row, column] = np.where(models[order] >= 0, models[order], n_known + column)
    return Seats(answers=answers, members=members, n_known=n_known)


def _within(prompts: Ints, models: Ints, most: int) -> npt.NDArray[np.bool_]:
    """Say which answers get a seat; answers come sorted by prompt."""
    _, start, count = np.unique(prompts, return_index=True, return_counts=True)
    kept = np.ones(len(prompts), dtype=bool)
    for prompt in np.flatnonzero(count > most):
        here = slice(start[prompt], start[prompt] + count[prompt])
        turn = np.argsort(_times_before(models[here]), kind="stable")
        kept[here] = False
        kept[start[prompt] + turn[:most]] = True
    return kept


def _times_before(values: Ints) -> Ints:
    """Return how often each value stands before itself.

    >>> _times_before(np.array([5, 7, 5, 5])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(values, kind="stable")
    _, start, count = np.unique(values[order], return_index=True, return_counts=True)
    times = np.empty(len(values), dtype=np.int64)
    times[order] = np.arange(len(values)) - np.repeat(start, count)
    return times


def verdicts(votes: Floats, seated: Seats, n_answers: int) -> Verdicts:
    """Return what the committee makes of each answer.

    Args:
        votes: Numbers that stand for answers, laid out as `seated`, NaN = cannot be compared.
        seated: Where each answer stands.
        n_answers: How many there are in all.
    """
    shares = _shares(votes, seated.members)
    named = np.minimum(seated.members, seated.n_known)
    reliability = measure.reliability(votes, members=named, shares=shares)
    weighted = shares * measure.log_odds(reliability)[named]
    of_named = np.where(seated.members < seated.n_known, votes, np.nan)
    n_named = np.round(np.where(np.isnan(of_named), 0.0, shares).sum(axis=1))
    n_votes = (~np.isnan(votes)).sum(axis=1)
    several = np.where(n_votes > 1, 1.0, np.nan)
    columns = {
        "group": _groups(votes),
        "n_members": np.round(shares.sum(axis=1)),
        "n_named": n_named,
        "n_answers": n_votes,
        "vote_entropy": several * measure.vote_entropy(votes, normalise=True, weights=shares),
        "margin_uncertainty": several * (1.0 - measure.margin(votes, weights=shares)),
        "contradiction": measure.contradiction(votes, weights=shares, members=seated.members),
        "contradiction_weighted": measure.contradiction(
            votes, weights=weighted, members=seated.members
        ),
        "doubt": _doubt(of_named, seated, n_named >= PANEL),
    }
    back = {name: seated.gather(cells, n_answers) for name, cells in columns.items()}
    return Verdicts(**back, reliability=reliability)


PANEL = 3
"""Models that must have answered: of two, neither can be told to be the better one."""
ENOUGH = 20
"""Prompts with a panel, below which the fit is no better than a plain share of votes."""


def _doubt(votes: Floats, seated: Seats, panel: Mask) -> Floats:
    doubt = np.full(votes.shape, np.nan)
    if panel.sum() >= ENOUGH:
        said = measure.consensus(votes[panel], members=seated.members[panel])
        doubt[panel] = said.log_odds
    return doubt


def _shares(votes: Floats, members: Ints) -> Floats:
    """Return how much of its member's vote each answer is: 1 / (its answers to the prompt)."""
    there = ~np.isnan(votes)
    n_own = np.zeros(votes.shape)
    for column in range(votes.shape[1]):
        same = members == members[:, column : column + 1]
        n_own[:, column] = (same & there).sum(axis=1)
    return np.where(there, 1.0 / np.maximum(n_own, 1.0), 0.0)


def _groups(votes: Floats) -> Floats:
    """Number each row's distinct votes in the order met."""
    groups = np.full(votes.shape, np.nan)
    n_groups = np.zeros(len(votes))
    for column in range(votes.shape[1]):
        mine = votes[:, column]
        new = ~np.isnan(mine)
        for before in range(column):
            same = votes[:, before] == mine
            groups[same, column] = groups[same, before]
            new &= ~same
        groups[new, column] = n_groups[new]
        n_groups[new] += 1
    return groups
