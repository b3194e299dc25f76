"""Selection beside its peers: k-center, facility location, and what a queue finds.

`python -m benchmarks.select [--json FILE]`; real data from CURATE_DATA. Vectors are all-MiniLM's,
kept in CURATE_BENCH_CACHE (default: a folder in the temporary directory) between runs.
"""

from __future__ import annotations

import gzip
import heapq
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, data_file, finish, json_path, race, timed
from curate import measure, select
from curate.embed import VectorCache, embed
from curate.select.facility_location import Dense, Representatives

__all__ = ["main"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

N_CENTRES_FROM = 100_000
GSM8K = "A_C_committee_gsm8k_12models.jsonl.gz"
PRODUCTION = "Qwen2-7B-Instruct"
TEXTS = {
    "G_banking77.jsonl.gz": ("text",),
    "G_clinc150_imbalanced.jsonl.gz": ("text",),
    "H_gsm8k_train.jsonl.gz": ("question",),
    "B_D_ukpconvarg_pairs_5votes.jsonl.gz": ("response_a", "response_b"),
    "E_truthfulqa_human_truth_info_labels.jsonl.gz": ("response",),
}


def main() -> None:
    """Run every part whose data is there and print one table."""
    path = json_path()
    vectors = _text_vectors()
    rows = [*_k_center(vectors), *_facility_location(vectors), *_sparse(vectors), *_queues()]
    finish(rows, path)


def _text_vectors() -> Floats:
    """Embed the distinct texts of the labelled sets, in a fixed random order."""
    texts = [str(row[key]) for name, keys in TEXTS.items() for row in _lines(name) for key in keys]
    distinct = list(dict.fromkeys(texts))
    vectors = _embedded(distinct)
    return vectors[np.random.default_rng(0).permutation(len(vectors))]


def _lines(name: str) -> Iterator[dict[str, Any]]:
    path = data_file(name)
    if path is not None:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _embedded(texts: list[str]) -> Floats:
    folder = os.environ.get("CURATE_BENCH_CACHE") or Path(tempfile.gettempdir(), "curate-bench")
    if not texts:
        return np.empty((0, 384), np.float32)
    return embed(texts, cache=VectorCache(folder))


def _k_center(vectors: Floats) -> Iterator[Row]:
    if not len(vectors):
        return
    n_real = len(vectors)
    rows, k = _grown(vectors, N_CENTRES_FROM), 1000
    select.k_center(rows[:100], 3)
    ours, peer, ratio = race(
        lambda: select.k_center(rows, k), lambda: _numpy_k_center(rows, k), rounds=3
    )
    picks, expected = select.k_center(rows, k), _numpy_k_center(rows, k)
    same = bool((picks == expected).all())
    yield Row(
        step=f"k_center, {len(rows):,} x {rows.shape[1]}, k = {k} (s)",
        ours=ours,
        peer=peer,
        ratio=ratio,
        quality_ours=_radius(rows, picks),
        quality_peer=_radius(rows, expected),
        target=">= 10x, identical picks",
        met=ratio >= 10 and same,
        note=f"numpy gemv loop; quality: radius; {int((picks == expected).sum())} of {k} picks "
        f"identical; {n_real:,} real texts, the rest noisy copies",
    )


def _grown(vectors: Floats, n: int) -> Floats:
    """Bring real vectors to `n` rows with copies that have a cosine of about .93 to theirs."""
    rng = np.random.default_rng(1)
    copies = vectors[rng.integers(0, len(vectors), max(0, n - len(vectors)))]
    noise = rng.normal(scale=0.02, size=copies.shape).astype(np.float32)
    noisy = copies + noise
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    return np.concatenate([vectors, noisy])[:n]


def _numpy_k_center(vectors: Floats, k: int) -> Ints:
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    gap = np.full(len(vectors), np.inf, np.float32)
    picks = np.zeros(k, np.int64)
    for n in range(1, k):
        row = picks[n - 1]
        np.minimum(gap, lengths + lengths[row] - 2 * (vectors @ vectors[row]), out=gap)
        gap[row] = -1
        picks[n] = gap.argmax()
    return picks


def _radius(vectors: Floats, picks: Ints) -> float:
    nearest = np.full(len(vectors), -1, np.float32)
    for start in range(0, len(picks), 100):
        np.maximum(nearest, (vectors @ vectors[picks[start : start + 100]].T).max(1), out=nearest)
    return float(np.sqrt(max(0.0, 2 - 2 * float(nearest.min()))))


def _facility_location(vectors: Floats) -> Iterator[Row]:
    for n, k in ((5_000, 500), (10_000, 1_000)):
        rows = vectors[:n]
        if len(rows) < n:
            continue
        graph = Dense(rows, rows)
        similar = np.maximum(rows @ rows.T, 0)
        _greedy(graph, 1)
        for name, peer in _peers().items():
            ours_s, peer_s, ratio = race(
                partial(_greedy, graph, k), partial(peer, similar, k), rounds=3
            )
            quality = _value(similar, _greedy(graph, k))
            quality_peer = _value(similar, peer(similar, k))
            yield Row(
                step=f"facility location, {n:,}, k = {k}, similarities given (s)",
                ours=ours_s,
                peer=peer_s,
                ratio=ratio,
                quality_ours=quality,
                quality_peer=quality_peer,
                target=">= 10x at equal value" if name == "submodlib" else "",
                met=_met(name, ratio, quality / quality_peer),
                note=f"{name}; quality: value of the sum",
            )


def _met(name: str, ratio: float, quality: float) -> bool | None:
    return ratio >= 10 and quality >= 1 - 1e-6 if name == "submodlib" else None


def _greedy(graph: Dense, k: int) -> Ints:
    picker = Representatives(graph, nearest=np.zeros(graph.n_candidates, np.float32))
    picks = []
    for _ in range(k):
        picks.append(picker.offer())
        picker.take(picks[-1])
    return np.array(picks, np.int64)


def _value(similar: Floats, picks: Ints) -> float:
    return float(similar[picks].max(axis=0).sum(dtype=np.float64))


def _peers() -> dict[str, Callable[[Floats, int], Ints]]:
    """Return the peers that are installed, and a plain lazy greedy that always is."""
    peers: dict[str, Callable[[Floats, int], Ints]] = {"lazy greedy in numpy": _numpy_lazy}
    for name, package, peer in (
        ("submodlib", "submodlib-py", _submodlib),
        ("apricot", "apricot-select", _apricot),
    ):
        if find_spec(name):
            peers[name] = peer
        else:
            print(f"{name} is not installed (package {package}): left out")
    return peers


def _numpy_lazy(similar: Floats, k: int) -> Ints:
    nearest = np.zeros(len(similar), np.float32)
    heap = [(-float(gain), j, 0) for j, gain in enumerate(similar.sum(axis=1))]
    heapq.heapify(heap)
    picks: list[int] = []
    while len(picks) < k:
        _, j, turn = heapq.heappop(heap)
        if turn == len(picks):
            picks.append(j)
            np.maximum(nearest, similar[j], out=nearest)
        else:
            gain = np.maximum(similar[j] - nearest, 0).sum(dtype=np.float64)
            heapq.heappush(heap, (-float(gain), j, len(picks)))
    return np.array(picks, np.int64)


def _submodlib(similar: Floats, k: int) -> Ints:
    kind = import_module("submodlib").FacilityLocationFunction
    function = kind(n=len(similar), mode="dense", sijs=similar, separate_rep=False)
    picks = function.maximize(budget=k, optimizer="LazyGreedy", show_progress=False)
    return np.array([row for row, _ in picks], np.int64)


def _apricot(similar: Floats, k: int) -> Ints:
    kind = import_module("apricot").FacilityLocationSelection
    chosen = kind(k, metric="precomputed", optimizer="lazy").fit(similar)
    return np.asarray(chosen.ranking, np.int64)


def _sparse(vectors: Floats) -> Iterator[Row]:
    if len(vectors) < 20_000:
        return
    k = 1000
    picks = select.facility_location(vectors, k)
    seconds = timed(lambda: select.facility_location(vectors, k), rounds=1)
    lots = select.random(len(vectors), k, rng=0)
    yield Row(
        step=f"facility location by graph, {len(vectors):,}, k = {k} (s)",
        ours=seconds,
        peer=float("nan"),
        ratio=float("nan"),
        quality_ours=_coverage(vectors, picks),
        quality_peer=_coverage(vectors, lots),
        note=f"exact neighbours included; quality: mean cosine to the nearest pick, beside lots; "
        f"k_center {_coverage(vectors, select.k_center(vectors, k)):.4f}",
    )


def _coverage(vectors: Floats, picks: Ints) -> float:
    parts = (vectors[i : i + 4096] @ vectors[picks].T for i in range(0, len(vectors), 4096))
    return float(np.concatenate([part.max(axis=1) for part in parts]).mean())


def _queues() -> Iterator[Row]:
    """What 150 actively chosen answers of one model hold, over ten splits of GSM8K."""
    prompts = list(_lines(GSM8K))
    if not prompts:
        return
    need, wrong = _need_and_wrong(prompts)
    vectors = _embedded([p["prompt"] for p in prompts])
    clusters = [_clusters(vectors, n) for n in (50, 100, 150)]
    shares: dict[str, list[float]] = {"hybrid": [], "need": [], "random": [], "pool": []}
    reached: dict[str, list[list[int]]] = {"hybrid": [], "need": []}
    for seed in range(10):
        sides = select.splits(
            [p["prompt_id"] for p in prompts], test_share=0.1, calibration_share=0.05, seed=seed
        )
        left_out = {i: side for i, side in enumerate(sides) if side != "pool"}
        queue = select.hybrid(vectors, need, 167, left_out=left_out, rng=seed)
        offered = np.array([i for i in range(len(prompts)) if i not in left_out])
        picked = {
            "hybrid": queue.indices[17:],
            "need": offered[select.uncertainty(need[offered], 150)],
            "random": queue.indices[:17],
            "pool": offered,
        }
        for name, rows in picked.items():
            shares[name].append(float(wrong[rows].mean()))
        for name, lists in reached.items():
            lists.append([len(set(c[picked[name]])) for c in clusters])
    mean = {name: float(np.mean(values)) for name, values in shares.items()}
    hybrid, alone = (np.mean(reached[name], axis=0) for name in ("hybrid", "need"))
    yield Row(
        step="GSM8K: share of wrong answers in 150 actively chosen, beside the pool",
        ours=mean["hybrid"],
        peer=mean["pool"],
        ratio=mean["hybrid"] / mean["pool"],
        quality_ours=mean["hybrid"],
        quality_peer=mean["need"],
        target=">= .95, 4.8x",
        met=mean["hybrid"] >= 0.95 and mean["hybrid"] / mean["pool"] >= 4.75,
        note=f"ten splits, lowest {min(shares['hybrid']):.3f}; quality: beside the 150 most "
        f"disputed; the random slices have {mean['random']:.3f}",
    )
    yield Row(
        step="GSM8K: clusters of prompts reached, beside the 150 most disputed",
        ours=float(hybrid.sum()),
        peer=float(alone.sum()),
        ratio=float(hybrid.sum() / alone.sum()),
        target="more",
        met=bool(hybrid.sum() > alone.sum()),
        note="of 50, 100, 150: "
        + ", ".join(f"{a:.1f} / {b:.1f}" for a, b in zip(hybrid, alone, strict=True)),
    )


def _need_and_wrong(
    prompts: list[dict[str, Any]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    models = [c["model"] for c in prompts[0]["completions"]]
    votes = np.array([_codes([c["answer"] for c in p["completions"]]) for p in prompts])
    weights = measure.log_odds(measure.reliability(votes))
    need = measure.contradiction(votes, weights=np.broadcast_to(weights, votes.shape))
    production = models.index(PRODUCTION)
    wrong = np.array([not p["completions"][production]["correct"] for p in prompts])
    return need[:, production], wrong


def _codes(answers: list[str | None]) -> list[float]:
    known: dict[str, int] = {}
    return [
        float("nan") if a is None else known.setdefault(str(a).strip(), len(known)) for a in answers
    ]


def _clusters(vectors: Floats, n: int) -> Ints:
    from sklearn.cluster import KMeans

    labels: Ints = KMeans(n, n_init=3, random_state=0).fit_predict(vectors)
    return labels


if __name__ == "__main__":
    main()
