"""What rounds asked and what came of it, lined up over everything that was ever on offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.measure.estimates import Draw, chance_mean, hajek, over_rounds, stratified
from curate.measure.intervals import Interval, ratio
from curate.pipeline.usefulness import useful_answers, why_unknown
from curate.project import Project, Round

__all__ = [
    "Asked",
    "History",
    "Lift",
    "PoolMean",
    "history",
    "lift",
    "pool_mean",
    "remaining",
    "values_by",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Values = Sequence[Floats]
"""One array a round, in the order of its queue; NaN = not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One round's queue, in its order, and what was on offer."""

    round: Round
    item_ids: list[str]
    rows: Ints
    """Place of each among `History.ids`, shape (k,)."""
    part: npt.NDArray[np.str_]
    """active, random, always or typical, shape (k,)."""
    chance: Floats
    """By lot, shape (k,); NaN where there was no lot."""
    useful: Floats
    minutes: Floats
    open: Bools
    """What could be drawn, over `History.ids`."""
    missing: Mapping[str, int]
    """Why answers are missing: reason to items."""
    streamed: bool = False
    """Rows came one at a time: only those taken are kept, and each had a chance of its own."""

    def of_part(self, part: str) -> Bools:
        """Return which of the queue belong to a part, shape (k,)."""
        return np.asarray(self.part == part)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All rounds, over all items that any of them could have drawn."""

    ids: pa.Array
    first: Ints
    """Which round (0 = the first) had each on offer first, shape (n_ids,)."""
    rounds: tuple[Asked, ...]

    @property
    def useful(self) -> list[Floats]:
        """Whether each answer was worth a person's time, by round."""
        return [asked.useful for asked in self.rounds]


class PoolMean(NamedTuple):
    """What the rows drawn by lot say of everything that was on offer."""

    mean: Interval
    rows: int
    """Of which it speaks."""
    unseen: int
    """On offer too, but came after the last draw that has answers."""


def history(project: Project) -> History:
    """Return what all rounds asked; those whose queue is still open included."""
    rounds = project.rounds()
    pools = [r.need_table("pool", "select") for r in rounds]
    offered = [_could_be_drawn(pool) for pool in pools]
    both = zip(pools, offered, strict=True)
    drawable = [pool["item_id"].filter(pa.array(open_)) for pool, open_ in both]
    ids = _distinct([*drawable, *(r.queue()["item_id"] for r in rounds)])
    open_ = [_there(column, ids) for column in drawable]
    n = len(rounds)
    first = np.full(len(ids), n)
    for number in reversed(range(n)):
        first[open_[number]] = number
    asked = tuple(_asked(project, r, ids, o) for r, o in zip(rounds, open_, strict=True))
    return History(ids=ids, first=first, rounds=asked)


def pool_mean(past: History, values: Values, within: Bools | None = None) -> PoolMean:
    """Return the mean over all rows that were on offer in any round.

    Rows that came later than others are estimated by themselves, from the rounds that had them
    on offer, and put together by their number.

    Args:
        past: The rounds.
        values: What is to be averaged.
        within: Rows of `past.ids` that count; None = all.
    """
    parts, sizes, unseen = [], [], 0
    filled = _filled(past, values)
    for start in range(len(past.rounds)):
        group = (past.first == start) & (True if within is None else within)
        if not group.any():
            continue
        if past.rounds[start].streamed:
            draw = _drawn(past.rounds[start], values[start], group)
            found, size = hajek(draw.values, draw.n_open, chances=draw.chances), draw.n_open
        else:
            found = over_rounds(list(_draws(past, values, filled, group, start)))
            size = int(group.sum())
        if found.known:
            parts.append(found)
            sizes.append(size)
        else:
            unseen += size
    return PoolMean(stratified(parts, sizes), sum(sizes), unseen)


def remaining(past: History, mean: PoolMean) -> tuple[Interval, int]:
    """Return the mean over the rows that no round has asked, and their number.

    What is known of the asked ones is taken off the estimate for all.

    Args:
        past: The rounds.
        mean: The estimate for all.
    """
    known = np.concatenate([*_filled(past, past.useful), np.empty(0)])
    known = known[~np.isnan(known)]
    rest = mean.rows - len(known)
    if rest <= 0 or not mean.mean.known:
        return Interval(value=np.nan, low=np.nan, high=np.nan), max(0, rest)
    left = mean.mean.scaled(mean.rows / rest, -float(known.sum()) / rest)
    return left.within(0.0, 1.0), rest


class Lift(NamedTuple):
    """What choosing found, beside what chance would have found."""

    times: Interval
    chosen: Interval
    """Share of useful answers among what was chosen."""
    chance: Interval
    """The share that as many picks by chance, in the same rounds, would have had."""


