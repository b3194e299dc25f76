"""Agreement and Dawid-Skene beside `krippendorff` and `crowd-kit`, in one run.

``python -m benchmarks.agreement [--json FILE]``
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, data_file, finish, json_path, race, timed
from curate.measure.agreement import Level, krippendorff_alpha
from curate.measure.dawid_skene import dawid_skene

Ratings = npt.NDArray[np.float64]

LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval")
VOTES = {"a": 0.0, "b": 1.0, "tie": 2.0}


def main() -> None:
    """Run all, print the table."""
    path = json_path()
    finish(rows(), path)


def rows() -> list[Row]:
    """Return the lines of the table."""
    return [*_alphas(), *_dawid_skenes(), *_pandalm()]


def _alphas() -> Iterator[Row]:
    ratings, _ = _crowd(1_000_000, 5, 5)
    for level in LEVELS:
        yield _alpha(ratings, level, f"Krippendorff's alpha, {level}, 1M x 5, s")


def _alpha(ratings: Ratings, level: Level, step: str, rounds: int = 5) -> Row:
    ours = krippendorff_alpha(ratings, level=level)
    try:
        import krippendorff
    except ModuleNotFoundError:
        seconds = timed(lambda: krippendorff_alpha(ratings, level=level))
        return _alone(step, seconds, ours, ">= 3x, same to 1e-12", "krippendorff: not installed")
    theirs = float(krippendorff.alpha(ratings.T, level_of_measurement=level))
    mine, peer, ratio = race(
        lambda: krippendorff_alpha(ratings, level=level),
        lambda: krippendorff.alpha(ratings.T, level_of_measurement=level),
        rounds,
    )
    return Row(
        step=step,
        ours=mine,
        peer=peer,
        ratio=ratio,
        quality_ours=ours,
        quality_peer=theirs,
        target=">= 3x, same to 1e-12",
        met=ratio >= 3 and abs(ours - theirs) < 1e-12,
        note=f"krippendorff; alpha, difference {abs(ours - theirs):.1e}",
    )


def _dawid_skenes() -> Iterator[Row]:
    step = "Dawid-Skene, 200k x 5, 4 classes, s"
    ratings, truth = _crowd(200_000, 5, 4)
    ours = float((dawid_skene(ratings, 4).posteriors.argmax(axis=1) == truth).mean())
    try:
        import pandas as pd
        from crowdkit.aggregation import DawidSkene
    except ModuleNotFoundError:
        seconds = timed(lambda: dawid_skene(ratings, 4))
        yield _alone(step, seconds, ours, ">= 20x, same accuracy", "crowd-kit: not installed")
        return
    table = _long(pd, ratings)
    found = DawidSkene().fit_predict(table)
    theirs = float((found.sort_index().to_numpy() == truth).mean())
    mine, peer, ratio = race(
        lambda: dawid_skene(ratings, 4), lambda: DawidSkene().fit_predict(table), 3
    )
    yield Row(
        step=step,
        ours=mine,
        peer=peer,
        ratio=ratio,
        quality_ours=ours,
        quality_peer=theirs,
        target=">= 20x, same accuracy",
        met=ratio >= 20 and ours >= theirs - 1e-4,
        note="crowd-kit; accuracy",
    )
    large, truth = _crowd(1_000_000, 5, 4)
    accuracy = float((dawid_skene(large, 4).posteriors.argmax(axis=1) == truth).mean())
    seconds = timed(lambda: dawid_skene(large, 4))
    yield _alone("Dawid-Skene, 1M x 5, 4 classes, s", seconds, accuracy, "", "accuracy")


def _pandalm() -> Iterator[Row]:
    path = data_file("B_pandalm_999_3annotators.jsonl.gz")
    if path is None:
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        pairs = [json.loads(line) for line in lines]
    ratings = np.array([[VOTES[v["vote"]] for v in pair["votes"]] for pair in pairs])
    yield _alpha(ratings, "nominal", "Krippendorff's alpha, PandaLM's 3 people, 999 pairs, s", 50)


def _crowd(n_items: int, n_raters: int, n_classes: int) -> tuple[Ratings, npt.NDArray[np.int64]]:
    """Draw votes of people of differing care, a fifth of them missing, and the truth."""
    rng = np.random.default_rng(7)
    truth = rng.integers(n_classes, size=n_items)
    care = np.linspace(0.5, 0.9, n_raters)
    right = rng.random((n_items, n_raters)) < care
    votes = np.where(right, truth[:, None], rng.integers(n_classes, size=(n_items, n_raters)))
    ratings = votes.astype(np.float64)
    missing = rng.random((n_items, n_raters)) < 0.2
    missing[:, 0] &= ~missing[:, 1:].all(axis=1)
    ratings[missing] = np.nan
    return ratings, truth


def _long(pd: Any, ratings: Ratings) -> Any:
    items, raters = np.nonzero(~np.isnan(ratings))
    labels = ratings[items, raters].astype(np.int64)
    return pd.DataFrame({"task": items, "worker": raters, "label": labels})


def _alone(step: str, seconds: float, quality: float, target: str, note: str) -> Row:
    return Row(
        step=step,
        ours=seconds,
        peer=math.nan,
        ratio=math.nan,
        quality_ours=quality,
        target=target,
        note=note,
    )


if __name__ == "__main__":
    main()
