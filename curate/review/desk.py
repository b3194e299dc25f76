"""What every desk takes and gives: the protocol that Argilla, a sheet or any other one fills."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from curate.records import Item, Response, Task, digest
from curate.review.guidelines import Guideline

__all__ = [
    "MAIN_QUESTION",
    "Asked",
    "Batch",
    "Desk",
    "Person",
    "Progress",
    "Pulled",
    "Pushed",
    "Ranking",
    "batch_name",
]

Ranking = Literal["pair", "full"]

MAIN_QUESTION: Mapping[tuple[Task, Ranking], str] = {
    ("rank", "pair"): "preference",
    ("rank", "full"): "ranking",
    ("rewrite", "pair"): "quality",
    ("rewrite", "full"): "quality",
}
"""The question of each kind of item that has a row for every response, answered or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Items that go to people together, under one guideline."""

    name: str
    """Names what the desk makes of it; see `batch_name`."""
    task: Task
    items: Sequence[Item]
    guideline: Guideline
    ranking: Ranking = "pair"
    """rank: A, B, tie, both bad; or order all answers of an item."""
    seed: int = 7
    """The order in which people see an item's answers follows from it and the item's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How one item stands on the desk: what is needed to read its answers back."""

    item_id: str
    task: Task
    candidates: tuple[str, ...]
    """Candidate ids in the tool's own order: the first two are a and b of a `Vote`."""
    shown: tuple[str, ...]
    """The same ids in the order in which people see them."""

    @property
    def mark(self) -> str:
        """A digest of the shown order, kept on the desk beside the item."""
        return digest(*self.shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of a batch; every item is in exactly one of the first four."""

    new: tuple[str, ...] = ()
    """Item ids that the desk did not hold before."""
    updated: tuple[str, ...] = ()
    """Held with other texts, unanswered, and replaced."""
    unchanged: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    """Item id: why it is not on the desk as asked."""
    permutation: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Item id: candidate ids in the order in which people see them, of all but the refused."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where people find them: dataset (or file) and its address."""
    notes: tuple[str, ...] = ()
    """What else the person who pushes should know, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What the desk holds of answers, as far as it is news."""

    responses: tuple[Response, ...] = ()
    """New or changed since, in the order of items asked, then of time."""
    seen: int = 0
    """Responses on the desk to the items asked, told before or not (one a person and item)."""
    gone: tuple[str, ...] = ()
    """Ids told before that the desk no longer holds: deleted, or that question emptied."""
    missing: tuple[str, ...] = ()
    """Items asked that the desk does not hold: deleted there, or never pushed."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Item id: why its answers cannot be read back."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """How many items one person dealt with."""

    submitted: int = 0
    discarded: int = 0
    draft: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a batch is."""

    total: int = 0
    """Items on the desk."""
    completed: int = 0
    """Items with as many submitted answers as were asked for."""
    people: Mapping[str, Person] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Completed share; NaN for an empty batch."""
        return self.completed / self.total if self.total else float("nan")


class Desk(Protocol):
    """Where people answer."""

    def push(self, batch: Batch, *, progress: Callable[[int, int], None] | None = None) -> Pushed:
        """Put a batch before people; doing it again changes nothing.

        An item is known by its id. New ones are added, unanswered ones brought up to date;
        one whose texts changed under an existing answer is refused, as is one that the desk
        cannot hold, and the others still go through. After a cut, pushing again completes it.

        Args:
            batch: What to ask.
            progress: Told (items done, items in all) as it goes.

        Raises:
            DeskError: If the desk is away, refuses the key, or holds something else by that name.
        """

    def pull(
        self, name: str, asked: Iterable[Asked], *, since: Mapping[str, str] | None = None
    ) -> Pulled:
        """Fetch the answers that are news.

        Args:
            name: The batch's name.
            asked: The items whose answers are wanted, as they were pushed.
            since: `Response.id` to `updated_at` of what is known; what still has that time is
                left out.

        Raises:
            DeskError: If the desk is away, refuses the key, or has no such batch.
        """

    def progress(self, name: str) -> Progress:
        """Count what is done of a batch.

        Raises:
            DeskError: As `pull`.
        """


def batch_name(project: str, *, task: Task, round: int = 1) -> str:
    """Return a name that every desk can use: lower case, digits and hyphens.

    >>> batch_name("GSM8K – Jörg's logs", round=2, task="rewrite")
    'gsm8k-jorg-s-logs-r002-rewrite'
    """
    plain = unicodedata.normalize("NFKD", project).encode("ascii", "ignore").decode("ascii")
    stem = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:120].strip("-")
    return f"{stem or 'p' + digest(project)[:8]}-r{round:03d}-{task}"
