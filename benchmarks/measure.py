"""The measures beside the usual ways to compute them, on drawn votes and vectors.

CPU seconds, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import agreement
from benchmarks.table import Row, data_file, finish, json_path, race, timed
from curate import measure
from curate.embed import Embedder

__all__ = ["main"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
ROUNDS = 7


def main() -> None:
    """Race, print."""
    finish(
        [
            _vote_entropy(),
            _contradiction(),
            *_average_link(),
            _reliability(),
            _nearest(),
            _eigenvalues(),
            _heat_kernels(),
            _rouge_l(),
            *agreement.rows(),
        ],
        json_path(),
    )


def _votes(n_items: int = 1_000_000, n_members: int = 5) -> Floats:
    rng = np.random.default_rng(7)
    votes = rng.integers(0, 4, size=(n_items, n_members)).astype(np.float64)
    votes[rng.random(votes.shape) < 0.05] = np.nan
    return votes


def _vote_entropy() -> Row:
    votes = _votes()
    return _row(
        "vote entropy, 1M x 5, CPU s",
        lambda: measure.vote_entropy(votes),
        lambda: _entropy_by_table(votes),
        at_least=10,
        note="peer: numpy, counts by option and a table of p ln p; quality: sum",
    )


def _entropy_by_table(votes: Floats) -> Floats:
    """Count votes by option, look c ln c up in a table: the fastest plain numpy found."""
    n_items, n_members = votes.shape
    counted = np.arange(n_members + 1, dtype=np.float64)
    table = counted * np.log(np.maximum(counted, 1))
    total, n = np.zeros(n_items), np.zeros(n_items, dtype=np.int64)
    for option in range(4):
        count = (votes == option).sum(axis=1)
        total += table[count]
        n += count
    return np.where(n > 0, np.log(np.maximum(n, 1)) - total / np.maximum(n, 1), np.nan)


def _contradiction() -> Row:
    votes = _votes()
    return _row(
        "contradiction of each vote, 1M x 5, CPU s",
        lambda: measure.contradiction(votes),
        lambda: _contradiction_by_pairs(votes),
        at_least=None,
        note="peer: numpy, member by member; quality: sum",
    )


def _contradiction_by_pairs(votes: Floats) -> Floats:
    there = ~np.isnan(votes)
    n = there.sum(axis=1, keepdims=True) - there
    same = np.stack([(votes == votes[:, m : m + 1]).sum(axis=1) for m in range(votes.shape[1])], 1)
    known = there & (n > 0)
    return np.where(known, (n - (same - there)) / np.maximum(n, 1), np.nan)


def _average_link() -> Iterator[Row]:
    """Group ten answers a prompt: eight models' and two more of theirs, as MiniLM sees them."""
    path = data_file("A_committee_selfinstruct252_8models.jsonl.gz")
    if path is None:
        return
    vectors = Embedder("minilm")(_answers(path))
    near = np.tile(measure.cosine_by_item(vectors, _tens(len(vectors))), (8, 1, 1))
    least = 0.85
    same = _same_partitions(
        measure.cluster_answers(near, least=least), _groups_by_scipy(near, least)
    )
    yield _row(
        f"average-link groups of 10 real answers, {len(near):,} prompts, CPU s",
        lambda: measure.cluster_answers(near, least=least),
        lambda: _groups_by_scipy(near, least),
        at_least=15,
        note="peer: scipy, prompt by prompt; quality: share of prompts with the same partition",
        quality=lambda _: same,
    )


