"""From a pool to a queue: what surrounds every strategy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from curate.config import RuleConfig, SelectConfig
from curate.records import Selection
from curate.select.budget import Budget
from curate.select.caps import caps_of
from curate.select.chances import chances_of, inclusion
from curate.select.cold_start import Chooser, chooser
from curate.select.filling import Filling
from curate.select.gate import Cap, Gate
from curate.select.pool import Pool
from curate.select.quotas import Quotas
from curate.select.random_slice import random_slice
from curate.select.rules import read, withhold
from curate.select.strategies import Offer, Picker, strategies
from curate.select.table import Table
from curate.select.uncertainty import InOrder, by_need
from curate.select.vectors import unit_rows
from curate.where.cells import Column
from curate.where.language import Rule

__all__ = ["choose"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def choose(pool: Pool, k: int, *, config: SelectConfig, seed: int) -> Selection:
    """Pick the rows of a pool that go to people this round.

    1. What is never asked is set aside: reviewed, queued and protected rows, `never` rules.
    2. The random slice is drawn by lot from everything that is left, before anything else has
       taken a row, so that what it says of the pool is unbiased.
    3. `always` rules take their rows, the neediest first; at a cold start its seeds take theirs.
    4. Typical rows take their share, quotas fill what they lack, the strategy (or that of the
       cold start) fills the rest.

    Caps, near-identical rows and the budget hold for every step, with the reason of each refusal
    kept; only the random slice may hold near-identical rows, else its chances were not equal.
    With fewer rows than `k` all that may be picked are (see `shortfall`).

    Args:
        pool: What is on offer.
        k: Most rows of the queue, random slice included; `config.budget.minutes` and `money` may
            end it earlier, in picking order.
        config: Strategy, its settings, rules, caps, quotas and shares.
        seed: Every draw follows from it.

    Returns:
        Indices into the pool in the order above. Shares (random, typical, of caps and quotas) are
        shares of the number of rows to be expected.

    Raises:
        ConfigError: If the strategy, a column or a rule is not known, or minutes are limited and
            none are given.
        SelectionError: If a strategy offers a protected row.
    """
    work = _begin(withhold(pool, config), k, config, seed)
    _by_lot(work)
    _by_rules(work)
    _typical(work)
    _by_quota(work)
    _by_strategy(work)
    return _selection(work, pool)


@dataclass(slots=True, kw_only=True)
class _Work:
    """All that the steps share."""

    pool: Pool
    config: SelectConfig
    seed: int
    chooser: Chooser
    columns: Mapping[str, Column]
    vectors: npt.NDArray[np.float32]
    on_offer: Bools
    expected: int
    """How many rows the queue is expected to have."""
    caps: Sequence[Cap]
    gate: Gate
    budget: Budget
    quotas: Quotas
    filling: Filling
    rng: np.random.Generator
    ruled: list[tuple[str, Rule, RuleConfig, Bools]]
    """Rules that take rows: name, rule, its section, the rows."""
    drawn: Ints
    lot_chance: float
    """Of each row that could be drawn, NaN where caps or minutes make them unequal."""
    notes: list[str]
    inclusion: Floats | None = None


def _begin(pool: Pool, k: int, config: SelectConfig, seed: int) -> _Work:
    on_offer = pool.open
    vectors = unit_rows(pool.vectors)
    columns = Table(pool)
    budget = Budget(k, config.budget, pool.minutes, on_offer)
    expected = budget.expected
    caps = caps_of(pool, columns, config, expected, on_offer)
    gate = Gate(
        vectors,
        threshold=config.near_identical,
        identity=pool.identity,
        caps=caps,
        names=pool.ids,
    )
    gate.enter(pool.covered, counted=False)
    who = chooser(pool, config)
    return _Work(
        pool=pool,
        config=config,
        seed=seed,
        chooser=who,
        columns=columns,
        vectors=vectors,
        on_offer=on_offer,
        expected=expected,
        caps=caps,
        gate=gate,
        budget=budget,
        quotas=Quotas(config.quotas, columns, expected, on_offer),
        filling=Filling(pool, gate, budget, on_offer),
        rng=np.random.default_rng(seed),
        ruled=list(_ruled(config, columns, cold=who.cold)),
        drawn=np.empty(0, np.int64),
        lot_chance=0.0,
        notes=[],
    )


def _ruled(
    config: SelectConfig, columns: Mapping[str, Column], *, cold: bool
) -> Iterator[tuple[str, Rule, RuleConfig, Bools]]:
    seeds = config.cold_start.seeds if cold else []
    for name, key, rules in (
        ("always", "always", config.always),
        ("seed", "cold_start.seeds", seeds),
    ):
        for section in rules:
            rule = read(section.where, key)
            yield name, rule, section, rule.holds(columns)


def _by_lot(work: _Work) -> None:
    """Draw the random slice."""
    n, budget = _lot_size(work), work.budget
    drawn, chance = random_slice(
        work.on_offer,
        n,
        caps=work.caps,
        minutes=budget.minutes,
        limit=budget.limit,
        rng=work.rng,
    )
    n_open = int(work.on_offer.sum())
    said = [f"drawn by lot from {n_open:,} rows on offer (chance {p:.4f})" for p in chance]
    work.filling.enter(drawn, chance, said)
    work.quotas.count(drawn)
    work.drawn = drawn
    equal = len(drawn) == min(n, n_open) and np.all(chance == n / max(1, n_open))
    work.lot_chance = min(1.0, n / max(1, n_open)) if equal else float("nan")


def _lot_size(work: _Work) -> int:
    """Return the slice's share; of a queue by lot all that the other steps may leave."""
    share = _rounded(work.config.random_share * work.expected)
    if work.chooser.name != "random":
        return share
    reserved = _reserved(work)
    if reserved:
        return max(share, work.expected - reserved)
    limited = math.isfinite(work.budget.limit)
    return min(work.budget.left, 2 * work.expected + 20) if limited else work.budget.left


