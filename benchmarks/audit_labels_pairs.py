"""The audit of preferences: turned ones found beside cleanlab, and how long 100,000 take."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.preference_data import ukp
from benchmarks.table import Row
from benchmarks.vectors import embedded
from curate.checks import Context, Rows, rows_of
from curate.checks.labels.cycles import CHECK as CYCLES
from curate.checks.labels.features import pair_features
from curate.checks.labels.preferences import CHECK as PREFERENCES
from curate.checks.labels.preferences import doubtful_preferences
from curate.measure import auroc, unit

__all__ = ["precision", "speed", "turned"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SEEDS = 5
FLIPPED = 0.1
NAN = float("nan")


def turned() -> Iterator[Row]:
    """UKP with a tenth of the preferences turned round."""
    pairs = _ukp()
    if pairs is None:
        return
    n = len(pairs.chosen)
    flips = [_flips(n, seed) for seed in range(SEEDS)]
    start = time.process_time()
    ranked = [-doubtful_preferences(*pairs.turned(flip)) for flip in flips]
    seconds = (time.process_time() - start) / SEEDS
    lifts = [_lift(order, flip) for order, flip in zip(ranked, flips, strict=True)]
    peer = _cleanlab(pairs, flips)
    beside = {
        kind: [_lift(q, f) for q, f in zip(v, flips, strict=True)] for kind, v in peer.items()
    }
    best = max((float(np.mean(v)) for v in beside.values()), default=NAN)
    ours, least = float(np.mean(lifts)), min(lifts)
    found = [auroc(-order, flip) for order, flip in zip(ranked, flips, strict=True)]
    told = ", ".join(f"{kind} {np.mean(v):.2f}" for kind, v in beside.items())
    yield Row(
        step=f"UKP, {n} pairs, 10 % turned: flips in the first decile over chance "
        f"({seconds:.1f} s CPU)",
        ours=ours,
        peer=best,
        ratio=ours / best,
        quality_ours=float(np.mean(found)),
        quality_peer=NAN,
        target=">= 2, above cleanlab",
        met=least >= 2 and ours > best if not np.isnan(best) else None,
        note=f"mean of {SEEDS} seeds, least {least:.2f}; quality: AUROC; peer: "
        + (f"cleanlab ({told})" if told else "cleanlab, not installed (CURATE_PEER_PYTHON)"),
    )


def speed() -> Iterator[Row]:
    """100,000 preferences: UKP's, each time with prompts and vectors a little different."""
    pairs = _ukp()
    if pairs is None:
        return
    rows, context = _many(pairs, 100_000)
    for check, least in ((PREFERENCES, 20.0), (CYCLES, 2.0)):
        check.run(rows.take(np.arange(1000, dtype=np.int64)), Context())
        start = time.process_time()
        check.run(rows, context)
        seconds = time.process_time() - start
        yield Row(
            step=f"{check.name}: CPU seconds for {len(rows)} preferences, vectors given",
            ours=seconds,
            peer=NAN,
            ratio=NAN,
            target=f"< {least:g}",
            met=seconds < least,
        )


