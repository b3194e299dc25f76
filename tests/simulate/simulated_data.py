"""Small labelled data for simulations, and runs of them in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from curate import simulate
from curate.config import ColdStartConfig, SelectConfig

CONFIG = SelectConfig(cold_start=ColdStartConfig(strategy="random"))


def blobs(n=300, n_classes=4, n_dims=8, seed=0):
    """Vectors around a centre a class, the last class rare; labels; test rows."""
    rng = np.random.default_rng(seed)
    shares = np.array([1.0] * (n_classes - 1) + [0.15])
    labels = rng.choice(n_classes, n, p=shares / shares.sum())
    centres = rng.normal(size=(n_classes, n_dims))
    vectors = (centres[labels] + rng.normal(size=(n, n_dims))).astype(np.float32)
    return vectors, np.array([f"class {c}" for c in labels]), rng.random(n) < 0.3


def small(folder=None, workers=1, strategies=("uncertainty",), **options):
    vectors, labels, test = blobs()
    return simulate.classes(
        vectors,
        labels,
        test=test,
        strategies=strategies,
        seeds=options.pop("seeds", 3),
        start=12,
        batch=12,
        budget=60,
        config=CONFIG,
        workers=workers,
        folder=folder,
        **options,
    )


def process(folder: Path, out: Path, *, workers: int = 1, hash_seed: str = "0") -> subprocess.Popen:
    """Start `small` in a process of its own, which writes its curves to `out`."""
    return subprocess.Popen(
        [sys.executable, __file__, str(folder), str(out), str(workers)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


if __name__ == "__main__":
    curves = small(Path(sys.argv[1]), int(sys.argv[3]), ("uncertainty", "k_center"), seeds=6)
    Path(sys.argv[2]).write_text(json.dumps(curves.as_json()))
