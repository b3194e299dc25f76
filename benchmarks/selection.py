"""Selection: its speed beside its peers, its cost by pool size, its decisions on arrival.

`python -m benchmarks.selection [--json FILE]`; real data from CURATE_DATA. Vectors are all-MiniLM's
of 56,000 real texts, kept in CURATE_BENCH_CACHE (default: a folder in the temporary directory)
between runs, with noisy copies of them where more rows are needed; a pool of 1.5 GB lies there
while this runs. Seconds are CPU seconds, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks import selection_queues, selection_scale
from benchmarks.selection_peers import facility_locations, numpy_k_center
from benchmarks.table import Row, finish, json_path, race
from benchmarks.vectors import grown, text_vectors
from curate import select
from curate.measure.neighbours import PROBES, neighbours
from curate.select.facility_location import Dense, Representatives, Similarities, Sparse
from curate.select.nearest import Nearest
from curate.select.stream import StreamSelector

__all__ = ["main"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

cpu = time.process_time


def main() -> None:
    """Run every part whose data is there and print one table."""
    path = json_path()
    vectors = text_vectors()
    rows = list(selection_queues.rows())
    if len(vectors) > DENSE_SIZES[-1][0]:
        rows += [
            _k_center(vectors),
            *_facility_location(vectors),
            *_recall(vectors),
            *_graph(vectors),
            *_decisions(vectors),
            *selection_scale.rows(vectors),
        ]
    finish(rows, path)


def _k_center(vectors: Floats) -> Row:
    rows, k = grown(vectors, 100_000), 1000
    select.k_center(rows[:100], 3)
    ours, peer, ratio = race(
        lambda: select.k_center(rows, k), lambda: numpy_k_center(rows, k), rounds=2, clock=cpu
    )
    picks, expected = select.k_center(rows, k), numpy_k_center(rows, k)
    same = int((picks == expected).sum())
    return Row(
        step=f"k_center, {len(rows):,} x {rows.shape[1]}, k = {k} (CPU s)",
        ours=ours,
        peer=peer,
        ratio=ratio,
        quality_ours=_radius(rows, picks),
        quality_peer=_radius(rows, expected),
        target=">= 10x, identical picks",
        met=ratio >= 10 and same == k,
        note=f"numpy gemv loop; quality: radius; {same} of {k} picks identical; "
        f"{len(vectors):,} real texts, the rest noisy copies",
    )


def _radius(vectors: Floats, picks: Ints) -> float:
    nearest = np.full(len(vectors), -1, np.float32)
    for start in range(0, len(picks), 100):
        np.maximum(nearest, (vectors @ vectors[picks[start : start + 100]].T).max(1), out=nearest)
    return float(np.sqrt(max(0.0, 2 - 2 * float(nearest.min()))))


DENSE_SIZES = ((5_000, 500), (10_000, 1_000))


def _facility_location(vectors: Floats) -> Iterator[Row]:
    for n, k in DENSE_SIZES:
        rows = vectors[:n]
        graph = Dense(rows, rows)
        similar = np.maximum(rows @ rows.T, 0)
        _greedy(graph, n, 1)
        for name, peer in facility_locations().items():
            ours, theirs, ratio = race(
                partial(_greedy, graph, n, k), partial(peer, similar, k), rounds=3, clock=cpu
            )
            quality = _value(similar, _greedy(graph, n, k))
            quality_peer = _value(similar, peer(similar, k))
            promised = name == "submodlib"
            yield Row(
                step=f"facility location, {n:,}, k = {k}, similarities given (CPU s)",
                ours=ours,
                peer=theirs,
                ratio=ratio,
                quality_ours=quality,
                quality_peer=quality_peer,
                target=">= 10x at equal value" if promised else "",
                met=ratio >= 10 and quality >= (1 - 1e-6) * quality_peer if promised else None,
                note=f"{name}; quality: value of the sum",
            )


def _greedy(graph: Similarities, n_clients: int, k: int) -> Ints:
    picker = Representatives(graph, nearest=np.zeros(n_clients, np.float32))
    picks = []
    for _ in range(k):
        picks.append(picker.offer())
        picker.take(picks[-1])
    return np.array(picks, np.int64)


def _value(similar: Floats, picks: Ints) -> float:
    return float(similar[picks].max(axis=0).sum(dtype=np.float64))


def _recall(vectors: Floats) -> Iterator[Row]:
    """How many of the 64 nearest rows the graph lists, and what it costs beside all products."""
    for n in (len(vectors), 100_000):
        rows = grown(vectors, n)
        asked = np.sort(np.random.default_rng(0).permutation(n)[:2_000])
        neighbours(rows[:500], 64)
        started = cpu()
        lists = neighbours(rows, 64)[0][asked]
        ours = cpu() - started
        started = cpu()
        exact = neighbours(rows, 64, clients=asked, probes=None)[0]
        peer = (cpu() - started) * n / len(asked)
        found = [len(np.intersect1d(a, b)) / len(b) for a, b in zip(lists, exact, strict=True)]
        yield Row(
            step=f"graph of 64 neighbours, {n:,} x 384 (CPU s)",
            ours=ours,
            peer=peer,
            ratio=peer / ours,
            quality_ours=float(np.mean(found)),
            quality_peer=1.0,
            note=f"exact lists, extrapolated from {len(asked):,} rows; quality: share of the true "
            f"neighbours listed; {PROBES} cells looked into",
        )


def _graph(vectors: Floats) -> Iterator[Row]:
    """Facility location as the library runs it beside the same sum over exact lists."""
    n, k = len(vectors), 1000
    started = cpu()
    picks = select.facility_location(vectors, k)
    ours = cpu() - started
    started = cpu()
    graph = Sparse(vectors, max(64, 2 * n // k), probes=None)
    exact = _greedy(graph, n, k)
    peer = cpu() - started
    covers = {
        "random": _coverage(vectors, select.random(n, k, rng=0)),
        "k_center": _coverage(vectors, select.k_center(vectors, k)),
    }
    quality, best = _coverage(vectors, picks), _coverage(vectors, exact)
    yield Row(
        step=f"facility location by graph, {n:,}, k = {k}, vectors given (CPU s)",
        ours=ours,
        peer=peer,
        ratio=peer / ours,
        quality_ours=quality,
        quality_peer=best,
        note="over the exact graph; quality: mean cosine to the nearest pick; "
        + ", ".join(f"{name} {value:.4f}" for name, value in covers.items()),
    )


def _coverage(vectors: Floats, picks: Ints) -> float:
    parts = (vectors[i : i + 4096] @ vectors[picks].T for i in range(0, len(vectors), 4096))
    return float(np.concatenate([np.maximum(p, 0).max(axis=1) for p in parts]).mean())


def _decisions(vectors: Floats) -> Iterator[Row]:
    """One novelty, one decision: for texts that are not among the 100,000 seen, and for noise."""
    half = len(vectors) // 2
    rows = grown(vectors[:half], 100_000)
    seen = Nearest(rows)
    noise = np.random.default_rng(3).normal(size=(1_000, rows.shape[1])).astype(np.float32)
    for name, arriving in (("real texts", vectors[half : half + 3_000]), ("pure noise", noise)):
        plain = 1e3 * np.array([_product(rows, vector) for vector in arriving[:200]])
        took = 1e3 * np.array(_decided(StreamSelector(per_day=200, seen=seen), seen, arriving))
        for words, share in (("median", 50), ("99 of 100", 99)):
            ours, clock = np.percentile(took, share, axis=0)
            peer = float(np.percentile(plain, share))
            yield Row(
                step=f"stream: novelty and decision at 100,000 rows seen, {name}, {words} (CPU ms)",
                ours=float(ours),
                peer=peer,
                ratio=peer / float(ours),
                target="< 2 ms",
                met=bool(ours < 2),
                note=f"a product with all rows in numpy, without the decision; {clock:.2f} ms by "
                f"the clock; {len(arriving):,} arrivals, exact nearest row",
            )


def _decided(stream: StreamSelector, seen: Nearest, arriving: Floats) -> list[tuple[float, float]]:
    """Return the CPU and the clock's seconds of each decision but the first."""
    took = []
    for n, vector in enumerate(arriving):
        started = cpu(), time.perf_counter()
        novelty = 1 - seen.cosine(vector)[0]
        stream.decide(f"row {n}", need=novelty, at=30.0 * n, vector=vector)
        took.append((cpu() - started[0], time.perf_counter() - started[1]))
    return took[1:]


def _product(rows: Floats, vector: Floats) -> float:
    started = cpu()
    np.argmax(rows @ vector)
    return cpu() - started


if __name__ == "__main__":
    main()
