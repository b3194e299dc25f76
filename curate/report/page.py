"""What a page shows: plain rows and arrays that the pipeline fills from a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.report.progress import Progress

__all__ = [
    "Agreement",
    "Annotator",
    "Committee",
    "Completion",
    "Composition",
    "ExportFile",
    "Map",
    "Measure",
    "Member",
    "Mix",
    "Page",
    "QueueRow",
    "Scores",
    "Step",
    "Truth",
]

Part = Literal["active", "random", "always", "typical"]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of the flow: what went in, what came out."""

    stage: str
    count_in: int
    count_out: int
    note: str = ""
    """A clause on what the counts are: "answers of 12 models"."""
    reasons: tuple[tuple[str, int], ...] = ()
    """Why rows were dropped, most frequent first: (reason, rows)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One answer as shown under a row of the queue."""

    model: str
    text: str
    asked: bool = True
    """Whether people saw it; False for the committee's answers beside it."""
    answer: str = ""
    """What was read out of the text to compare answers; "" = nothing could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One item of the queue."""

    order: int
    """Position in the queue, 1-based."""
    item_id: str
    part: Part
    probability: float
    """Chance of inclusion by design; NaN where the pick was deterministic."""
    reason: str
    scores: Mapping[str, float]
    prompt: str
    completions: tuple[Completion, ...]
    status: Literal["waiting", "answered"] = "waiting"
    outcome: str = ""
    """rank: a, b, tie, both_bad; rewrite: good, rewritten, unlabelable; "" = not settled."""
    rewritten: str = ""
    """The text a person wrote instead, where one did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Score columns over everything that was on offer."""

    columns: Mapping[str, Floats]
    """Name to values, shape (n,) each; NaN = not scored."""
    queued: npt.NDArray[np.bool_]
    """Which rows are in the queue, shape (n,)."""
    docs: Mapping[str, str] = field(default_factory=dict)
    """Name to one sentence on what the score says."""
    length: str = "tokens"
    """Which column is the length that the others are held against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """Prompts in the plane."""

    xy: Floats
    """Shape (n, 2), as `project_2d` gives it."""
    labels: Sequence[str] = ()
    """A text for each point, or none at all; long ones are cut."""
    queued: npt.NDArray[np.integer]
    """The point of each row of the queue, in the queue's order, shape (k,)."""
    reviewed: npt.NDArray[np.integer] = field(default_factory=lambda: np.empty(0, np.int64))
    """Points that earlier rounds reviewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of the queue beside a random draw of the same size."""

    name: str
    queue: float
    random: float
    pool: float = float("nan")
    note: str = ""
    """What it measures and how to read it."""
    percent: bool = False
    """Whether the values are shares, shown as per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How the values of one column are spread over queue and pool."""

    column: str
    rows: tuple[tuple[str, float, float], ...]
    """(value, share of the queue, share of the pool)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What the queue is made of."""

    measures: tuple[Measure, ...]
    mixes: tuple[Mix, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One model of the committee."""

    name: str
    answers: int
    """Prompts to which its answer could be read."""
    reliability: float
    """Estimated without labels, in [0, 1]."""
    accuracy: float = float("nan")
    """Share of right answers where truth is known; NaN where it is not."""
    redundancy: float = float("nan")
    """Mean correlation of its being at odds with the others'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """Whose disagreement the scores are made of."""

    members: tuple[Member, ...]
    effective: float
    """As many independent members would give a mean vote of the same variance."""
    correlation: Floats
    """Of being at odds with the rest, shape (n_members, n_members)."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotator:
    """One person's work."""

    name: str
    answers: int
    agreement: float
    """Share of agreeing pairs with others, in [0, 1]; NaN without shared items."""
    median_minutes: float = float("nan")
    discarded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far people agreed."""

    alpha: float
    """Krippendorff's alpha; NaN where no item has two answers."""
    interval: tuple[float, float]
    """95 % confidence interval of alpha."""
    level: str
    """nominal, ordinal, …"""
    n_items: int
    """Items with two answers or more."""
    annotators: tuple[Annotator, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """One training file."""

    path: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Recorded truth, where a demonstration has it: (wrong answers, answers)."""

    queue: tuple[int, int]
    """Among the actively chosen."""
    random: tuple[int, int]
    """In the random slice."""
    pool: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that one page shows; what is left at its default is not there yet."""

    title: str
    task: Literal["rewrite", "rank"]
    generated_from: Mapping[str, str]
    """Config hash, seed, versions: what the page can be made again from."""
    flow: tuple[Step, ...] = ()
    queue: tuple[QueueRow, ...] = ()
    scores: Scores | None = None
    map: Map | None = None
    committee: Committee | None = None
    composition: Composition | None = None
    agreement: Agreement | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Outcome to settled rows."""
    exports: tuple[ExportFile, ...] = ()
    truth: Truth | None = None
    progress: Progress | None = None
    show_text: bool = True
    """False leaves prompts, answers and labels out of the page."""
