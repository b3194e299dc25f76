"""Vectors of the real texts, kept between runs, and as many noisy copies as a benchmark needs."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import data_file
from curate.embed import VectorCache, embed

__all__ = ["cache_folder", "embedded", "grown", "grown_file", "lines", "text_vectors"]

Floats = npt.NDArray[np.float32]

TEXTS = {
    "G_banking77.jsonl.gz": ("text",),
    "G_clinc150_imbalanced.jsonl.gz": ("text",),
    "H_gsm8k_train.jsonl.gz": ("question",),
    "B_D_ukpconvarg_pairs_5votes.jsonl.gz": ("response_a", "response_b"),
    "E_truthfulqa_human_truth_info_labels.jsonl.gz": ("response",),
}


def text_vectors() -> Floats:
    """Embed the distinct texts of the labelled sets, in a fixed random order."""
    texts = [str(row[key]) for name, keys in TEXTS.items() for row in lines(name) for key in keys]
    vectors = embedded(list(dict.fromkeys(texts)))
    return vectors[np.random.default_rng(0).permutation(len(vectors))]


def lines(name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of real data; none where it is missing."""
    path = data_file(name)
    if path is not None:
        with gzip.open(path, "rt", encoding="utf-8") as opened:
            yield from map(json.loads, opened)


def embedded(texts: list[str]) -> Floats:
    """Embed texts with all-MiniLM; what was embedded before comes from the cache."""
    if not texts:
        return np.empty((0, 384), np.float32)
    return embed(texts, cache=VectorCache(cache_folder()))


def cache_folder() -> Path:
    """Return CURATE_BENCH_CACHE, by default a folder in the temporary directory."""
    named = os.environ.get("CURATE_BENCH_CACHE")
    return Path(named) if named else Path(tempfile.gettempdir(), "curate-bench")


def grown(vectors: Floats, n: int) -> Floats:
    """Bring real vectors to `n` rows with copies that have a cosine of about .93 to theirs."""
    return np.concatenate([vectors[:n], *_copies(vectors, n)])


def grown_file(vectors: Floats, n: int, path: Path) -> None:
    """Write what `grown` returns as a .npy file, block by block."""
    file = np.lib.format.open_memmap(path, "w+", np.float32, (n, vectors.shape[1]))
    start = 0
    for block in (vectors[:n], *_copies(vectors, n)):
        file[start : start + len(block)] = block
        start += len(block)
    file.flush()


def _copies(vectors: Floats, n: int) -> Iterator[Floats]:
    rng = np.random.default_rng(1)
    for start in range(len(vectors), n, _BLOCK):
        of = rng.integers(0, len(vectors), min(_BLOCK, n - start))
        noise = rng.normal(scale=0.02, size=(len(of), vectors.shape[1])).astype(np.float32)
        noisy = vectors[of] + noise
        yield noisy / np.linalg.norm(noisy, axis=1, keepdims=True)


_BLOCK = 50_000
