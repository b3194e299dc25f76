"""What ours and the peers compute uncertainty scores from, and how the peers are reached."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.table import data_file

__all__ = ["Comparison", "Inputs", "drawn", "lay_bare"]

Floats = npt.NDArray[np.float64]
Score = Callable[["Inputs"], npt.ArrayLike]

BARE = {
    "lm-polygraph": ("lm_polygraph", "lm_polygraph.estimators", "lm_polygraph.utils"),
    "uqlm": (
        *("uqlm", "uqlm.nli", "uqlm.black_box", "uqlm.white_box", "uqlm.scorers"),
        *("uqlm.scorers.shortform", "uqlm.longform", "uqlm.longform.luq", "uqlm.utils"),
    ),
}
"""Packages whose ``__init__`` would load models' libraries, none of which the scores need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What all scores are computed from."""

    groups: npt.NDArray[np.int64]
    tokens: list[list[Floats]]
    """Log-probabilities of each answer's tokens, by prompt and answer."""
    near: Floats
    entailment: Floats
    contradiction: Floats
    vectors: Floats
    """One row an answer, shape (n_prompts, n, n_dims)."""
    texts: list[list[str]]

    @property
    def sums(self) -> Floats:
        """Sum of each answer's token log-probabilities, shape (n_prompts, n)."""
        return np.array([[t.sum() for t in answers] for answers in self.tokens])

    @property
    def means(self) -> Floats:
        """Mean of each answer's token log-probabilities, shape (n_prompts, n)."""
        return np.array([[t.mean() for t in answers] for answers in self.tokens])


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One score of ours, and the same of a peer."""

    ours: str
    peer: str
    name: str
    our_score: Score
    peer_score: Score
    note: str = ""


def drawn(n_prompts: int = 200, size: int = 8, n_dims: int = 6) -> Inputs:
    """Draw what the scores are computed from; the same at each call."""
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(n_prompts, size, n_dims)) + rng.normal(size=(n_prompts, 1, n_dims))
    logits = 2 * rng.normal(size=(n_prompts, size, size, 3))
    nli = np.exp(logits) / np.exp(logits).sum(axis=3, keepdims=True)
    along = np.arange(size)
    nli[:, along, along] = [0.0, 0.0, 1.0]
    near = rng.random((n_prompts, size, size))
    near = (near + near.transpose(0, 2, 1)) / 2
    near[:, along, along] = 1.0
    lengths = rng.integers(1, 30, size=(n_prompts, size))
    return Inputs(
        groups=rng.integers(0, 4, size=(n_prompts, size)),
        tokens=[[-3 * rng.random(n) ** 2 for n in row] for row in lengths],
        near=near,
        entailment=nli[..., 2],
        contradiction=nli[..., 0],
        vectors=vectors,
        texts=_real_texts(25, size) or _drawn_texts(rng, 25, size),
    )


def _real_texts(n_prompts: int, size: int) -> list[list[str]]:
    path = data_file("A_C_committee_gsm8k_12models.jsonl.gz")
    if path is None:
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for _, line in zip(range(n_prompts), lines, strict=False)]
    return [[c["text"] for c in row["completions"][:size]] for row in rows]


def _drawn_texts(rng: np.random.Generator, n_prompts: int, size: int) -> list[list[str]]:
    known = ["".join(rng.choice(list("aeioulmnrst"), 5)) for _ in range(40)]
    return [[" ".join(rng.choice(known, 60)) for _ in range(size)] for _ in range(n_prompts)]


def lay_bare(peer: str) -> None:
    """Make a peer's modules importable one by one, without running its packages' ``__init__``."""
    for name in BARE[peer]:
        if name in sys.modules:
            continue
        spec = importlib.util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            raise ImportError(f"no package {name}")
        package = types.ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = spec
        sys.modules[name] = package
