"""What a queue of 1,000 costs from pools of 10,000, 100,000 and 1,000,000 rows in a file.

Each measurement has a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import math
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row
from benchmarks.vectors import cache_folder, grown_file
from curate import select
from curate.config import CapConfig, SelectConfig

__all__ = ["Cost", "rows"]

Floats = npt.NDArray[np.float32]

SIZES = (10_000, 100_000, 1_000_000)
STRATEGIES = ("hybrid", "k_center", "facility_location", "typical")
K = 1_000
LIMITS = {"hybrid": (180.0, 4.0), "facility_location": (math.inf, 8.0)}
"""Seconds and GB at the largest size."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one choice took."""

    cpu: float
    """CPU seconds, all threads."""
    wall: float
    peak: float
    """Resident memory at its highest, GB, the mapped file's pages included."""
    coverage: float
    """Mean cosine of a sample of the pool to its nearest pick, negative ones as 0."""


def rows(vectors: Floats) -> Iterator[Row]:
    """Measure every strategy at every size, and the default on a pool with all its trimmings."""
    if not len(vectors):
        return
    path = cache_folder() / "pool.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        grown_file(vectors, SIZES[-1], path)
        for strategy in STRATEGIES:
            yield from _by_size(path, strategy)
        yield _dressed(path)
    finally:
        path.unlink(missing_ok=True)


def _by_size(path: Path, strategy: str) -> Iterator[Row]:
    costs = [_alone(_cost, path, n, strategy) for n in SIZES]
    lots = _alone(_cost, path, SIZES[-1], "random")
    for n, cost, smaller in zip(SIZES, costs, [None, *costs], strict=False):
        growth = "" if smaller is None else f", {cost.cpu / smaller.cpu:.1f} x for 10 x the rows"
        last = n == SIZES[-1]
        seconds, memory = LIMITS.get(strategy, (math.inf, math.inf))
        yield Row(
            step=f"{strategy}, {K:,} of {n:,} x 384 in a file (CPU s)",
            ours=cost.cpu,
            peer=float("nan"),
            ratio=float("nan"),
            quality_ours=cost.coverage,
            quality_peer=lots.coverage if last else float("nan"),
            target=_limit(seconds, memory) if last else "",
            met=_met(cost, strategy) if last and strategy in LIMITS else None,
            note=f"{cost.wall:.1f} s by the clock, peak {cost.peak:.2f} GB{growth}; quality: mean "
            "cosine to the nearest pick" + (", beside lots" if last else ""),
        )


def _limit(seconds: float, memory: float) -> str:
    if not math.isfinite(memory):
        return ""
    return (f"< {seconds:.0f} s, " if math.isfinite(seconds) else "") + f"< {memory:.0f} GB"


def _met(cost: Cost, strategy: str) -> bool:
    seconds, memory = LIMITS[strategy]
    return cost.wall < seconds and cost.peak < memory


def _dressed(path: Path) -> Row:
    cost = _alone(_dressed_cost, path, SIZES[-1], "hybrid")
    return Row(
        step=f"hybrid, {K:,} of {SIZES[-1]:,}, reviewed rows, prompts and a cap (CPU s)",
        ours=cost.cpu,
        peer=float("nan"),
        ratio=float("nan"),
        quality_ours=cost.coverage,
        target=_limit(*LIMITS["hybrid"]),
        met=_met(cost, "hybrid"),
        note=f"{cost.wall:.1f} s by the clock, peak {cost.peak:.2f} GB; 100,000 rows reviewed, "
        "three rows a prompt, a fifth without a need, no source above a fifth",
    )


def _alone(measured: Callable[[Path, int, str], Cost], path: Path, n: int, strategy: str) -> Cost:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(measured, path, n, strategy).result()


def _cost(path: Path, n: int, strategy: str) -> Cost:
    vectors = np.load(path, mmap_mode="r")[:n]
    need = np.random.default_rng(0).random(n)
    pool = select.Pool(ids=[f"{i:032x}" for i in range(n)], vectors=vectors, need=need)
    return _chosen(pool, SelectConfig(strategy=strategy))


def _dressed_cost(path: Path, n: int, strategy: str) -> Cost:
    rng = np.random.default_rng(0)
    pool = select.Pool(
        ids=[f"{i:032x}" for i in range(n)],
        vectors=np.load(path, mmap_mode="r")[:n],
        need=np.where(rng.random(n) < 0.2, np.nan, rng.random(n)),
        covered=np.arange(0, n, 10),
        identity=np.arange(n) // 3,
        columns={"source": [f"source {i % 7}" for i in range(n)]},
    )
    capped = [CapConfig(column="source", share=0.2)]
    return _chosen(pool, SelectConfig(strategy=strategy, caps=capped))


def _chosen(pool: select.Pool, config: SelectConfig) -> Cost:
    _compile(config)
    cpu, wall = time.process_time(), time.perf_counter()
    picked = select.choose(pool, K, config=config, seed=7).indices
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = _peak()
    sample = np.sort(np.random.default_rng(5).permutation(len(pool))[:20_000])
    near = np.maximum(pool.vectors[sample] @ pool.vectors[picked].T, 0).max(axis=1)
    return Cost(cpu, wall, peak, float(near.mean()))


def _compile(config: SelectConfig) -> None:
    """Have the loops compiled, by a pool that is small but large enough for a graph."""
    n = 12_500 if config.strategy == "facility_location" else 500
    vectors = np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32)
    small = select.Pool(ids=[str(i) for i in range(n)], vectors=vectors, need=np.arange(n) / n)
    select.choose(small, 5, config=config.model_copy(update={"caps": []}), seed=7)


def _peak() -> float:
    """Return this process's highest resident memory in GB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(s for s in status.read_text().splitlines() if s.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
