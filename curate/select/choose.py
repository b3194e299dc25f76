"""From a pool to a queue: what surrounds every strategy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.config import CapConfig, SelectConfig
from curate.errors import ConfigError
from curate.records import Selection
from curate.select.gate import Cap, Gate, PromptCap
from curate.select.pool import Pool
from curate.select.random_slice import random_slice
from curate.select.strategies import Offer, Picker, strategies
from curate.select.vectors import unit_rows

__all__ = ["choose", "shortfall"]

Ints = npt.NDArray[np.int64]


def choose(pool: Pool, k: int, *, config: SelectConfig, seed: int) -> Selection:
    """Pick the rows of a pool that go to people this round.

    The random slice is drawn first, by lot from everything that may be picked, so that what it
    says of the pool is unbiased; the strategy fills the rest. Near-identical rows and rows whose
    cap is full are passed over by the strategy, with the reason kept; the caps hold for the slice
    too. With fewer rows than `k` all that may be picked are (see `shortfall`).

    Args:
        pool: What is on offer.
        k: Size of the queue, random slice included.
        config: Strategy, its settings, caps and shares.
        seed: Every draw follows from it.

    Returns:
        Indices into the pool: the random slice, then the strategy's picks in their order.

    Raises:
        ConfigError: If the strategy or a cap's column is not known.
    """
    rng = np.random.default_rng(seed)
    vectors = unit_rows(pool.vectors)
    caps = _caps(pool, config, k)
    gate = Gate(
        vectors,
        threshold=config.near_identical,
        identity=pool.identity,
        caps=caps,
        names=pool.ids,
    )
    gate.enter(pool.covered, counted=False)
    n_random = k if config.strategy == "random" else _rounded(config.random_share * k)
    drawn, chance = random_slice(pool.open, n_random, caps=caps, rng=rng)
    gate.enter(drawn)
    offer = _offer(pool, vectors, drawn, gate, k=k - len(drawn), config=config, rng=rng)
    active = _fill(strategies.get(config.strategy)(offer), gate, offer.k)
    return _selection(pool, drawn, chance, active, config, seed)


def shortfall(pool: Pool, selection: Selection, k: int) -> str | None:
    """Say why a queue is shorter than asked for, or None where it is not.

    Args:
        pool: What was on offer.
        selection: What was picked from it.
        k: How many were asked for.
    """
    if len(selection) >= k:
        return None
    reasons: dict[str, int] = {}
    for reason in selection.left_out.values():
        kind = reason.split(" (")[0].split(" to ")[0]
        reasons[kind] = reasons.get(kind, 0) + 1
    out = "; ".join(f"{n:,} {kind}" for kind, n in sorted(reasons.items(), key=lambda r: -r[1])[:4])
    left = f", {len(selection.left_out):,} left out ({out})" if out else ""
    return f"{k:,} asked for, {len(selection):,} picked: {len(pool):,} rows{left}"


def _caps(pool: Pool, config: SelectConfig, k: int) -> list[Cap]:
    caps: list[Cap] = [Cap.of(c.column, _column(pool, c), _most(c, k)) for c in config.caps]
    if pool.identity is not None:
        caps.append(PromptCap.by_number(pool.identity, config.pairs_per_prompt))
    return caps


def _most(cap: CapConfig, k: int) -> int:
    if cap.most is not None:
        return cap.most
    return max(1, math.floor((cap.share or 1.0) * k + _ROUNDING))


_ROUNDING = 1e-9


def _column(pool: Pool, cap: CapConfig) -> Sequence[str | None]:
    if cap.column not in pool.columns:
        raise ConfigError(
            f"`select.caps`: no column {cap.column!r} in this project; "
            f"known: {', '.join(pool.columns) or 'none'}"
        )
    return pool.columns[cap.column]


def _rounded(number: float) -> int:
    return math.floor(number + 0.5)


def _offer(
    pool: Pool,
    vectors: npt.NDArray[np.float32],
    drawn: Ints,
    gate: Gate,
    *,
    k: int,
    config: SelectConfig,
    rng: np.random.Generator,
) -> Offer:
    left = pool.open
    left[drawn] = False
    return Offer(
        vectors=vectors,
        need=np.asarray(pool.need, np.float64),
        need_name=pool.need_name,
        open=left,
        covered=pool.covered,
        drawn=drawn,
        k=k,
        gate=gate,
        cover=config.cover,
        prefilter=_prefilter(pool, config),
        rng=rng,
        config=config,
        pool=pool,
    )


def _prefilter(pool: Pool, config: SelectConfig) -> float:
    if config.prefilter == "auto":
        return 1.1 if pool.fixed_need else 10.0
    return config.prefilter


@dataclass(frozen=True, slots=True)
class _Filled:
    rows: list[int]
    reasons: list[str]
    refused: Mapping[int, str]


def _fill(picker: Picker, gate: Gate, k: int) -> _Filled:
    rows: list[int] = []
    reasons: list[str] = []
    refused: dict[int, str] = dict(picker.refused)
    while len(rows) < k and (row := picker.offer()) >= 0:
        (refusal,) = gate.admit(np.array([row]))
        if refusal is None:
            rows.append(row)
            reasons.append(picker.take(row))
        else:
            refused[row] = refusal.reason
            picker.close(np.array([row]))
        if len(rows) < k:
            for reason, shut in gate.shut_by(row).items():
                picker.close(shut)
                refused |= {r: reason for r in shut.tolist() if r not in refused}
    return _Filled(rows, reasons, refused)


def _selection(
    pool: Pool,
    drawn: Ints,
    chance: npt.NDArray[np.float64],
    active: _Filled,
    config: SelectConfig,
    seed: int,
) -> Selection:
    indices = np.concatenate([drawn, np.array(active.rows, np.int64)])
    n_open = int(pool.open.sum())
    by_lot = [f"drawn by lot from {n_open:,} rows on offer (chance {p:.4f})" for p in chance]
    return Selection(
        indices=indices,
        part=("random",) * len(drawn) + ("active",) * len(active.rows),
        reason=(*by_lot, *active.reasons),
        probability=np.concatenate([chance, np.full(len(active.rows), np.nan)]),
        scores={pool.need_name: pool.need, **pool.scores},
        left_out=_left_out(pool, active.refused, set(indices.tolist())),
        strategy=config.strategy,
        seed=seed,
    )


def _left_out(pool: Pool, refused: Mapping[int, str], picked: set[int]) -> dict[int, str]:
    before = {int(row): "reviewed or queued before" for row in pool.covered} | dict(pool.left_out)
    later = {row: why for row, why in refused.items() if row not in picked and row not in before}
    return before | later
