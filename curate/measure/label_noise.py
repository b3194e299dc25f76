"""Which given answers a committee contradicts, and not merely wavers about.

In: given answers and votes as codes, NaN = none. Out: for each item the log-odds that its given
answer is wrong, and who says what instead. No labels are needed. Nothing here knows a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.measure.consensus import consensus

__all__ = ["Outvoted", "outvoted"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outvoted:
    """What a committee makes of answers that were given beside its own."""

    log_odds: Floats
    """Of the given answer being wrong, shape (n_items,); NaN = fewer than two votes, or no answer
    given. Rank by these."""
    other: Ints
    """A vote for the likeliest answer other than the given one, shape (n_items,); -1 = none."""
    share: Floats
    """Share of the votes for that answer, shape (n_items,)."""
    reliability: Floats
    """How often each member is right, shape (n_members,)."""
    given_reliability: Floats
    """How often the given answers are right as far as the committee can tell, shape (n_topics,);
    of items without a topic last. Without topics one number."""

    @property
    def wrong(self) -> Floats:
        """Probability that the given answer is wrong, shape (n_items,)."""
        return np.asarray(1 / (1 + np.exp(-self.log_odds)), np.float64)


def outvoted(
    given: npt.ArrayLike,
    votes: npt.ArrayLike,
    *,
    members: npt.ArrayLike | None = None,
    topics: npt.ArrayLike | None = None,
    n_options: int | None = None,
) -> Outvoted:
    """Say how likely each given answer is wrong, by what others answered.

    The given answers are one more member of the committee, whose reliability is estimated from the
    same votes (`consensus`: Dawid and Skene, 1979, with easy and hard items and common mistakes).
    So members who agree on another answer are evidence against the given one, each as much as it
    is reliable; members who scatter show a hard or unclear item, which is much weaker evidence;
    and where the given answers are mostly right, it takes more to outvote one. Where topics are
    known, the given answers of each are a member of their own: labels of some topics are worse than
    those of others, and the committee shows it.

    Args:
        given: Codes of the given answers, shape (n_items,), NaN = none; equal to a vote's code
            where they say the same.
        votes: Codes of the members' answers, shape (n_items, n_votes), NaN = did not answer.
        members: Who gave each vote, shape of `votes`, whole numbers from 0; None = one member a
            column.
        topics: Which topic each item is of, shape (n_items,), whole numbers from 0; -1 = none.
        n_options: How many answers there are to choose from; None = no end of them.

    Raises:
        ValueError: If the shapes differ.

    >>> got = outvoted([1.0] * 3, [[2, 2, 2], [2, 3, 4], [1, 1, 2]])
    >>> bool(got.log_odds[0] > got.log_odds[1] > got.log_odds[2]), int(got.other[0])
    (True, 0)
    """
    label, said = np.asarray(given, np.float64), np.asarray(votes, np.float64)
    if said.ndim != 2 or label.shape != said.shape[:1]:
        raise ValueError(f"{label.shape} given answers, but votes of the shape {said.shape}")
    who = np.arange(said.shape[1]) if members is None else np.asarray(members, np.int64)
    source = _sources(topics, len(label))
    n_sources = int(source.max(initial=0)) + 1
    seats = np.column_stack([source, np.broadcast_to(who + n_sources, said.shape)])
    found = consensus(np.column_stack([label, said]), members=seats, n_options=n_options)
    known = ~np.isnan(label) & (np.sum(~np.isnan(said), axis=1) >= _FEWEST)
    other = _other(label, said, found.log_odds[:, 1:])
    return Outvoted(
        log_odds=np.where(known, found.log_odds[:, 0], np.nan),
        other=other,
        share=_share(said, other),
        reliability=found.reliability[n_sources:],
        given_reliability=found.reliability[:n_sources],
    )


_FEWEST = 2
"""Votes that an item needs: of one voice against another, neither can be told to be right."""


def _sources(topics: npt.ArrayLike | None, n: int) -> Ints:
    """Return whose the given answers are: one source a topic, those without one last."""
    if topics is None:
        return np.zeros(n, np.int64)
    topic = np.asarray(topics, np.int64)
    if topic.shape != (n,):
        raise ValueError(f"{n} given answers, but topics of the shape {topic.shape}")
    return np.where(topic < 0, topic.max(initial=-1) + 1, topic)


def _other(label: Floats, said: Floats, log_odds: Floats) -> Ints:
    """Return the vote least likely to be wrong that is not the given answer."""
    if not said.shape[1]:
        return np.full(len(said), -1, np.int64)
    against = np.where((said == label[:, None]) | np.isnan(log_odds), np.inf, log_odds)
    best = against.argmin(axis=1)
    none = np.isinf(against[np.arange(len(said)), best])
    return np.where(none, -1, best).astype(np.int64)


def _share(said: Floats, other: Ints) -> Floats:
    there = ~np.isnan(said)
    if not said.shape[1]:
        return np.full(len(said), np.nan)
    answer = said[np.arange(len(said)), np.maximum(other, 0)]
    same = (said == answer[:, None]).sum(axis=1) * (other >= 0)
    n = there.sum(axis=1)
    return np.where(n > 0, same / np.maximum(n, 1), np.nan)
