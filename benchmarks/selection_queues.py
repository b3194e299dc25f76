"""What 150 actively chosen answers of one model hold, over ten splits of GSM8K."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row
from benchmarks.vectors import embedded, lines
from curate import measure, select

__all__ = ["rows"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

GSM8K = "A_C_committee_gsm8k_12models.jsonl.gz"
PRODUCTION = "Qwen2-7B-Instruct"


def rows() -> Iterator[Row]:
    """Yield how many of them are wrong, and how many clusters of prompts they reach."""
    prompts = list(lines(GSM8K))
    if not prompts:
        return
    need, wrong = _need_and_wrong(prompts)
    vectors = embedded([p["prompt"] for p in prompts])
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
        for name, chosen in picked.items():
            shares[name].append(float(wrong[chosen].mean()))
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
