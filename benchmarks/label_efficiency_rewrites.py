"""Errors found in a queue against random: each of 22 models as the production model in turn.

Recorded answers of 12 models to GSM8K and of 10 to CRUXEval. One model plays the production model,
the need of its answers is the tool's own default score (`uncertainty` of `curate.score`, nothing
set), and each strategy that needs no answers of people fills queues of 100 and 200. Truth is
counted afterwards. Ten seeds have nine tenths of the prompts each.

    python -m benchmarks.label_efficiency_rewrites [--json FILE]
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.committee import Committee, load
from benchmarks.table import Row, data_file, finish, json_path
from benchmarks.vectors import embedded
from curate import select, simulate, texts
from curate.config import AnswerConfig, ScoreConfig, SelectConfig
from curate.errors import CurateError
from curate.score import score

__all__ = ["Production", "main", "productions", "rows"]

Floats = npt.NDArray[np.float64]

SETS = {
    "GSM8K x 12": "A_C_committee_gsm8k_12models.jsonl.gz",
    "CRUXEval x 10": "A_C_committee_cruxeval_10models.jsonl.gz",
}
SIZES = (100, 200)
FEW_WRONG = 0.25
TARGET = 4.0
COLUMNS = ("vote_entropy", "margin_uncertainty", "contradiction", "contradiction_weighted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """One model's answers: what is known of them before anybody looks, and which are wrong."""

    model: str
    vectors: npt.NDArray[np.float32]
    need: Floats
    scores: dict[str, Floats]
    wrong: npt.NDArray[np.bool_]


def main() -> None:
    """Print the table."""
    finish(rows(), json_path())


def rows() -> list[Row]:
    """Return one row a model, strategy and queue size, and those that hold the promises."""
    return [row for name, file in SETS.items() for row in _of_set(name, file)]


def productions(path: Path) -> list[Production]:
    """Read a committee's file; each of its models is the production model in turn."""
    data = load(path)
    scores = score(data.records, data.candidates, config=ScoreConfig(answer=AnswerConfig()))
    vectors = embedded(
        texts.distinctive([texts.prompt_text(m) for m in data.records["messages"].to_pylist()])
    )
    models = data.candidates["model"].unique().to_pylist()
    return [_production(model, data, scores, vectors) for model in models]


def _production(
    model: str, data: Committee, scores: pa.Table, vectors: npt.NDArray[np.float32]
) -> Production:
    mine = np.array(data.candidates["model"].to_pylist()) == model
    at = {record: i for i, record in enumerate(data.records["id"].to_pylist())}
    prompt = [at[record] for record in data.candidates.filter(mine)["record_id"].to_pylist()]
    table = scores.filter(mine)
    columns = {name: table[name].to_numpy().astype(np.float64) for name in COLUMNS}
    return Production(
        model=model,
        vectors=vectors[prompt],
        need=table["uncertainty"].to_numpy().astype(np.float64),
        scores=columns,
        wrong=~data.correct[mine],
    )


def _of_set(name: str, file: str) -> Iterator[Row]:
    path = data_file(file)
    if path is None:
        return
    models = productions(path)
    names = _applicable(models[0])
    for one in models:
        for way, curves in _simulated(one, names):
            rate = float(one.wrong.mean())
            step = f"{name}, {one.model}, {100 * rate:.1f} % wrong"
            for strategy in curves.strategies:
                for size in SIZES:
                    yield _row(
                        f"{step}: {strategy}{way}, queue of {size}", one, curves, strategy, size
                    )


def _simulated(one: Production, names: Sequence[str]) -> Iterator[tuple[str, simulate.Curves]]:
    """Simulate each strategy by itself, the default as it is, and rounds of 50 with a head."""
    alone = SelectConfig(random_share=0)
    yield (
        "",
        simulate.queues(
            one.vectors,
            one.need,
            one.wrong,
            scores=one.scores,
            strategies=names,
            sizes=SIZES,
            config=alone,
            workers=WORKERS,
        ),
    )
    yield (
        " with its random slice",
        simulate.queues(
            one.vectors, one.need, one.wrong, scores=one.scores, sizes=SIZES, workers=WORKERS
        ),
    )
    yield (
        " in rounds of 50, learning",
        simulate.rewrites(
            one.vectors,
            one.wrong,
            need=one.need,
            start=50,
            batch=50,
            budget=SIZES[-1],
            strategies=["hybrid", "uncertainty"],
            workers=WORKERS,
        ),
    )


WORKERS = int(os.environ.get("CURATE_BENCH_WORKERS", "1"))


def _applicable(one: Production) -> Sequence[str]:
    """Return the strategies that need neither answers of people nor pairs."""
    names = []
    for strategy in select.strategies:
        try:
            simulate.queues(
                one.vectors, one.need, one.wrong, scores=one.scores, strategies=[strategy], seeds=1
            )
        except CurateError as needs:
            print(f"{strategy}: left out ({needs})")
        else:
            names.append(strategy)
    return names


def _row(step: str, one: Production, curves: simulate.Curves, strategy: str, size: int) -> Row:
    found = curves.label_efficiency_at(size, strategy)
    rate = float(one.wrong.mean())
    few = rate < FEW_WRONG
    promised = strategy == "hybrid"
    most = min(size, 0.9 * int(one.wrong.sum())) / (rate * size)
    met = found.ratio >= TARGET if few else not found.high < 1
    return Row(
        step=step,
        ours=found.target,
        peer=size * rate,
        ratio=found.ratio,
        quality_ours=found.low,
        quality_peer=found.high,
        target=(f">= {TARGET:g}x" if few else "not below random") if promised else "",
        met=met if promised else None,
        note=f"errors found, peer: random; quality: interval of the ratio, {most:.2f} at most",
    )


if __name__ == "__main__":
    main()
