"""Where prompts lie: by their vectors, or, where nothing was embedded, by their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.check import Beside, Context
from curate.checks.rows import Rows
from curate.measure.lexical import token_ids

__all__ = ["BY_VECTORS", "BY_WORDS", "Placed", "drawn_rows", "placed", "word_vectors"]

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

BY_VECTORS, BY_WORDS = "vectors", "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Two lots of rows in one space."""

    ours: Ints
    """Audited rows that were looked at."""
    theirs: Ints
    """Rows beside that were looked at."""
    our_vectors: Vectors
    """Unit rows, shape (len(ours), n_dims)."""
    their_vectors: Vectors
    by: str
    """`BY_VECTORS` or `BY_WORDS`."""


def placed(rows: Rows, beside: Beside, context: Context, field: str, *, most: int) -> Placed:
    """Put audited rows and rows beside into one space.

    Args:
        rows: The audited rows.
        beside: What they are held against.
        context: Its vectors are taken where both sides have some.
        field: ``asked`` or ``answer``.
        most: Rows of each side at most, drawn by lot; a tenth of it where words are counted.
    """
    ours, theirs = context.vectors.get(field), beside.vectors.get(field)
    rng = np.random.default_rng(context.seed)
    if ours is not None and theirs is not None:
        a, b = (drawn_rows(_given(vectors), most, rng) for vectors in (ours, theirs))
        mine, other = (np.asarray(v[i], np.float32) for v, i in ((ours, a), (theirs, b)))
        return Placed(ours=a, theirs=b, our_vectors=mine, their_vectors=other, by=BY_VECTORS)
    texts = [getattr(side, field) for side in (rows, beside.rows)]
    a, b = (drawn_rows(_said(text), most // _FEWER, rng) for text in texts)
    both = [text.take(pa.array(i)).to_pylist() for text, i in zip(texts, (a, b), strict=True)]
    mine, other = word_vectors(*both, seed=context.seed)
    return Placed(ours=a, theirs=b, our_vectors=mine, their_vectors=other, by=BY_WORDS)


_FEWER = 10


def drawn_rows(which: npt.NDArray[np.bool_], most: int, rng: np.random.Generator) -> Ints:
    """Return at most so many of the rows that are marked, rising, by lot where there are more."""
    at = np.flatnonzero(which)
    return at if len(at) <= most else np.sort(rng.choice(at, most, replace=False))


def word_vectors(
    ours: list[str], theirs: list[str], *, dims: int = 100, seed: int = 7
) -> tuple[Vectors, Vectors]:
    """Return unit vectors of two lots of texts by the words in them.

    Words that several texts share, weighted by how few do, on the axes that tell most (latent
    semantic analysis: Deerwester et al., 1990). Texts without such a word are all zero. Near in
    words is less than near in meaning: use it only where nothing was embedded.

    Args:
        ours: Texts.
        theirs: Texts.
        dims: Axes at most.
        seed: Of the randomised decomposition.
    """
    from sklearn.decomposition import TruncatedSVD
    from threadpoolctl import threadpool_limits

    counted = _counted([text[:_CUT] for text in (*ours, *theirs)])
    axes = min(dims, counted.shape[0] - 1, counted.shape[1] - 1)
    if axes < 1:
        empty = np.zeros((counted.shape[0], 1), np.float32)
        return empty[: len(ours)], empty[len(ours) :]
    with threadpool_limits(limits=1), np.errstate(divide="ignore", invalid="ignore"):
        found = TruncatedSVD(axes, n_iter=2, random_state=seed).fit_transform(counted)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    unit = np.divide(found, length, out=np.zeros_like(found), where=length > _NOTHING)
    return unit[: len(ours)].astype(np.float32), unit[len(ours) :].astype(np.float32)


def _counted(texts: list[str]) -> Any:
    """Return a sparse matrix of the words that several texts share, by how few do."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    if not texts:
        return csr_matrix((0, 0))
    ids, starts = token_ids(texts)
    ones = np.ones(len(ids))
    held = csr_matrix((ones, ids, starts), shape=(len(texts), int(ids.max(initial=-1)) + 1))
    held.sum_duplicates()
    held.data[:] = 1.0
    shared = np.flatnonzero(np.asarray(held.sum(axis=0)).ravel() > 1)
    return TfidfTransformer().fit_transform(held[:, shared]) if len(shared) else held[:, :0]


_CUT, _NOTHING = 1_000, 1e-9


def _given(vectors: Vectors) -> npt.NDArray[np.bool_]:
    """Say which rows have a vector, in blocks, so that a mapped file stays on disk."""
    blocks = range(0, len(vectors), _BLOCK)
    parts = [np.any(vectors[start : start + _BLOCK] != 0, axis=1) for start in blocks]
    return np.concatenate([np.empty(0, bool), *parts])


_BLOCK = 65_536


def _said(texts: pa.Array) -> npt.NDArray[np.bool_]:
    valid: npt.NDArray[np.bool_] = texts.is_valid().to_numpy(zero_copy_only=False)
    return valid
