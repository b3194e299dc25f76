"""The whole of it: which answers count, what they amount to, how far people agreed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from curate.config import ResolveConfig
from curate.measure.agreement import item_agreement
from curate.records import Curated, Item, Response
from curate.resolve import rank, rewrite
from curate.resolve.answers import Answer, LeftOut, counted
from curate.resolve.consensus import Agreement, Decision, agreement, decide, votes_matrix

__all__ = ["Resolution", "Undecided", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """An item that is not settled."""

    item_id: str
    record_id: str
    reason: str
    n_responses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What the answers of a round amount to."""

    curated: tuple[Curated, ...]
    """In the order of the items."""
    undecided: tuple[Undecided, ...]
    agreement: Agreement
    left_out: tuple[LeftOut, ...]
    """Responses that did not count, with the reason of each."""
    notes: Mapping[str, str]
    """Curated id to what a reader should know: untouched prefill, a tie for want of support,
    why it cannot be labelled."""

    @property
    def outcomes(self) -> dict[str, int]:
        """How many rows have each outcome."""
        return dict(sorted(Counter(row.outcome for row in self.curated).items()))

    @property
    def reasons(self) -> dict[str, int]:
        """How many answers (one a person and item) were left out for each reason."""
        answers = {(out.reason, out.item_id, out.annotator) for out in self.left_out}
        return dict(sorted(Counter(reason for reason, _, _ in answers).items()))


def resolve(
    responses: Sequence[Response] | pa.Table,
    items: Sequence[Item] | Mapping[str, Item],
    *,
    config: ResolveConfig | None = None,
    seed: int = 7,
    displayed: Mapping[str, Sequence[str]] | None = None,
) -> Resolution:
    """Settle what people answered.

    Only submitted answers count, the latest of each person to each item. Outcomes with no more
    support than `config.min_support` are a tie (rank) or undecided (rewrite), and so are
    outcomes that another one equals.

    Args:
        responses: What came back from the desk: rows, or a table of the schema `RESPONSES`.
        items: What was asked, of one task.
        config: Method, least support, resamples.
        seed: For the bootstrap.
        displayed: Item id to its candidate ids in the order in which people saw them; gives
            each annotator's position bias.

    Raises:
        ValueError: If the items are of both tasks.
    """
    config = config or ResolveConfig()
    queue = dict(items) if isinstance(items, Mapping) else {item.id: item for item in items}
    answers, left_out = counted(responses, queue)
    work = _Work(queue=queue, answers=answers, displayed=displayed or {}, left_out=left_out)
    tasks = {item.task for item in queue.values()}
    if len(tasks) > 1:
        raise ValueError("items of both tasks; resolve `rank` and `rewrite` one after the other")
    _SETTLE["rank" if tasks == {"rank"} else "rewrite"](work, config)
    return Resolution(
        curated=tuple(work.curated),
        undecided=tuple(work.undecided),
        agreement=work.agreed(config, seed),
        left_out=tuple(work.left_out),
        notes=work.notes,
    )


@dataclass(slots=True, kw_only=True)
class _Work:
    """What is gathered on the way."""

    queue: Mapping[str, Item]
    answers: list[Answer]
    displayed: Mapping[str, Sequence[str]]
    left_out: list[LeftOut]
    votes: list[dict[str, int]] = field(default_factory=list)
    sides: dict[str, list[bool]] = field(default_factory=dict)
    n_answers: Counter[str] = field(default_factory=Counter)
    curated: list[Curated] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def by_item(self) -> list[tuple[Item, list[Answer]]]:
        """Return each item, in order, with its answers."""
        of: dict[str, list[Answer]] = {}
        for answer in self.answers:
            of.setdefault(answer.item_id, []).append(answer)
        return [(item, of.get(key, [])) for key, item in self.queue.items()]

    def read(self, answers: Sequence[Answer], unread: Sequence[LeftOut]) -> None:
        """Count whose answers could be read, and keep those that could not."""
        self.left_out += unread
        failed = {out.annotator for out in unread}
        self.n_answers.update(a.annotator for a in answers if a.annotator not in failed)

    def decisions(self, n_classes: int, config: ResolveConfig) -> list[tuple[Decision, float]]:
        """Return what the votes on each unit amount to, with the agreement on it."""
        matrix = votes_matrix(self.votes, self._annotators())
        decided = decide(matrix, n_classes, config.method)
        return list(zip(decided, item_agreement(matrix).tolist(), strict=True))

    def open(self, item: Item, reason: str, n_responses: int) -> None:
        """Note that an item is not settled."""
        self.undecided.append(
            Undecided(
                item_id=item.id, record_id=item.record.id, reason=reason, n_responses=n_responses
            )
        )

    def agreed(self, config: ResolveConfig, seed: int) -> Agreement:
        """Return how far people agreed."""
        names = self._annotators()
        matrix = votes_matrix(self.votes, names) if self.votes else np.empty((0, len(names)))
        return agreement(
            matrix,
            names,
            sides=self.sides,
            n_answers=self.n_answers,
            bootstrap=config.bootstrap,
            seed=seed,
        )

    def _annotators(self) -> list[str]:
        return sorted({name for cast in self.votes for name in cast})


