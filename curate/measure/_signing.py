"""What MinHash knows of texts, and how two texts are compared shingle by shingle.

In: texts as bytes. Out: band keys and signatures; exact Jaccard similarities of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.measure.word_runs import Bytes, Hashes, Ints, blocks, buffers, tables, threads

__all__ = ["Compare", "Signed", "common_shingles", "compare_parts", "signed"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Signed:
    """What MinHash knows of the texts."""

    keys: npt.NDArray[np.uint32]
    """Shape (n_bands, n_texts)."""
    small: Bytes
    """Lowest byte of each place of the signature, shape (n_texts, n_permutations)."""
    whole: Hashes
    """Equal where all words are equal; 0 = no word."""
    signatures: npt.NDArray[np.uint32]
    """Shape (n_texts, n_permutations), no texts where they are not kept."""


@dataclass(frozen=True, slots=True)
class Compare:
    """Compares texts shingle by shingle."""

    data: Bytes
    offsets: Ints
    width: int
    common: Hashes
    threshold: float
    order: Ints
    """Text of each number that pairs are told in."""
    parts: tuple[Compare, ...] = ()
    """Compare words of other texts of the same rows."""

    def __call__(self, pairs: npt.NDArray[Any]) -> Floats:
        from curate.measure import _minhash_loops as loops

        found = np.zeros(len(pairs), np.float32)
        kinds, _, folds, fold_at = tables()
        at = self.order[pairs]
        known = (self.data, self.offsets, self.width, kinds, folds, fold_at, self.common)
        threads(
            lambda part: loops.similar(*known, at[part], found[part]),
            [slice(k, k + _PAIRS) for k in range(0, len(pairs), _PAIRS)],
        )
        for part in self.parts:
            like = np.flatnonzero(found >= self.threshold)
            found[like[part(pairs[like]) < self.threshold]] = 0
        return found


_PAIRS = 2048
"""Pairs a thread compares at a time."""


def compare_parts(parts: Sequence[Any], order: Ints) -> tuple[Compare, ...]:
    none = np.zeros(1, np.uint64)
    return tuple(Compare(*buffers(texts), 1, none, 1.0, order) for texts in parts)


def common_shingles(data: Bytes, offsets: Ints, width: int, share: float) -> Hashes:
    """Return a table of the shingles that more than a share of sampled distinct texts have."""
    from curate.measure import _minhash_loops as loops

    n = len(offsets) - 1
    if share >= 1 or n < _FEW:
        return np.zeros(1, np.uint64)
    sample = np.unique(np.linspace(0, n - 1, min(n, _SAMPLED)).astype(np.int64))
    kinds, _, folds, fold_at = tables()
    known = (data, offsets, width, kinds, folds, fold_at)
    met, ends, whole = loops.shingle_sets(*known, sample)
    _, first = np.unique(whole, return_index=True)
    distinct = np.isin(np.arange(len(sample)), first)
    counted = np.repeat(distinct, np.diff(ends, prepend=0))
    shingles, counts = np.unique(met[counted], return_counts=True)
    return loops.table_of(shingles[counts > max(share * distinct.sum(), _RARE)])


_FEW = 200
_SAMPLED = 4096
_RARE = 20
"""Shingles of no more sampled texts are not common, whatever the share."""


def signed(
    data: Bytes,
    offsets: Ints,
    width: int,
    common: Hashes,
    plan: tuple[int, int],
    rng: int,
    *,
    keep: bool = False,
) -> Signed:
    from curate.measure import _minhash_loops as loops

    n, (bands, rows) = len(offsets) - 1, plan
    places = _places(bands, rows)
    keys, small = np.empty((len(places), n), np.uint32), np.empty((n, bands * rows), np.uint8)
    whole = np.empty(n, np.uint64)
    signatures = np.empty((n if keep else 0, bands * rows), np.uint32)
    draw = np.random.default_rng(rng)
    factors, terms = draw.integers(0, 1 << 64, (2, bands * rows), np.uint64, endpoint=False)
    kinds, _, folds, fold_at = tables()
    hashing = (width, kinds, folds, fold_at, common, factors | np.uint64(1), terms, places)
    threads(
        lambda b: loops.sign(
            data,
            offsets[b.start : b.stop + 1],
            *hashing,
            keys[:, b],
            small[b],
            whole[b],
            signatures[b],
        ),
        blocks(offsets, _BLOCK),
    )
    return Signed(keys, small, whole, signatures)


_BLOCK = 1 << 20


def _places(bands: int, rows: int) -> Ints:
    """Return which places of the signature each band is made of, shape (n_bands, rows).

    `_CROSSED` more bands take their places across the others: a sort each, and hardly a pair at
    the threshold is missed.
    """
    flat = np.arange(bands * rows).reshape(bands, rows)
    crossed = flat.T.reshape(bands, rows)[: min(_CROSSED, bands) if rows > 1 else 0]
    return np.concatenate([flat, crossed])


_CROSSED = 12
