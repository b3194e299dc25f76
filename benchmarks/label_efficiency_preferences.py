"""Comparisons that a Bradley-Terry head needs for an accuracy: every way to choose, against random.

UKP arguments (test debates held out), TruthfulQA (test questions held out), WMT en-de and PandaLM
(five splits by segment or instruction). One vote is drawn of those recorded, so that people's
disagreement is the noise. The head looks at the first 64 principal axes of the answers' all-MiniLM
vectors, with the difference of log lengths as a nuisance ("longer wins" is not learned as quality).
Beside it, for the default and for random: ten plain columns of the text as further features, and
all votes as shares. Rounds go through `select.choose` with a project's defaults.

`pairs`, the default, is `batch_bald` on pairs whose lengths are within the default ratio; the other
rules are run without that bound. Rule and ratio are compared on other sets by
`benchmarks.preference_parameters`.

    python -m benchmarks.label_efficiency_preferences [--json FILE]
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.preference_data import REPORTED, Compared, columns_of, compared, principal
from benchmarks.table import Row, finish, json_path
from curate import simulate

__all__ = ["STRATEGIES", "main", "rows", "simulated"]

STRATEGIES = (
    *(
        "pairs",
        "batch_bald",
        "d_optimal",
        "infomax",
        "moderate_gap",
        "confident_gap",
        "delta_ucb",
        "drts",
    ),
    *("double_thompson", "connected", "margin", "hybrid"),
)
"""`pairs` is the default for preferences: batch_bald, by the objective reward_model."""
DEFAULT = "pairs"
THRESHOLDS = (0.8, 0.9)
TARGET = 1.3
LEARNS = 0.05
"""The target holds where all comparisons teach at least so much more than 50."""
SEEDS = int(os.environ.get("CURATE_BENCH_SEEDS", "10"))
SPLITS = 5
BUDGET = 525


def main() -> None:
    """Print the table."""
    finish(list(rows()), json_path())


def rows() -> Iterator[Row]:
    """Return one row a set, head, strategy and threshold."""
    for name, lines in REPORTED.items():
        data = compared(lines())
        if not len(data.pairs):
            continue
        yield from _of_set(name, data)


def _of_set(name: str, data: Compared) -> Iterator[Row]:
    vectors = principal(data)
    wide = np.concatenate([vectors, columns_of(data)], axis=1)
    few = (DEFAULT,)
    yield from _rows(f"{name}", simulated(data, vectors, STRATEGIES), data)
    yield from _rows(f"{name}, + text columns", simulated(data, wide, few, by_length=True), data)
    if data.votes.sum(axis=1).max() > 1:
        every = simulated(data, vectors, few, disagreement="shares")
        yield from _rows(f"{name}, all votes as shares", every, data)


def simulated(
    data: Compared,
    features: npt.NDArray[np.float32],
    strategies: Sequence[str],
    *,
    by_length: bool = False,
    seeds: int = SEEDS,
    budget: int = BUDGET,
    **options: Any,
) -> simulate.Curves:
    """Return the learning curves; without a published split, of several splits together.

    Args:
        data: The pairs.
        features: What the head looks at, shape (n_answers, n_features).
        strategies: Names.
        by_length: Whether the head may go by the length.
        seeds: In all.
        budget: Comparisons.
        **options: For `simulate.preferences`.
    """
    settings: dict[str, Any] = {"disagreement": "one_vote", "start": 25, "batch": 50, **options}
    parts = [
        simulate.preferences(
            features,
            data.pairs,
            data.outcomes,
            test=test,
            groups=data.groups,
            prompts=data.groups,
            votes=data.votes,
            length=None if by_length else data.length,
            strategies=strategies,
            seeds=numbers,
            budget=min(budget, int(0.75 * (~test).sum())),
            folder=_FOLDER,
            **settings,
        )
        for test, numbers in _splits(data, seeds)
    ]
    return _together(parts)


_FOLDER = Path(
    os.environ.get("CURATE_BENCH_CACHE") or Path(tempfile.gettempdir(), "curate-bench"),
    "preferences",
)


def _splits(data: Compared, seeds: int) -> Iterator[tuple[npt.NDArray[np.bool_], list[int]]]:
    if data.test is not None:
        yield data.test, list(range(seeds))
        return
    for n in range(SPLITS):
        numbers = list(range(n, seeds, SPLITS))
        if numbers:
            yield simulate.frozen(data.groups, test_share=0.3, seed=n), numbers


def _together(parts: Sequence[simulate.Curves]) -> simulate.Curves:
    """Return the seeds of several splits as those of one."""
    n_points = min(len(part.labels) for part in parts)
    return replace(
        parts[0],
        labels=parts[0].labels[:n_points],
        values={
            name: np.concatenate([part.values[name][:, :n_points] for part in parts])
            for name in parts[0].strategies
        },
        full=float(np.mean([part.full for part in parts])),
        extras={},
    )


def _rows(name: str, curves: simulate.Curves, data: Compared) -> Iterator[Row]:
    at_50 = float(np.interp(50, curves.labels, curves.mean(curves.baseline)))
    learns = curves.full - at_50 >= LEARNS
    little = "" if learns else "all teach little more than 50, so ratios say little; "
    what = f"{little}all {curves.full:.3f}, 50 by lot {at_50:.3f}, the longer {_longer(data):.3f}"
    for strategy in curves.strategies:
        if strategy == curves.baseline:
            continue
        for threshold in THRESHOLDS:
            promised = strategy == DEFAULT and learns
            yield _row(f"{name}: {strategy}", curves, strategy, threshold, promised, what)


def _longer(data: Compared) -> float:
    """Return how often the longer answer of a test pair (of all, without a split) is preferred."""
    told = data.outcomes != 2
    rows = told if data.test is None else told & data.test
    a, b = data.length[data.pairs[rows]].T
    won = np.where(data.outcomes[rows] == 0, np.sign(a - b), np.sign(b - a))
    return float(((won + 1) / 2).mean())


def _row(
    step: str,
    curves: simulate.Curves,
    strategy: str,
    threshold: float,
    promised: bool,
    what: str,
) -> Row:
    found = curves.label_efficiency(threshold, strategy)
    area = curves.area(strategy)
    last = int(curves.labels[-1])
    ratio = min(found.ratio, last / found.labels)
    return Row(
        step=f"{step}, comparisons to {100 * threshold:g} % ({found.target:.3f})",
        ours=_finite(found.labels),
        peer=_finite(found.random_labels),
        ratio=ratio,
        quality_ours=area.value,
        quality_peer=area.value - area.over_random,
        target=f">= {TARGET}x" if promised else "",
        met=bool(ratio >= TARGET) if promised else None,
        note=f"random; [{found.low:.2f}, {found.high:.2f}]; quality: mean accuracy up to {last}, "
        f"over random's {area.over_random:+.4f} [{area.over_random_low:+.4f}, "
        f"{area.over_random_high:+.4f}]; {curves.verdict(strategy)}; {what}",
    )


def _finite(labels: float) -> float:
    """Return labels needed; NaN where it takes more than were asked for."""
    return labels if np.isfinite(labels) else float("nan")


if __name__ == "__main__":
    main()