def _settle_pairs(work: _Work, config: ResolveConfig) -> None:
    pairs: list[rank.Pairing] = []
    for item, answers in work.by_item():
        found, unread = rank.pairings(item, answers)
        work.read(answers, unread)
        voted = [pair for pair in found if pair.votes]
        if not voted:
            work.open(item, _unanswered(answers), 0)
        pairs += voted
    work.votes = [pair.votes for pair in pairs]
    work.sides = _sides(pairs, work.displayed)
    decisions = work.decisions(len(rank.OUTCOMES), config)
    for pair, (decision, agreed) in zip(pairs, decisions, strict=True):
        row = rank.settled_pair(pair, decision, agreed, config.min_support)
        work.curated.append(row)
        if row.outcome == "tie" and rank.OUTCOMES[decision.outcome] != "tie":
            work.notes[row.id] = f"a tie for want of support: {_tally(pair.votes, rank.OUTCOMES)}"


def _settle_rewrites(work: _Work, config: ResolveConfig) -> None:
    asked: list[tuple[Item, list[rewrite.Opinion]]] = []
    for item, answers in work.by_item():
        given, unread = rewrite.opinions(item, answers)
        work.read(answers, unread)
        if given:
            asked.append((item, given))
        else:
            work.open(item, _unanswered(answers), 0)
    work.votes = [{o.annotator: o.outcome for o in given} for _, given in asked]
    decisions = work.decisions(len(rewrite.OUTCOMES), config)
    for (item, given), votes, (decision, agreed) in zip(asked, work.votes, decisions, strict=True):
        backed = any(vote == decision.outcome for vote in votes.values())
        if not (backed and decision.alone and decision.support > config.min_support):
            tally = _tally(votes, rewrite.OUTCOMES)
            work.open(item, f"no outcome has enough support: {tally}", len(given))
            continue
        row, note = rewrite.settled_rewrite(item, given, decision, agreed)
        work.curated.append(row)
        if note:
            work.notes[row.id] = note


_SETTLE: dict[str, Callable[[_Work, ResolveConfig], None]] = {
    "rank": _settle_pairs,
    "rewrite": _settle_rewrites,
}


def _unanswered(answers: Sequence[Answer]) -> str:
    return "no answer could be read" if answers else "no submitted answer"


def _tally(votes: Mapping[str, int], outcomes: Sequence[str]) -> str:
    counts = Counter(votes.values())
    return ", ".join(f"{counts[n]} {name}" for n, name in enumerate(outcomes) if counts[n])


def _sides(
    pairs: Sequence[rank.Pairing], displayed: Mapping[str, Sequence[str]]
) -> dict[str, list[bool]]:
    """Return, for each annotator, whether each side voted for was the one shown first."""
    sides: dict[str, list[bool]] = {}
    for pair in pairs:
        order = list(displayed.get(pair.item.id, ()))
        ids = [pair.item.candidates[n].id for n in (pair.a, pair.b)]
        if not set(ids) <= set(order):
            continue
        first = rank.A if order.index(ids[0]) < order.index(ids[1]) else rank.B
        for name, vote in pair.votes.items():
            if vote in (rank.A, rank.B):
                sides.setdefault(name, []).append(vote == first)
    return sides
