"""What the page shows of rounds: what they found, whether to go on, and whether logs drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "Foretold",
    "Grown",
    "NewLogs",
    "Progress",
    "Reason",
    "RoundRow",
    "Share",
    "Span",
]

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A number with its 95 % interval; NaN where it is not known, infinite where it has no end."""

    value: float = NAN
    low: float = NAN
    high: float = NAN
    n: int = 0
    """Answers that it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """One round."""

    number: int
    queued: int
    answered: int
    chosen: Span
    """Share of useful answers among what was chosen."""
    chance: Span
    """The share that chance would have found, by the rows drawn by lot."""
    lift: Span
    per_hundred: float
    """Useful answers in 100."""
    minutes: float = NAN
    minutes_an_item: float = NAN
    money: float = NAN
    alpha: Span = field(default_factory=Span)
    """Krippendorff's alpha."""
    missing: tuple[tuple[str, int], ...] = ()
    """Why answers are missing: (reason, items)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """How well one score foretold one round, on one set of rows."""

    round: int
    by: str
    on: str
    truth: str
    auroc: Span
    brier: float = NAN
    ece: float = NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """An estimated share (or rate) of a part of the pool."""

    column: str
    name: str
    span: Span
    rows: int | None = None
    """Rows of the part that were on offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One question of the advice."""

    state: Literal["go on", "stop", "cannot tell"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A cluster of prompts that takes a larger share of new logs than of old ones."""

    old: float
    new: Span
    words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogs:
    """How logs that came since differ from those that rounds chose from."""

    state: Literal["reopen", "watch", "no drift", "cannot tell"]
    n_new: int
    reasons: tuple[str, ...] = ()
    n_old: int = 0
    auroc: Span = field(default_factory=Span)
    p_value: float = NAN
    psi: float = NAN
    psi_by_chance: float = NAN
    far: Span = field(default_factory=Span)
    clusters: tuple[Grown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All that is known of when to stop."""

    state: Literal["go on", "stop", "cannot tell"]
    reason: str
    rounds: tuple[RoundRow, ...]
    sentences: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    lift: Span = field(default_factory=Span)
    pool: Span = field(default_factory=Span)
    remaining: Span = field(default_factory=Span)
    per_hour: Span = field(default_factory=Span)
    shares: Sequence[Share] = ()
    """Outcomes, win rates and segments."""
    foretold: tuple[Foretold, ...] = ()
    new_logs: NewLogs | None = None