def _answers(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [answer["text"] for row in rows for answer in row["completions"]]


def _tens(n: int) -> Ints:
    """Return which answers stand together: every prompt's eight, and the next prompt's first two.

    So some groups hold answers to the same prompt, and others certainly do not.
    """
    starts = np.arange(0, n - 9, 8)
    return starts[:, None] + np.arange(10)


def _same_partitions(ours: Floats, peers: Floats) -> float:
    together = ours[:, :, None] == ours[:, None, :]
    theirs = peers[:, :, None] == peers[:, None, :]
    return float((together == theirs).all(axis=(1, 2)).mean())


def _groups_by_scipy(near: Floats, least: float) -> Floats:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    trees = (linkage(squareform(1 - one, checks=False), "average") for one in near)
    return np.stack([fcluster(tree, 1 - least, criterion="distance") for tree in trees])


def _reliability() -> Row:
    rng = np.random.default_rng(7)
    truth = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    labels = rng.integers(0, 4, size=20_000)
    shift = np.where(rng.random((20_000, 5)) < truth, 0, rng.integers(1, 4, size=(20_000, 5)))
    votes = ((labels[:, None] + shift) % 4).astype(np.float64)

    def off(found: Floats) -> float:
        return float(np.abs(found - truth).max())

    try:
        import crowdkit  # noqa: F401
    except ImportError:
        return Row(
            step="reliability without labels, 20k x 5, CPU s",
            ours=float("nan"),
            peer=float("nan"),
            ratio=float("nan"),
            note="peer crowd-kit is not installed",
        )
    return _row(
        "reliability without labels, 20k x 5, CPU s",
        lambda: measure.reliability(votes),
        lambda: _one_coin_by_crowdkit(votes),
        at_least=None,
        note="peer: crowd-kit's OneCoinDawidSkene; quality: worst error of an accuracy",
        quality=off,
        rounds=1,
    )


def _one_coin_by_crowdkit(votes: Floats) -> Floats:
    import pandas as pd
    from crowdkit.aggregation import OneCoinDawidSkene

    items, members = np.indices(votes.shape)
    frame = pd.DataFrame(
        {"task": items.ravel(), "worker": members.ravel(), "label": votes.ravel().astype(int)}
    )
    fitted = OneCoinDawidSkene(n_iter=50).fit(frame)
    return np.asarray(fitted.skills_.sort_index(), dtype=np.float64)


def _nearest() -> Row:
    rng = np.random.default_rng(7)
    vectors = measure.unit(rng.normal(size=(20_000, 384)))
    reviewed = measure.unit(vectors[:1_000] + np.float32(0.1))
    return _row(
        "nearest of 1,000 reviewed, 20k x 384, CPU s",
        lambda: measure.nearest(vectors, reviewed)[1],
        lambda: _nearest_by_sklearn(vectors, reviewed),
        at_least=None,
        note="peer: scikit-learn's cosine_similarity; quality: sum",
    )


def _nearest_by_sklearn(vectors: Vectors, reviewed: Vectors) -> Floats:
    from sklearn.metrics.pairwise import cosine_similarity

    return np.asarray(cosine_similarity(vectors, reviewed).max(axis=1))


def _graphs(n_prompts: int, size: int = 10) -> Floats:
    """Draw similarities of answers that mean one of a few things."""
    rng = np.random.default_rng(7)
    means = rng.normal(size=(n_prompts, 4, 8))
    said = np.take_along_axis(means, rng.integers(0, 4, size=(n_prompts, size))[:, :, None], axis=1)
    vectors = (said + 0.3 * rng.normal(size=said.shape)).reshape(-1, 8)
    near = measure.cosine_by_item(vectors, np.arange(len(vectors)).reshape(n_prompts, size))
    return np.maximum(near, 0.0)


def _eigenvalues() -> Row:
    near = _graphs(5_000)
    return _row(
        "eigenvalue sum of graphs of 10 answers, 5,000 prompts, CPU s",
        lambda: measure.eigenvalue_sum(near),
        lambda: np.array([_eigenvalues_of(one) for one in near]),
        at_least=5,
        note="peer: lm-polygraph's lines, prompt by prompt (scipy's eigh); quality: sum",
        rounds=3,
    )


def _eigenvalues_of(near: Floats) -> float:
    from scipy.linalg import eigh

    degrees = np.diag(near.sum(axis=1))
    scale = np.linalg.inv(np.sqrt(degrees))
    laplacian = np.eye(len(near)) - scale @ near @ scale
    return float(sum(max(0, 1 - value) for value in eigh(laplacian, eigvals_only=True)))


def _heat_kernels() -> Row:
    near = _graphs(1_000)
    return _row(
        "kernel language entropy of 10 answers, 1,000 prompts, CPU s",
        lambda: measure.kernel_language_entropy(near),
        lambda: np.array([_kernel_entropy_of(one) for one in near]),
        at_least=None,
        note="peer: scipy's expm, prompt by prompt; quality: sum",
        rounds=3,
    )


def _kernel_entropy_of(near: Floats) -> float:
    from scipy.linalg import expm

    kernel = expm(-0.3 * (np.diag(near.sum(axis=1)) - near))
    scale = np.sqrt(np.diag(kernel))
    shares = np.linalg.eigvalsh(kernel / np.outer(scale, scale) / len(near))
    shares = shares[shares > 1e-12]
    return float(-(shares * np.log(shares)).sum())


def _rouge_l() -> Row:
    rng = np.random.default_rng(7)
    texts = [" ".join(f"w{k}" for k in rng.zipf(1.5, 100) % 500) for _ in range(500)]
    rows = np.arange(500).reshape(50, 10)
    step = "ROUGE-L of 10 answers of 100 words, 50 prompts, tokens included, CPU s"
    try:
        scorer = import_module("rouge_score.rouge_scorer").RougeScorer(["rougeL"])
    except ImportError:
        nan = float("nan")
        note = "peer rouge-score is not installed"
        seconds = timed(lambda: measure.lexical_dissimilarity(measure.token_ids(texts), rows))
        return Row(step=step, ours=seconds, peer=nan, ratio=nan, note=note)
    return _row(
        step,
        lambda: measure.lexical_dissimilarity(measure.token_ids(texts), rows),
        lambda: np.array([_apart_by_rouge_score(scorer, [texts[k] for k in row]) for row in rows]),
        at_least=None,
        note="peer: rouge-score, pair by pair; quality: sum",
        rounds=1,
    )


def _apart_by_rouge_score(scorer: Any, texts: list[str]) -> float:
    pairs = combinations(texts, 2)
    return float(np.mean([1 - scorer.score(a, b)["rougeL"].fmeasure for a, b in pairs]))


def _row(
    step: str,
    ours: Callable[[], Floats],
    peer: Callable[[], Floats],
    *,
    at_least: float | None,
    note: str,
    quality: Callable[[Floats], float] = lambda found: float(np.nansum(found)),
    rounds: int = ROUNDS,
) -> Row:
    qualities = quality(ours()), quality(peer())
    seconds, peers, ratio = race(ours, peer, rounds, time.process_time)
    return Row(
        step=step,
        ours=seconds,
        peer=peers,
        ratio=ratio,
        quality_ours=qualities[0],
        quality_peer=qualities[1],
        target="" if at_least is None else f">= {at_least:g}x",
        met=None if at_least is None else ratio >= at_least,
        note=note,
    )


if __name__ == "__main__":
    main()
