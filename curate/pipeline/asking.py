"""Members at work for a stage: the ledger first, then the member's client, one at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curate.config import MemberConfig
from curate.console import Progress
from curate.project import Project

if TYPE_CHECKING:
    from curate.llm import Ask, Call, Client, Reply
    from curate.llm.ledger import Ledger, Spent

__all__ = ["Asking", "Spending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a run of a stage added to the ledger."""

    new: int = 0
    """Calls that were answered."""
    tokens: int = 0
    money: float = 0.0
    """NaN where no price is known."""

    @classmethod
    def between(cls, before: Spent, after: Spent) -> Spending:
        """Return what the ledger's totals grew by."""
        known = _known(after.money) - _known(before.money)
        unpriced = after.unpriced - before.unpriced
        return cls(
            new=after.calls - before.calls,
            tokens=after.tokens - before.tokens,
            money=math.nan if unpriced and not known else known,
        )

    def told(self, currency: str) -> str:
        """Return the money in words."""
        return "of unknown price" if math.isnan(self.money) else f"{self.money:.4g} {currency}"


def _known(money: float) -> float:
    return 0.0 if math.isnan(money) else money


class Asking:
    """Gives what answers a member's calls, within the project's budget.

    A member's client is made once a call is to be sent: what the ledger holds needs no key, and
    no server.
    """

    def __init__(
        self, project: Project, ledger: Ledger, *, stage: str, progress: Progress, total: int = 0
    ):
        """Begin to ask.

        Args:
            project: Whose budget counts.
            ledger: Its ledger, open.
            stage: Who asks: generate or judge.
            progress: Called with (replies so far, `total`), over all members.
            total: How many replies there will be, 0 where that is not known.
        """
        from curate.llm.budget import Budget
        from curate.llm.prices import Prices

        spend = project.config.budget
        self._ledger = ledger
        self._batches = project.batches
        self._stage = stage
        self._progress = progress
        self._total = total
        self._done = 0
        self._prices = Prices(spend)
        self._budget = Budget(spend, ledger, self._prices)
        self._at_work: _OnDemand | None = None
        self.notes: list[str] = []
        """What clients have to say of their servers, each remark once."""

    def of(self, member: MemberConfig) -> Ask:
        """Return what answers a member's calls; the member before it is done with."""
        from curate.llm.asking import asked

        self.close()
        self._at_work = _OnDemand(member, self._batches)
        return asked(
            self._at_work,
            self._ledger,
            stage=self._stage,
            member=member,
            budget=self._budget,
            prices=self._prices,
            progress=self._count,
        )

    def close(self) -> None:
        """End the client that is at work."""
        if self._at_work is not None:
            self._at_work.close()
            self.notes += [note for note in self._at_work.notes() if note not in self.notes]

    def _count(self, done: int, total: int) -> None:
        self._done += 1
        self._progress(self._done, self._total)


class _OnDemand:
    """A member's client, made on first use."""

    def __init__(self, member: MemberConfig, batches: Path):
        self._member = member
        self._batches = batches
        self._client: Client | None = None

    def complete(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Reply]]:
        from curate.llm.clients import client_for

        if self._client is None:
            self._client = client_for(self._member, state=self._batches)
        return self._client.complete(calls)

    def notes(self) -> list[str]:
        said = getattr(self._client, "notes", ())
        return [f"{self._member.label}: {note}" for note in said]

    def close(self) -> None:
        if end := getattr(self._client, "close", None):
            end()
