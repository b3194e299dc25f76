"""What turns texts into vectors, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from curate.registry import Registry

__all__ = ["Encoder", "encoder_named", "encoders"]


class Encoder(Protocol):
    """What turns texts into vectors."""

    name: str
    """Says which weights and which arithmetic: vectors of one name are comparable."""

    def encode(
        self, texts: Sequence[str], *, batch_tokens: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Embed texts.

        Args:
            texts: At least one, valid UTF-8, in any order.
            batch_tokens: Most tokens in one batch, padding included.

        Returns:
            Unit vectors, shape (n_texts, n_dims), and in how many windows each text was read,
            shape (n_texts,): 1 where it fitted into the encoder at once.
        """
        ...


encoders: Registry[Callable[[], Encoder]] = Registry(
    "encoder",
    {
        "minilm": "curate.embed.sentence:minilm",
        "minilm-bf16": "curate.embed.sentence:minilm_bf16",
    },
)
"""Encoders that need no network. ``minilm-bf16`` computes in bfloat16: about twice as fast
where the processor can (avx512_bf16, amx, GPUs), cosines off by up to .002."""


def encoder_named(encoder: str | Encoder) -> Encoder:
    """Return the encoder: an object as it is, a registered name, or a sentence-transformers name.

    Nothing is loaded until the first text is embedded.

    >>> encoder_named("minilm").name
    'minilm'
    """
    if not isinstance(encoder, str):
        return encoder
    if encoder in encoders:
        return encoders.get(encoder)()
    from curate.embed.sentence import SentenceEncoder

    return SentenceEncoder(encoder)