def _reserved(work: _Work) -> int:
    by_rule = sum(
        min(rule.most or len(rows), int((rows & work.on_offer).sum()))
        for _, _, rule, rows in work.ruled
    )
    typical = _rounded(work.config.typical_share * work.expected)
    return by_rule + typical + work.quotas.missing


def _rounded(number: float) -> int:
    return math.floor(number + 0.5)


def _by_rules(work: _Work) -> None:
    """Take the rows of `always` rules and of the cold start's seeds."""
    for name, rule, section, rows in work.ruled:
        among = rows & work.filling.open
        most = section.most or int(among.sum())
        if name == "always":
            ruled = np.flatnonzero(among)
            order = ruled[by_need(work.pool.need[ruled])]
            picker: Picker = InOrder(_offer(work, work.filling.open, most), order)
            head = f"always asked where {rule}"
        else:
            picker = strategies.get(work.chooser.name)(_offer(work, among, most))
            head = f"seed of the cold start where {rule}"
        _take(work, picker, most, part="always", among=among, head=head)
        left = np.flatnonzero(among & work.filling.open)
        if not work.budget.left and len(left):
            why = f"{head}, but the queue was full before it"
            work.filling.refused |= dict.fromkeys(left.tolist(), why)


def _take(
    work: _Work, picker: Picker, most: int, *, part: str, among: Bools, head: str = ""
) -> None:
    before = len(work.filling.rows)
    say = f"{head}: " if head else ""
    work.filling.take(
        picker, most, part=part, among=among, say=lambda row, reason: f"{say}{reason}"
    )
    work.quotas.count(work.filling.taken[before:])


def _typical(work: _Work) -> None:
    """Take the share of rows that stand for what is common."""
    most = min(_rounded(work.config.typical_share * work.expected), work.budget.left)
    if most:
        among = work.filling.open.copy()
        picker = strategies.get("typical")(_offer(work, among, most))
        _take(work, picker, most, part="typical", among=among)


