"""Vectors of the rows' texts, kept as they are made: a run that was stopped goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import Rows
from curate.console import Progress

__all__ = ["FIELDS", "distinct_texts", "row_vectors"]

Vectors = npt.NDArray[np.float32]
FIELDS = ("asked", "answer", "rejected")


def distinct_texts(rows: Rows) -> int:
    """Return how many distinct texts `row_vectors` has to embed."""
    texts = pa.chunked_array([getattr(rows, name) for name in FIELDS], pa.large_string())
    return int(pc.count_distinct(texts, mode="only_valid").as_py())


def row_vectors(
    rows: Rows,
    embed: Callable[[list[str]], Vectors],
    folder: Path,
    *,
    progress: Progress | None = None,
) -> Mapping[str, Vectors]:
    """Return unit vectors of what the rows ask and answer, as memory-mapped arrays.

    Args:
        rows: The rows.
        embed: From texts to unit vectors; it should keep what it made, so that the same texts
            cost nothing the next time.
        folder: Where the arrays are written (``asked.npy`` …); they are made again on each run.
        progress: Told rows done and rows in all.

    Returns:
        Field to vectors, shape (n_rows, n_dims); rows without that text are all zero. A field
        that no row has is left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [name for name in FIELDS if getattr(rows, name).null_count < len(rows)]
    made: dict[str, Vectors] = {}
    for n, name in enumerate(wanted):
        tell = _part(progress, n, len(wanted))
        made[name] = _mapped(getattr(rows, name), embed, folder / f"{name}.npy", tell)
    return made


def _mapped(
    texts: pa.Array, embed: Callable[[list[str]], Vectors], path: Path, progress: Progress
) -> Vectors:
    file: np.memmap[tuple[int, ...], np.dtype[np.float32]] | None = None
    for at, said, filled in _blocks(texts):
        vectors = embed(said)
        if file is None:
            shape = (len(texts), vectors.shape[1])
            file = np.lib.format.open_memmap(path, "w+", np.float32, shape)
        file[at + filled] = vectors
        progress(min(at + _BLOCK, len(texts)), len(texts))
    assert file is not None
    file.flush()
    mapped: Vectors = np.load(path, mmap_mode="r")
    return mapped


_BLOCK = 8192


def _blocks(texts: pa.Array) -> Iterator[tuple[int, list[str], npt.NDArray[np.int64]]]:
    """Yield where a block of rows starts, its texts, and which of its rows have one."""
    for start in range(0, len(texts), _BLOCK):
        block = texts[start : start + _BLOCK]
        filled = np.flatnonzero(block.is_valid().to_numpy(zero_copy_only=False))
        if len(filled):
            yield start, block.drop_null().to_pylist(), filled


def _part(progress: Progress | None, n: int, parts: int) -> Progress:
    if progress is None:
        return lambda done, total: None
    return lambda done, total: progress(n * total + done, parts * total)
