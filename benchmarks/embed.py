"""Embedding beside the bare model, on real questions and answers, short and long.

The peer is the same model's own `encode` on texts sorted by length, in batches of 32: the fastest
way to call it by hand (it cuts texts at 256 tokens in silence; the texts here are shorter). And
bfloat16 beside float32, with the worst cosine between them. CPU seconds, so that what else runs on
the machine counts little.
"""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, data_file, finish, json_path, race
from curate.embed import encoder_named
from curate.embed.embedder import Embedder
from curate.embed.sentence import SentenceEncoder

__all__ = ["main"]

Vectors = npt.NDArray[np.float32]
ROUNDS = 5


def main() -> None:
    """Race, print."""
    path = data_file("A_C_committee_gsm8k_12models.jsonl.gz")
    rows = [] if path is None else _rows(path)
    finish(rows, json_path())


def _rows(path: Path) -> list[Row]:
    whole, half = _loaded("minilm"), _loaded("minilm-bf16")
    rows = []
    for name, texts in _texts(path).items():
        rows += [_beside_the_model(name, texts, whole), _in_half(name, texts, whole, half)]
    return rows


def _loaded(name: str) -> SentenceEncoder:
    encoder = encoder_named(name)
    if not isinstance(encoder, SentenceEncoder):
        raise TypeError(f"{name} is no sentence-transformers model")
    encoder.encode(["warm up"] * 8)
    return encoder


def _texts(path: Path) -> dict[str, list[str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    answers = [said["text"] for row in rows for said in row["completions"]]
    long = sorted({text for text in answers if 500 < len(text) < 700})
    return {
        "200 questions (60 tokens)": [row["question"] for row in rows[:200]],
        "50 answers (180 tokens)": long[:50],
    }


def _beside_the_model(name: str, texts: list[str], encoder: SentenceEncoder) -> Row:
    by_length = sorted(texts, key=len)
    model = encoder._model

    def bare() -> Vectors:
        return np.asarray(model.encode(by_length, batch_size=32), dtype=np.float32)

    def ours() -> Vectors:
        return Embedder(encoder)(by_length)

    worst = float((ours() * bare()).sum(axis=1).min())
    seconds, peer, ratio = race(ours, bare, ROUNDS, time.process_time)
    return Row(
        step=f"{name}, texts a CPU second",
        ours=len(texts) / seconds,
        peer=len(texts) / peer,
        ratio=ratio,
        quality_ours=worst,
        quality_peer=1.0,
        target=">= 0.9x",
        met=ratio >= 0.9,
        note="peer: the bare model on sorted batches; quality: worst cosine to it",
    )


def _in_half(name: str, texts: list[str], whole: SentenceEncoder, half: SentenceEncoder) -> Row:
    vectors = Embedder(half)(texts), Embedder(whole)(texts)
    worst = float((vectors[0] * vectors[1]).sum(axis=1).min())
    seconds, peer, ratio = race(
        lambda: Embedder(half)(texts),
        lambda: Embedder(whole)(texts),
        ROUNDS,
        time.process_time,
    )
    return Row(
        step=f"{name} in bfloat16, texts a CPU second",
        ours=len(texts) / seconds,
        peer=len(texts) / peer,
        ratio=ratio,
        quality_ours=worst,
        quality_peer=1.0,
        note="peer: float32; quality: worst cosine to it",
    )


if __name__ == "__main__":
    main()