def _many(pairs: _Pairs, n: int) -> tuple[Rows, Context]:
    rng = np.random.default_rng(0)
    at = np.arange(n) % len(pairs.chosen)
    copy = (np.arange(n) // len(pairs.chosen)).tolist()
    numbers = list(zip(at.tolist(), copy, strict=True))
    rows = rows_of(
        [f"{pairs.prompts[k]} {c}" for k, c in numbers],
        [pairs.chosen[k] for k in at],
        [pairs.rejected[k] for k in at],
        group=[f"{pairs.groups[k]} {c}" for k, c in numbers],
    )
    noisy = {
        name: unit(v[at] + 0.02 * rng.normal(size=(n, v.shape[1])).astype(np.float32))
        for name, v in pairs.vectors.items()
    }
    return rows, Context(vectors=noisy)


def precision(scores: Floats, wrong: Bools, n: int) -> float:
    """Return the expected share of wrong rows among the first n, equal scores in random order."""
    bar = np.sort(scores)[::-1][n - 1]
    above, level = scores > bar, scores == bar
    return float((wrong[above].sum() + (n - above.sum()) * wrong[level].mean()) / n)


class _Pairs(NamedTuple):
    prompts: list[str]
    chosen: list[str]
    rejected: list[str]
    groups: list[str]
    vectors: dict[str, npt.NDArray[np.float32]]

    def turned(self, flip: Bools) -> tuple[Rows, Context]:
        """Return the preferences, some of them the wrong way round."""
        both = list(zip(self.chosen, self.rejected, flip.tolist(), strict=True))
        rows = rows_of(
            self.prompts,
            [b if turn else a for a, b, turn in both],
            [a if turn else b for a, b, turn in both],
            group=self.groups,
        )
        a, b = self.vectors["answer"], self.vectors["rejected"]
        vectors = {
            "asked": self.vectors["asked"],
            "answer": np.where(flip[:, None], b, a),
            "rejected": np.where(flip[:, None], a, b),
        }
        return rows, Context(vectors=vectors)


def _ukp() -> _Pairs | None:
    held = [line for line in ukp() if line.votes[0] != line.votes[1]]
    if not held:
        return None
    first = [line.votes[0] > line.votes[1] for line in held]
    chosen = [line.a if won else line.b for line, won in zip(held, first, strict=True)]
    rejected = [line.b if won else line.a for line, won in zip(held, first, strict=True)]
    prompts = [line.prompt for line in held]
    texts = list(dict.fromkeys([*prompts, *chosen, *rejected]))
    place = {text: at for at, text in enumerate(texts)}
    vectors = embedded(texts)
    sides = {"asked": prompts, "answer": chosen, "rejected": rejected}
    held_vectors = {k: vectors[[place[text] for text in side]] for k, side in sides.items()}
    return _Pairs(prompts, chosen, rejected, [line.group for line in held], held_vectors)


def _flips(n: int, seed: int) -> Bools:
    flip = np.zeros(n, bool)
    flip[np.random.default_rng(seed).permutation(n)[: round(FLIPPED * n)]] = True
    return flip


def _lift(quality: Floats, flip: Bools) -> float:
    """Return how much likelier than by chance a flip stands in the worst decile."""
    n = round(0.1 * len(flip))
    return precision(-quality, flip, n) / float(flip.mean())


def _cleanlab(pairs: _Pairs, flips: list[Bools]) -> dict[str, Floats]:
    """Return cleanlab's qualities by kind of folds, shape (n_seeds, n); empty = not there."""
    python = os.environ.get("CURATE_PEER_PYTHON")
    if not python:
        return {}
    rows, context = pairs.turned(np.zeros(len(pairs.chosen), bool))
    v = context.vectors
    first, second = pair_features(
        (v["answer"], v["rejected"]), (rows.answer, rows.rejected), v["asked"]
    )
    sign = np.where(np.random.default_rng(0).random(len(first)) < 0.5, 1, -1)
    labels = np.array([np.where(flip, -sign, sign) > 0 for flip in flips]).astype(np.int64)
    groups = np.unique(pairs.groups, return_inverse=True)[1]
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder, "in.npz"), Path(folder, "out.npz")
        differences = (first - second) * sign[:, None].astype(np.float32)
        np.savez(given, differences=differences, groups=groups, labels=labels)
        script = Path(__file__).with_name("peers_cleanlab.py")
        done = subprocess.run([python, str(script), str(given), str(out)], capture_output=True)
        if done.returncode:
            print(f"cleanlab: {done.stderr.decode(errors='replace')[-300:]}")
            return {}
        held = np.load(out)
        return {f"folds by {kind}": held[f"quality_{kind}"] for kind in ("group", "row")}
