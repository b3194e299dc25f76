"""What stands in a column: numbers, texts, times or truths, or nothing.

A column is a list, a numpy array or an Arrow array. Nothing = None, NaN, or what cannot be read
as what is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = [
    "Column",
    "codes",
    "numbers",
    "present",
    "seconds",
    "texts",
    "times",
    "truths",
    "whole",
]

Column = Sequence[object] | npt.NDArray[np.generic]
"""Or a `pyarrow.Array` or `pyarrow.ChunkedArray`."""
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def numbers(column: Column) -> Floats:
    """Return the numbers of a column; a text counts where it reads as a number; else NaN.

    >>> numbers([1, "2.5", "two", None, True])
    array([1. , 2.5, nan, nan, nan])
    """
    if _is_number_array(column):
        return np.asarray(column, np.float64)
    return np.array([_number(cell) for cell in _cells(column)], np.float64)


def texts(column: Column) -> pa.ChunkedArray:
    """Return the texts of a column; numbers and truths as they are written; else null.

    >>> texts(["a", 2.0, True, None]).to_pylist()
    ['a', '2', 'true', None]
    """
    if isinstance(column, pa.ChunkedArray) and pa.types.is_string(column.type):
        return column
    if isinstance(column, pa.Array) and pa.types.is_string(column.type):
        return pa.chunked_array([column])
    cells = _cells(column)
    starts = range(0, max(1, len(cells)), _CHUNK)
    return pa.chunked_array(
        [_text_array([_text(c) for c in cells[i : i + _CHUNK]]) for i in starts], pa.string()
    )


_CHUNK = 65_536
"""Rows of one Arrow array, which holds 2 GB of text at most."""


def truths(column: Column) -> npt.NDArray[np.int8]:
    """Return 1 for true, 0 for false, -1 for nothing of both.

    >>> truths([True, "false", 1, None])
    array([ 1,  0, -1, -1], dtype=int8)
    """
    return np.array([_truth(cell) for cell in _cells(column)], np.int8)


def times(column: Column) -> Floats:
    """Return seconds since 1970: numbers as they are, texts read as ISO 8601; else NaN.

    >>> times(["1970-01-02", 5, "soon"])
    array([8.64e+04, 5.00e+00,      nan])
    """
    if _is_number_array(column):
        return np.asarray(column, np.float64)
    return np.array([_time(cell) for cell in _cells(column)], np.float64)


def present(column: Column) -> Bools:
    """Say for each cell whether there is anything, shape (n_rows,)."""
    if _is_number_array(column):
        return ~np.isnan(np.asarray(column, np.float64))
    return np.array([not _nothing(cell) for cell in _cells(column)], bool)


def codes(column: Column) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the number of each cell's text by first appearance, -1 = nothing, and the texts.

    >>> codes(["a", None, "b", "a"])
    (array([ 0, -1,  1,  0]), ['a', 'b'])
    """
    said = texts(column).combine_chunks().dictionary_encode()
    said = said if isinstance(said, pa.Array) else said.combine_chunks()
    number = said.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return number, said.dictionary.to_pylist()


def seconds(text: str) -> float:
    """Return the time that an ISO 8601 text names, in seconds since 1970; UTC unless it says.

    Raises:
        ValueError: If it names none.
    """
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except OverflowError as error:
        raise ValueError(f"no time: {text!r}") from error


def _cells(column: Column) -> Sequence[object]:
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return list(column.to_pylist())
    return list(column.tolist()) if isinstance(column, np.ndarray) else column


def _is_number_array(column: Column) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind in "iuf"


def _nothing(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _number(cell: object) -> float:
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, int | float | str | np.number):
        return math.nan
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return math.nan


def _text(cell: object) -> str | None:
    if _nothing(cell):
        return None
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def _text_array(cells: list[str | None]) -> pa.Array:
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if c is None else whole(c) for c in cells], pa.string())


def whole(text: str) -> str:
    """Return a text with each half of a character (a lone surrogate) as a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _truth(cell: object) -> int:
    if isinstance(cell, bool | np.bool_):
        return int(cell)
    return {"true": 1, "false": 0}.get(cell.lower(), -1) if isinstance(cell, str) else -1


def _time(cell: object) -> float:
    if not isinstance(cell, str):
        return _number(cell)
    try:
        return seconds(cell)
    except ValueError:
        return _number(cell)
