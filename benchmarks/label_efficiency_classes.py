"""Labels that a classifier needs for a macro-F1: every strategy, and the default, against random.

Banking77 (77 intents) and CLINC150's imbalanced variant (150 intents of 25 to 100 rows, and what
belongs to none of them), all-MiniLM vectors, the published test rows held out. Rounds go through
`select.choose`; a `LogisticHead` is refitted after each. The default is measured as a project runs
it, random slice included, in rounds of 50, 100 and 200; every strategy then by itself, without
the slice. The rule was chosen by `benchmarks.class_parameters`, on other data.

A row's interval is the bootstrap's over seeds (quality columns); beside macro-F1 its note has the
area under the curve and, where there is one, the recall of the rare class.

    python -m benchmarks.label_efficiency_classes [--json FILE]

CURATE_BENCH_SEEDS, CURATE_BENCH_BATCHES and CURATE_BENCH_STRATEGIES (by commas) make it shorter.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, finish, json_path
from benchmarks.vectors import cache_folder, embedded, lines
from curate import simulate
from curate.config import SelectConfig

__all__ = ["STRATEGIES", "main", "rows"]

STRATEGIES = (
    *("hybrid", "margin", "least_confidence", "entropy", "bald", "badge", "cluster_margin"),
    *("cluster_uncertain", "expected_model_change", "typical", "prob_cover", "k_center"),
    *("facility_location", "dpp"),
)
DEFAULT = "hybrid"
THRESHOLDS = (0.8, 0.9)
BATCHES = [int(n) for n in os.environ.get("CURATE_BENCH_BATCHES", "50,100,200").split(",")]
SEEDS = int(os.environ.get("CURATE_BENCH_SEEDS", "10"))
ASKED = os.environ.get("CURATE_BENCH_STRATEGIES", ",".join(STRATEGIES)).split(",")
WORKERS = int(os.environ.get("CURATE_BENCH_WORKERS", "1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """A labelled set, and what was promised on it."""

    name: str
    file: str
    budget: int
    """Answers up to which curves are drawn: enough for random to get there."""
    targets: dict[float, float]
    """Threshold to label efficiency."""
    rare: str | None
    """Class whose recall is told."""


SETS = (
    _Set(
        name="Banking77",
        file="G_banking77.jsonl.gz",
        budget=1600,
        targets={0.8: 2.2, 0.9: 2.2},
        rare=None,
    ),
    _Set(
        name="CLINC150 imbalanced",
        file="G_clinc150_imbalanced.jsonl.gz",
        budget=2000,
        targets={0.8: 2.5},
        rare="oos",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    vectors: npt.NDArray[np.float32]
    labels: list[str]
    test: npt.NDArray[np.bool_]


def main() -> None:
    """Print the table."""
    finish(list(rows()), json_path())


def rows() -> Iterator[Row]:
    """Return a row a set, size of rounds, strategy and threshold."""
    for one in SETS:
        data = _data(one.file)
        if data is None:
            continue
        for batch in BATCHES:
            curves = _simulated(one, data, (DEFAULT,), batch, SelectConfig())
            yield from _told(one, curves, f"rounds of {batch}, as a project runs it")
        alone = SelectConfig(random_share=0)
        curves = _simulated(one, data, ASKED, 100, alone)
        yield from _told(one, curves, "rounds of 100, without random slice")


def _data(file: str) -> _Data | None:
    told = [line for line in lines(file) if line["split"] in ("train", "test")]
    if not told:
        return None
    return _Data(
        vectors=embedded([line["text"] for line in told]),
        labels=[line["label"] for line in told],
        test=np.array([line["split"] == "test" for line in told]),
    )


def _simulated(
    one: _Set,
    data: _Data,
    strategies: tuple[str, ...] | list[str],
    batch: int,
    config: SelectConfig,
) -> simulate.Curves:
    return simulate.classes(
        data.vectors,
        data.labels,
        test=data.test,
        strategies=strategies,
        seeds=SEEDS,
        start=batch,
        batch=batch,
        budget=one.budget,
        rare=len(set(data.labels)),
        config=config,
        workers=WORKERS,
        folder=cache_folder() / "classes",
        progress=lambda done, total: print(f"{one.name}: {done} of {total}", flush=True),
    )


def _told(one: _Set, curves: simulate.Curves, how: str) -> Iterator[Row]:
    for strategy in curves.strategies:
        for threshold in THRESHOLDS:
            found = curves.label_efficiency(threshold, strategy)
            target = one.targets.get(threshold) if strategy == DEFAULT else None
            yield Row(
                step=f"{one.name}: {strategy}, {100 * threshold:g} % of {curves.full:.3f}, {how}",
                ours=found.labels,
                peer=found.random_labels,
                ratio=found.ratio,
                quality_ours=found.low,
                quality_peer=found.high,
                target="" if target is None else f">= {target:g}x",
                met=None if target is None else bool(found.ratio >= target),
                note=_note(one, curves, strategy),
            )


def _note(one: _Set, curves: simulate.Curves, strategy: str) -> str:
    area = curves.area(strategy)
    over = f"{area.over_random:+.3f} [{area.over_random_low:+.3f}, {area.over_random_high:+.3f}]"
    said = f"labels; quality: interval of the ratio; area {area.value:.3f}, over random {over}"
    if one.rare is None:
        return said
    recall = curves.extras[f"recall: {one.rare}"]
    at = int(np.searchsorted(curves.labels, HALF_WAY))
    mine, randoms = (float(recall[name][:, at].mean()) for name in (strategy, curves.baseline))
    return f"{said}; recall of {one.rare} at {HALF_WAY} labels {mine:.2f}, random {randoms:.2f}"


HALF_WAY = 1000


if __name__ == "__main__":
    main()