def _by_quota(work: _Work) -> None:
    """Take rows of values that have fewer than their quota, in the strategy's order."""
    quotas, filling = work.quotas, work.filling
    rows = np.flatnonzero(filling.open)
    among = np.zeros(len(filling.open), bool)
    among[rows[quotas.wants(rows)]] = True
    most = min(quotas.missing, work.budget.left)
    if not most or not among.any():
        return

    def say(row: int, reason: str) -> str:
        return f"{quotas.serves(row)}; among such rows: {reason}"

    def after(row: int) -> Ints:
        quotas.count(np.array([row]))
        wanted = np.flatnonzero(among & filling.open)
        closed = wanted[~quotas.wants(wanted)]
        among[closed] = False
        return closed

    picker = strategies.get(work.chooser.name)(_offer(work, among, most))
    filling.take(picker, most, part="active", among=among, say=say, after=after)


def _by_strategy(work: _Work) -> None:
    """Take what the strategy offers until the budget is used up."""
    most = work.budget.left
    if work.chooser.name == "random" and math.isfinite(work.budget.limit):
        most = min(most, _reserved(work))
    among = work.filling.open.copy()
    offer = _offer(work, among, min(most, work.budget.expected))
    picker = strategies.get(work.chooser.name)(offer)
    before = len(work.filling.rows)
    n_refused = work.filling.take(picker, most, part="active", among=among)
    rows = work.filling.taken[before:]
    work.quotas.count(rows)
    chance = chances_of(picker, rows)
    if chance is None:
        return
    cut_short = work.budget.used_up and len(rows) < offer.k
    if n_refused or cut_short or len(rows) > offer.k:
        chance[:] = np.nan
        work.notes.append(
            f"the chances of {len(rows):,} drawn rows are not known: {n_refused:,} others were "
            "refused as near-identical, capped or too long"
        )
    work.filling.chances[before:] = chance.tolist()
    again = replace(offer, open=among | _mask(among, work.drawn), rng=np.random.default_rng(0))
    of_lot = chances_of(strategies.get(work.chooser.name)(again), work.drawn)
    work.inclusion = inclusion(
        work.filling.taken, work.drawn, of_lot, work.lot_chance, rows, chance
    )


def _mask(like: Bools, rows: Ints) -> Bools:
    mask = np.zeros_like(like)
    mask[rows] = True
    return mask


def _offer(work: _Work, among: Bools, k: int) -> Offer:
    pool, config = work.pool, work.config
    return Offer(
        vectors=work.vectors,
        need=np.asarray(pool.need, np.float64),
        need_name=pool.need_name,
        open=among.copy(),
        covered=pool.covered,
        drawn=work.filling.taken,
        k=k,
        gate=work.gate,
        cover=config.cover,
        prefilter=_prefilter(pool, config),
        rng=work.rng,
        config=config,
        pool=pool,
    )


def _prefilter(pool: Pool, config: SelectConfig) -> float:
    if config.prefilter == "auto":
        return 1.1 if pool.fixed_need else _moving_prefilter(config)
    return config.prefilter


def _moving_prefilter(config: SelectConfig) -> float:
    """Return no limit where rows are covered by weight, else a long short list."""
    return math.inf if config.cover == "facility_location" else 10.0


def _selection(work: _Work, pool: Pool) -> Selection:
    filling = work.filling
    notes = [*work.notes, *work.quotas.notes(filling.open)]
    if work.budget.used_up:
        notes.append(work.budget.in_words())
    return Selection(
        indices=filling.taken,
        part=tuple(filling.parts),
        reason=tuple(filling.reasons),
        probability=np.array(filling.chances, np.float64),
        scores={work.pool.need_name: work.pool.need, **work.pool.scores},
        left_out=_left_out(work.pool, filling.refused, set(filling.rows)),
        strategy=work.chooser.said,
        seed=work.seed,
        inclusion=work.inclusion,
        notes=tuple(notes),
    )


def _left_out(pool: Pool, refused: Mapping[int, str], picked: set[int]) -> dict[int, str]:
    before = {int(row): "reviewed or queued before" for row in pool.covered} | dict(pool.left_out)
    later = {row: why for row, why in refused.items() if row not in picked and row not in before}
    return before | later
