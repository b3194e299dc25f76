"""What completions say: their texts, and the answers read out of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate import tokens
from curate.config import AnswerConfig, ScoreConfig
from curate.score.answers import Extract, choose, reader_for
from curate.texts import answer_text

__all__ = ["BATCH", "Read", "read"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BATCH = 10_000
"""How many rows are Python objects at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What completions say, one value each."""

    extract: Extract
    texts: pa.Array
    answers: pa.Array
    """What was read out of each; null where nothing was."""
    n_tokens: Ints

    @property
    def codes(self) -> Floats:
        """A number for each answer, the same for the same answer; NaN where nothing was read."""
        numbers = self.answers.dictionary_encode().indices.cast(pa.float64())
        return np.asarray(numbers.fill_null(np.nan).to_numpy(zero_copy_only=False))


def read(candidates: pa.Table, config: ScoreConfig) -> Read:
    """Read completions batch by batch.

    Args:
        candidates: Table of `records.CANDIDATES`.
        config: How to read them.

    Raises:
        ConfigError: If the pattern is no regular expression.
    """
    texts = _joined(pa.array(map(answer_text, b), pa.string()) for b in _batches(candidates))
    extract = _extract(texts, config.answer)
    reader = (
        (lambda _: None) if extract == "embedding" else reader_for(extract, config.answer.pattern)
    )
    answers, n_tokens = [], []
    for start in range(0, len(texts), BATCH):
        batch = texts.slice(start, BATCH).to_pylist()
        answers.append(pa.array(map(reader, batch), pa.string()))
        n_tokens.append(tokens.count(batch, tokenizer=config.tokenizer))
    counts = np.concatenate([np.empty(0, dtype=np.int64), *n_tokens])
    return Read(extract=extract, texts=texts, answers=_joined(answers), n_tokens=counts)


_SAMPLE = 2_000


def _batches(candidates: pa.Table) -> Iterator[list[dict[str, object]]]:
    for start in range(0, len(candidates), BATCH):
        yield candidates["message"].slice(start, BATCH).to_pylist()


def _joined(parts: Iterable[pa.Array]) -> pa.Array:
    return pa.chunked_array(list(parts), pa.string()).cast(pa.large_string()).combine_chunks()


def _extract(texts: pa.Array, config: AnswerConfig) -> Extract:
    if config.extract != "auto":
        return config.extract
    if config.pattern:
        return "pattern"
    evenly = np.unique(np.linspace(0, len(texts) - 1, _SAMPLE).astype(np.int64))
    return choose(texts.take(pa.array(evenly)).to_pylist()) if len(texts) else "embedding"
