"""Whether all rows of a file have the same columns of the same kinds.

In: rows as plain values, one by one. Out: sentences with the rows that differ. A loader of tables
(`datasets`, pyarrow) takes the kinds of a column from the first rows it sees, and fails at the
first that differs; a key that some rows lack becomes null there.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.records import Severity

__all__ = ["Mixture", "Shapes"]

Ints = npt.NDArray[np.int64]
_DEEPEST = 8
_FREE = 40
"""An object with more different keys than this is a map, not a struct."""
_MOST_SHAPES = 20_000
_KINDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    type(None): "null",
}


class Mixture(NamedTuple):
    """A place that is not of one kind in all rows."""

    path: str
    """Column, and keys below it: ``messages[].tool_calls[].arguments``."""
    message: str
    severity: Severity
    rows: Ints
    """Ordinals of the rows that differ from the rest: the smaller part."""
    share: float
    """Of all rows."""


class Shapes:
    """The shape of each row: keys and kinds, nested; equal shapes are kept once."""

    def __init__(self) -> None:
        self._ids: dict[Any, int] = {}
        self._shapes: list[Any] = []
        self._flat: dict[Any, int] = {}
        self._rows = array("i")

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: object) -> None:
        """Take note of the next row."""
        self._rows.append(self._shape(row, 0))

    def mixtures(self) -> list[Mixture]:
        """Return the places that differ between rows, the worst first."""
        rows = np.frombuffer(self._rows, np.int32) if len(self._rows) else np.zeros(0, np.int32)
        used, inverse = np.unique(rows, return_inverse=True)
        kinds = [_places(self._shapes, int(shape)) for shape in used]
        counts = np.bincount(inverse, minlength=len(used))
        out = [
            mixture
            for path in _paths(kinds)
            if (mixture := _mixture(path, kinds, inverse, counts)) is not None
        ]
        order = {"error": 0, "warning": 1, "info": 2}
        return sorted(out, key=lambda m: (order[m.severity], -len(m.rows), m.path))

    def _shape(self, value: Any, depth: int) -> int:
        """Return the number of a value's shape."""
        if type(value) is dict:
            return self._object(value, depth)
        if type(value) is list:
            return self._list(value, depth)
        return self._number(_KINDS.get(type(value), "object"))

    def _object(self, value: dict[Any, Any], depth: int) -> int:
        key = (tuple(value), tuple(map(type, value.values())))
        known = self._flat.get(key)
        if known is not None:
            return known
        if depth >= _DEEPEST:
            return self._number("nested")
        flat = dict not in key[1] and list not in key[1]
        inner = tuple(self._shape(one, depth + 1) for one in value.values())
        number = self._number(("object", tuple(map(str, key[0])), inner))
        if flat and len(self._flat) < _MOST_SHAPES:
            self._flat[key] = number
        return number

    def _list(self, value: list[Any], depth: int) -> int:
        if depth >= _DEEPEST:
            return self._number("nested")
        inner = {self._shape(one, depth + 1) for one in value}
        return self._number(("list", tuple(sorted(inner))))

    def _number(self, shape: Any) -> int:
        number = self._ids.get(shape)
        if number is None:
            if len(self._shapes) >= _MOST_SHAPES and type(shape) is tuple:
                return self._number("object" if shape[0] == "object" else "list")
            number = self._ids[shape] = len(self._shapes)
            self._shapes.append(shape)
        return number


Places = dict[str, set[str]]


def _places(shapes: list[Any], number: int) -> Places:
    """Return each path of a row to the kinds that stand there."""
    out: Places = {}
    _walk(shapes, number, "", out)
    return out


def _walk(shapes: list[Any], number: int, path: str, out: Places) -> None:
    shape = shapes[number]
    if isinstance(shape, str):
        out.setdefault(path, set()).add(shape)
        return
    out.setdefault(path, set()).add(shape[0])
    if shape[0] == "list":
        for inner in shape[1]:
            _walk(shapes, inner, f"{path}[]", out)
    elif len(shape[1]) <= _FREE:
        for key, inner in zip(shape[1], shape[2], strict=True):
            _walk(shapes, inner, f"{path}.{key}" if path else key, out)


def _paths(kinds: Iterable[Places]) -> list[str]:
    """Return the paths to look at; below an object of too many keys none."""
    paths = list(dict.fromkeys(path for places in kinds for path in places))
    children = Counter(path.rpartition(".")[0] for path in paths if "." in path)
    free = tuple(f"{path}." for path, n in children.items() if n > _FREE)
    return [path for path in paths if not path.startswith(free)] if free else paths


def _mixture(path: str, kinds: list[Places], inverse: Ints, counts: Ints) -> Mixture | None:
    at = [frozenset(places.get(path, ())) for places in kinds]
    times: Counter[str] = Counter()
    for here, n in zip(at, counts.tolist(), strict=True):
        times.update(dict.fromkeys(here, n))
    ordered = sorted(times, key=lambda kind: (-times[kind], kind))
    solid = [kind for kind in ordered if kind not in ("null", "nested")]
    if len(solid) > 1:
        return _of_kinds(path, solid, times, at, inverse)
    if solid and times["null"]:
        return _of_nulls(path, solid[0], at, inverse)
    nested = "." in path or "[" in path
    if not nested and path and any(not here for here in at):
        return _of_missing(path, at, inverse)
    return None


def _of_kinds(
    path: str, solid: list[str], times: Counter[str], at: list[frozenset[str]], inverse: Ints
) -> Mixture:
    odd = np.array([any(kind in here for kind in solid[1:]) for here in at])
    rows = np.flatnonzero(odd[inverse])
    if len(rows) > len(inverse) / 2:
        rows = np.flatnonzero(np.array([solid[0] in here for here in at])[inverse])
    share = len(rows) / len(inverse)
    parts = " and ".join(f"{kind} in {times[kind]}" for kind in solid)
    numbers = set(solid) == {"whole number", "number"}
    advice = "harmless, but write all as numbers" if numbers else "write it in one way"
    text = f"{_called(path)} is {parts} of {len(inverse)} rows: {advice}"
    return Mixture(path, text, "info" if numbers else "error", rows, share)


_LATE = 1000


def _of_nulls(path: str, kind: str, at: list[frozenset[str]], inverse: Ints) -> Mixture:
    null = np.array(["null" in here for here in at])[inverse]
    solid = np.array([kind in here for here in at])[inverse]
    rows, first = np.flatnonzero(null), int(solid.argmax())
    share = len(rows) / len(inverse)
    if first >= _LATE:
        text = (
            f"{_called(path)} is null until row {first + 1}, and {kind} from there on: a loader "
            "takes it for null and fails; leave it out where it is empty, or put a row that has it "
            "first"
        )
        return Mixture(path, text, "warning", rows, share)
    text = (
        f"{_called(path)} is null in {len(rows)} of {len(inverse)} rows, and {kind} in the rest: "
        "see that a null says what is meant"
    )
    return Mixture(path, text, "info", rows, share)


def _called(path: str) -> str:
    return f"Column {path}" if path else "The row"


def _of_missing(path: str, at: list[frozenset[str]], inverse: Ints) -> Mixture:
    missing = np.array([not here for here in at])[inverse]
    rows = np.flatnonzero(missing)
    n, share = len(rows), float(missing.mean())
    if n > len(inverse) / 2:
        rows = np.flatnonzero(~missing)
    text = (
        f"{_called(path)} is missing in {n} of {len(inverse)} rows ({share:.1%}); it becomes null "
        "there: give it to all rows, or to none"
    )
    return Mixture(path, text, "warning", rows, len(rows) / len(inverse))
