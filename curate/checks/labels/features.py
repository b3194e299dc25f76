"""What a preference may follow, as arrays: axes of the answers' vectors, and plain columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["COLUMNS", "answer_columns", "pair_features", "principal_axes"]

Floats = npt.NDArray[np.float32]

COLUMNS: Mapping[str, str] = {
    "words": r"\S+",
    "digits": r"[0-9]",
    "capitals": r"[A-Z]",
    "punctuation": r"[.,;:!?]",
    "lines": r"\n",
    "marks": r"(?m)^\s*(?:[-*#]|[0-9]+[.)])\s|\*\*|```",
    "negations": r"(?i)\b(?:no|not|never|nothing|none)\b|n't\b",
}
"""What is counted in an answer: RE2 patterns by name; each is held against the answer's length."""


def pair_features(
    vectors: tuple[Floats, Floats], texts: tuple[pa.Array, pa.Array], asked: Floats | None
) -> tuple[Floats, Floats]:
    """Return features of the chosen and of the rejected answers, on one scale.

    Args:
        vectors: Of the chosen and the rejected answers, shape (n_pairs, n_dims) each.
        texts: The same answers as texts.
        asked: Vectors of the prompts; None = none.

    Returns:
        Shape (n_pairs, n_features) each.
    """
    axes = principal_axes(vectors)
    columns = [answer_columns(text) for text in texts]
    if asked is not None:
        columns = [
            np.column_stack([c, np.einsum("ij,ij->i", v, asked)])
            for c, v in zip(columns, vectors, strict=True)
        ]
    both = np.concatenate(columns)
    middle, spread = both.mean(axis=0), both.std(axis=0)
    scaled = [(c - middle) / np.where(spread > 0, spread, 1.0) for c in columns]
    first, second = (
        np.concatenate([c, v], axis=1, dtype=np.float32) for c, v in zip(scaled, axes, strict=True)
    )
    return first, second


def principal_axes(vectors: tuple[Floats, Floats], n_axes: int = 64) -> tuple[Floats, Floats]:
    """Return both sides' vectors along their first principal axes, a row's mean square being 8.

    No label is looked at; of many rows, the axes are found from some that lie evenly apart.

    Args:
        vectors: Two arrays of shape (n_pairs, n_dims).
        n_axes: How many axes are kept, at most n_dims.
    """
    step = max(1, len(vectors[0]) // _SAMPLED)
    some = np.concatenate([np.asarray(v[::step], np.float64) for v in vectors])
    middle = some.mean(axis=0)
    some -= middle
    _, axes = np.linalg.eigh(some.T @ some)
    kept = np.asarray(axes[:, ::-1][:, :n_axes], np.float32)
    turned = [_projected(v, middle.astype(np.float32), kept) for v in vectors]
    square = np.mean([float(np.mean(np.einsum("ij,ij->i", t, t))) for t in turned])
    scale = np.float32(np.sqrt(_SQUARE / square)) if square > 0 else np.float32(1)
    return turned[0] * scale, turned[1] * scale


def answer_columns(texts: pa.Array) -> npt.NDArray[np.float64]:
    """Return plain columns of texts: length, its square, and what is counted of it.

    Args:
        texts: Without nulls.

    Returns:
        Shape (n_texts, 2 + len(COLUMNS)).

    >>> answer_columns(pa.array(["No. 7 of 9"]))[0, 3].round(2)
    np.float64(0.2)
    """
    size = np.maximum(pc.utf8_length(texts).to_numpy(zero_copy_only=False), 1).astype(np.float64)
    log = np.log1p(size)
    counts = [
        pc.count_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
        for pattern in COLUMNS.values()
    ]
    return np.column_stack([log, log**2, *(count / size for count in counts)])


_SAMPLED = 20_000
_SQUARE = 8.0
_BLOCK = 65_536


def _projected(vectors: Floats, middle: Floats, axes: Floats) -> Floats:
    blocks = range(0, len(vectors), _BLOCK)
    return np.concatenate([(vectors[at : at + _BLOCK] - middle) @ axes for at in blocks])
