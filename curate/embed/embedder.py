"""Embedding many texts: each distinct one once, in slices that are kept as they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.embed.cache import MemoryShelf, Shelf, VectorCache, key_of
from curate.embed.encoders import Encoder, encoder_named

__all__ = ["Embedder", "Progress", "Tally", "embed"]

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Told (done, total) distinct texts after every slice."""

_SLICE_TEXTS = 512
_SLICE_CHARACTERS = 400_000
_LONGEST = 200_000
_PIECES = 64


def embed(
    texts: Sequence[str],
    *,
    encoder: str | Encoder = "minilm",
    cache: VectorCache | None = None,
    batch_tokens: int = 4096,
    progress: Progress | None = None,
) -> Vectors:
    """Embed texts into unit vectors.

    Texts that occur several times are embedded once. Texts longer than the encoder reads at
    once are read in windows whose vectors are averaged; of texts over 200,000 characters, 64
    evenly spaced pieces of together 200,000 characters are read. Use an `Embedder` to learn how
    many there were of each.

    Args:
        texts: Any number; lone surrogates are read as ``?``.
        encoder: Registered name, sentence-transformers name or folder, or an `Encoder`.
        cache: Where vectors are kept between runs.
        batch_tokens: Most tokens in one batch, padding included.
        progress: Told (done, total) as it goes.

    Returns:
        Shape (n_texts, n_dims), float32. (0, 0) for no texts where nothing is known of the
        encoder's dimensions yet.

    Raises:
        ConfigError: If the encoder cannot be loaded.
    """
    return Embedder(encoder, cache=cache, batch_tokens=batch_tokens, progress=progress)(texts)


@dataclass(slots=True)
class Tally:
    """What an `Embedder` has done so far; each distinct text of a call counts once."""

    texts: int = 0
    """Texts asked for, repetitions included."""
    embedded: int = 0
    """Distinct texts that went through the encoder."""
    cached: int = 0
    """Distinct texts whose vector was there already."""
    chunked: int = 0
    """Distinct texts longer than the encoder reads at once."""
    sampled: int = 0
    """Distinct texts so long that only evenly spaced pieces were read."""


class Embedder:
    """A function from texts to unit vectors that remembers, and counts what it did.

    Args:
        encoder: Registered name, sentence-transformers name or folder, or an `Encoder`.
        cache: Where vectors are kept between runs; without one, each call starts anew.
        batch_tokens: Most tokens in one batch, padding included.
        progress: Told (done, total) distinct texts as it goes.
    """

    def __init__(
        self,
        encoder: str | Encoder = "minilm",
        *,
        cache: VectorCache | None = None,
        batch_tokens: int = 4096,
        progress: Progress | None = None,
    ) -> None:
        self.encoder = encoder_named(encoder)
        self.tally = Tally()
        self._cache = cache
        self._batch_tokens = batch_tokens
        self._progress = progress or (lambda done, total: None)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: unit vectors, shape (n_texts, n_dims), float32."""
        whole = [_valid(text) for text in texts]
        keys = [key_of(text) for text in whole]
        distinct = dict(zip(keys, whole, strict=True))
        shelf = self._shelf()
        missing = shelf.missing(distinct)
        self._embed({key: distinct[key] for key in missing}, shelf, len(distinct))
        vectors, windows = shelf.read(keys)
        self._count(distinct, len(texts), len(missing), dict(zip(keys, windows, strict=True)))
        return vectors

    def _shelf(self) -> Shelf | MemoryShelf:
        return self._cache.shelf(self.encoder.name) if self._cache else MemoryShelf()

    def _embed(self, texts: dict[bytes, str], shelf: Shelf | MemoryShelf, total: int) -> None:
        done = total - len(texts)
        self._progress(done, total)
        for keys in _slices(texts):
            pieces = [_shortened(texts[key]) for key in keys]
            vectors, windows = self.encoder.encode(pieces, batch_tokens=self._batch_tokens)
            shelf.add(keys, vectors, windows)
            done += len(keys)
            self._progress(done, total)

    def _count(
        self, distinct: dict[bytes, str], n_texts: int, n_new: int, windows: dict[bytes, int]
    ) -> None:
        self.tally.texts += n_texts
        self.tally.embedded += n_new
        self.tally.cached += len(distinct) - n_new
        self.tally.chunked += sum(int(n) > 1 for n in windows.values())
        self.tally.sampled += sum(len(text) > _LONGEST for text in distinct.values())


def _valid(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _slices(texts: dict[bytes, str]) -> Iterator[list[bytes]]:
    """Yield keys of texts of like length, a few hundred at a time, short ones first."""
    slice_: list[bytes] = []
    characters = 0
    for key in sorted(texts, key=lambda key: (len(texts[key]), key)):
        slice_.append(key)
        characters += min(len(texts[key]), _LONGEST)
        if len(slice_) == _SLICE_TEXTS or characters >= _SLICE_CHARACTERS:
            yield slice_
            slice_, characters = [], 0
    if slice_:
        yield slice_


def _shortened(text: str) -> str:
    """Return evenly spaced pieces of a text that is too long to be read whole."""
    if len(text) <= _LONGEST:
        return text
    size = _LONGEST // _PIECES
    starts = np.linspace(0, len(text) - size, _PIECES).astype(int).tolist()
    return "\n".join(text[start : start + size] for start in starts)