def lift(rounds: Sequence[Asked]) -> Lift:
    """Return how many times what chance would have found the choice found, over some rounds.

    What was chosen is known; the doubt is in what chance would have found (and in what was
    chosen and not answered).
    """
    both = [(a, _drawn(a, a.useful)) for a in rounds if a.of_part("active").any()]
    both = [(a, draw) for a, draw in both if not np.isnan(np.asarray(draw.values)).all()]
    picks = [a.useful[a.of_part("active")] for a, _ in both]
    found = np.concatenate([*picks, np.empty(0)])
    chosen = hajek(found, len(found))
    answered = [int((~np.isnan(p)).sum()) for p in picks]
    chance = chance_mean([draw for _, draw in both], answered)
    return Lift(ratio(chosen, chance), chosen, chance)


_LATER = (
    *("near-identical to ", "the cap of ", "its prompt is in the queue already", "cluster "),
    "would take ",
)
"""How reasons begin that a row got only once the lot was drawn."""


def _could_be_drawn(pool: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which rows the lot could have drawn: those refused later, by the queue itself, too."""
    if "open" in pool.column_names:
        return np.asarray(pool["open"].to_numpy(zero_copy_only=False), bool)
    reasons = pool["left_out"].to_pylist()
    return np.array([why is None or why.startswith(_LATER) for why in reasons], bool)


def _distinct(columns: Sequence[pa.ChunkedArray]) -> pa.Array:
    chunks = [chunk for column in columns for chunk in column.cast(pa.string()).chunks]
    return pc.unique(pa.chunked_array(chunks, pa.string()))


def _there(column: pa.ChunkedArray, ids: pa.Array) -> Bools:
    mask = np.zeros(len(ids), bool)
    mask[_places(column, ids)] = True
    return mask


def _places(column: pa.ChunkedArray, ids: pa.Array) -> Ints:
    return np.asarray(pc.index_in(column, value_set=ids).to_numpy(), np.int64)


def _asked(project: Project, round_: Round, ids: pa.Array, open_: Bools) -> Asked:
    queue = round_.queue()
    items, useful, minutes = useful_answers(project, round_)
    return Asked(
        round=round_,
        item_ids=items,
        rows=_places(queue["item_id"], ids),
        part=np.array(queue["part"].to_pylist(), np.str_),
        chance=queue["probability"].to_numpy(),
        useful=useful,
        minutes=minutes,
        open=open_,
        missing=dict(sorted(Counter(why_unknown(round_).values()).items())),
        streamed=bool((round_.read_json("selected") or {}).get("stream")),
    )


def _filled(past: History, values: Values) -> list[Floats]:
    """Return the values with each one that is missing put at the mean of its round's part."""
    filled = []
    for asked, known in zip(past.rounds, values, strict=True):
        whole = known.copy()
        for part in np.unique(asked.part).tolist():
            mine = asked.of_part(part)
            there = mine & ~np.isnan(known)
            if there.any():
                whole[mine & np.isnan(known)] = known[there].mean()
        filled.append(whole)
    return filled


def _draws(
    past: History, values: Values, filled: Values, group: Bools, start: int
) -> Iterator[Draw]:
    """Yield what each round drew of a group of rows, with what was known of it before."""
    known = np.empty(0)
    for number, asked in enumerate(past.rounds):
        mine = group[asked.rows]
        if number >= start:
            drawn = mine & asked.of_part("random")
            n_open = int((asked.open & group).sum())
            yield Draw(
                values=values[number][drawn],
                chances=_chances(asked, drawn),
                n_open=n_open,
                known=known,
                gone=max(0, int(group.sum()) - n_open - len(known)),
            )
        known = np.concatenate([known, filled[number][mine]])


def _chances(asked: Asked, drawn: Bools) -> Floats:
    chances = asked.chance[drawn]
    return chances if (chances > 0).all() else np.ones(len(chances))


def _drawn(asked: Asked, values: Floats, group: Bools | None = None) -> Draw:
    """Return what a round drew by lot, of a group of rows or of all.

    How many rows a stream brought is estimated by the chances of those that were drawn.
    """
    by_lot = asked.of_part("random") & (True if group is None else group[asked.rows])
    chances = _chances(asked, by_lot)
    n_open = int((asked.open & (True if group is None else group)).sum())
    if asked.streamed:
        n_open = max(n_open, round(float((1 / chances).sum())))
    return Draw(values=values[by_lot], chances=chances, n_open=n_open)


def values_by(past: History, of_item: Callable[[Asked], Mapping[str, float]]) -> list[Floats]:
    """Return one array a round out of what is known of its items by id."""
    found = []
    for asked in past.rounds:
        known = of_item(asked)
        found.append(np.array([known.get(id, np.nan) for id in asked.item_ids], np.float64))
    return found
