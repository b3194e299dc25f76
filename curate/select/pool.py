"""What is on offer for one round, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from curate.select.beliefs import Beliefs
from curate.where.cells import Column

__all__ = ["Answers", "Pool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is known of completions that may be put side by side, one row each."""

    features: npt.NDArray[np.float32]
    """What the preference model looks at, shape (n_answers, n_features)."""
    reward: npt.NDArray[np.float64]
    """Posterior mean (or, at a cold start, the committee's standardised grade), (n_answers,)."""
    reward_sd: npt.NDArray[np.float64]
    """Its standard deviation, (n_answers,)."""
    length: npt.NDArray[np.float64]
    """In characters, (n_answers,)."""
    covariance: npt.NDArray[np.float64] | None = None
    """Posterior covariance of the reward's weights, (n_features, n_features); None = cold."""
    model: npt.NDArray[np.int64] | None = None
    """Number of the model that gave each answer, (n_answers,), where models are to be ranked;
    None = the answers are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Everything that could be asked, reviewed and protected rows included.

    Reviewed, queued and protected rows stay in the pool with their reason in `left_out`: they
    are never picked, and `explain_row` can still say what became of them.
    """

    ids: list[str]
    """Candidate or pair ids, one a row."""
    vectors: npt.NDArray[np.float32]
    """What is to be covered, usually the prompt's vector, shape (n_rows, n_dims)."""
    need: npt.NDArray[np.float64]
    """How much a row needs a person, higher = more; NaN where it could not be scored."""
    need_name: str = "need"
    """What the sentences call `need`."""
    scores: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    """Further score columns, each of shape (n_rows,)."""
    columns: Mapping[str, Column] = field(default_factory=dict)
    """What caps, quotas and rules speak of beside `scores` (lists, numpy or Arrow arrays), each of
    length n_rows; None is never capped. `time` in seconds or as ISO 8601."""
    identity: npt.NDArray[np.int64] | None = None
    """Rows of one number belong to one prompt; None = each row stands for itself."""
    covered: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Rows reviewed or queued in earlier rounds."""
    left_out: Mapping[int, str] = field(default_factory=dict)
    """Rows that may not be picked: reason."""
    protected: Mapping[int, str] = field(default_factory=dict)
    """Rows of the test split and the calibration slice: the side. They are never picked, nor is
    any other row of their group: a queue that would touch one is an error."""
    groups: npt.NDArray[np.int64] | None = None
    """Rows of one number stay on one side, shape (n_rows,); None = those of one `identity`."""

    beliefs: Beliefs | None = None
    """What the acquisition model predicts; None = there is none (yet)."""
    fixed_need: bool = True
    """Whether `need` stays as it is when answers come in: a committee's score does, the
    uncertainty of a model that learns from the answers does not."""
    pairs: npt.NDArray[np.int64] | None = None
    """Rank: the two completions of each row as rows of `answers`, shape (n_rows, 2)."""
    answers: Answers | None = None
    """Rank: what is known of each completion that a pair may hold."""
    minutes: npt.NDArray[np.float64] | None = None
    """Estimated reviewers' minutes of each row, all its votes together, shape (n_rows,)."""
    clusters: npt.NDArray[np.int64] | None = None
    """Cluster of each row's prompt, from 0 on, shape (n_rows,); None = found where needed."""
    n_answers: int | None = None
    """How many answers of people there are by now; None = enough (no cold start for want of
    answers)."""
    answers_by_kind: Mapping[str, int] = field(default_factory=dict)
    """How many of each kind (yes and no, or a label), where answers have kinds."""

    def __post_init__(self) -> None:
        n = len(self.ids)
        named = [("vectors", len(self.vectors)), ("need", len(self.need))]
        named += [(name, len(values)) for name, values in self.scores.items()]
        named += [(name, len(column)) for name, column in self.columns.items()]
        optional = ("identity", "groups", "minutes", "clusters", "pairs", "beliefs")
        named += [(name, len(own)) for name in optional if (own := getattr(self, name)) is not None]
        for name, length in named:
            if length != n:
                raise ValueError(f"{name} has {length} rows, ids has {n}")
        rows = [*self.left_out, *self.protected, *self.covered.tolist()]
        if rows and not 0 <= min(rows) <= max(rows) < n:
            raise ValueError(f"left_out, protected and covered must be rows from 0 to {n - 1}")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def open(self) -> npt.NDArray[np.bool_]:
        """Which rows may be picked at all, shape (n_rows,)."""
        mask = np.ones(len(self), bool)
        mask[np.fromiter(self.left_out, np.int64, len(self.left_out))] = False
        mask[self.covered] = False
        return mask & ~self.shielded

    @property
    def shielded(self) -> npt.NDArray[np.bool_]:
        """Which rows are protected, or of one group with a row that is, shape (n_rows,)."""
        mask = np.zeros(len(self), bool)
        rows = np.fromiter(self.protected, np.int64, len(self.protected))
        mask[rows] = True
        kept_whole = self.identity if self.groups is None else self.groups
        if kept_whole is None or not len(rows):
            return mask
        return mask | np.isin(kept_whole, kept_whole[rows])
