"""What a rule is made of: comparisons of columns with values, and how they are joined.

Each condition says which columns it looks at, holds or not for each row, and is written as a rule
that reads back as itself. A cell that is missing, or that cannot be read as what it is compared
with, makes a comparison false; `== null` and `!= null` ask for it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import ConfigError
from curate.where.cells import (
    Column,
    numbers,
    present,
    seconds,
    texts,
    times,
    truths,
    whole,
)

__all__ = [
    "KEYWORDS",
    "NAME",
    "UNITS",
    "All",
    "Compare",
    "Condition",
    "Either",
    "In",
    "Last",
    "Match",
    "Not",
    "Value",
    "check_pattern",
]

Bools = npt.NDArray[np.bool_]
Columns = Mapping[str, Column]
Value = str | float | bool | None

KEYWORDS = ("and", "or", "not", "in", "last", "true", "false", "null")
NAME = r"[^\W\d][\w\-]*(?:\.[\w\-]+)*"
"""A column's name that needs no backticks."""
UNITS = {"hours": 3600.0, "days": 86_400.0, "weeks": 604_800.0}
"""Seconds."""


class Condition(Protocol):
    """Something that holds for a row, or does not."""

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns that it looks at."""

    def holds(self, columns: Columns) -> Bools:
        """Say for each row whether it holds, shape (n_rows,)."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A column beside a value."""

    column: str
    op: str
    """One of == != < <= > >=."""
    value: Value

    @property
    def columns(self) -> frozenset[str]:
        """The one column."""
        return frozenset([self.column])

    def holds(self, columns: Columns) -> Bools:
        """Compare as numbers, texts or truths, by what the value is."""
        cells = columns[self.column]
        if self.op == "==":
            return _equal(self.column, cells, self.value)
        if self.op == "!=":
            there = present(cells)
            same = _equal(self.column, cells, self.value)
            return there if self.value is None else there & ~same
        return _ordered(self.column, cells, self.op, self.value)

    def __str__(self) -> str:
        return f"{_name(self.column)} {self.op} {_value(self.value)}"


def _equal(name: str, cells: Column, value: Value) -> Bools:
    if value is None:
        return ~present(cells)
    if isinstance(value, bool):
        return np.asarray(truths(cells) == int(value), bool)
    return _ordered(name, cells, "==", value)


def _ordered(name: str, cells: Column, op: str, value: Value) -> Bools:
    if isinstance(value, str) and name != "time":
        return _mask(_TEXT_OPS[op](texts(cells), pa.scalar(whole(value), pa.string())))
    limit = seconds(value) if isinstance(value, str) else float(value or 0)
    known = times(cells) if name == "time" else numbers(cells)
    return _NUMBER_OPS[op](known, limit) & ~np.isnan(known)


_NUMBER_OPS: Mapping[str, Callable[..., Bools]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXT_OPS: Mapping[str, Callable[..., pa.ChunkedArray]] = {
    "==": pc.equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def _mask(said: pa.ChunkedArray) -> Bools:
    return np.asarray(said.fill_null(False).to_numpy(), bool)


@dataclass(frozen=True, slots=True)
class In:
    """A column that has one of some values, or (negated) another than those."""

    column: str
    values: tuple[Value, ...]
    negated: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """The one column."""
        return frozenset([self.column])

    def holds(self, columns: Columns) -> Bools:
        """Compare with each value."""
        cells = columns[self.column]
        found = np.zeros(len(cells), bool)
        for value in self.values:
            found |= _equal(self.column, cells, value)
        return present(cells) & ~found if self.negated else found

    def __str__(self) -> str:
        listed = ", ".join(map(_value, self.values))
        return f"{_name(self.column)} {'not ' if self.negated else ''}in [{listed}]"


@dataclass(frozen=True, slots=True)
class Last:
    """A time no further than so much before the newest time in the column."""

    column: str
    count: float
    unit: str
    """One of UNITS."""

    @property
    def columns(self) -> frozenset[str]:
        """The one column."""
        return frozenset([self.column])

    def holds(self, columns: Columns) -> Bools:
        """Compare with the newest time of the column, not with the clock."""
        when = times(columns[self.column])
        if np.isnan(when).all():
            return np.zeros(len(when), bool)
        return when >= np.nanmax(when) - self.count * UNITS[self.unit]

    def __str__(self) -> str:
        return f"{_name(self.column)} in last {_value(self.count)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Match:
    """A text in which a regular expression (RE2) is found."""

    column: str
    pattern: str

    @property
    def columns(self) -> frozenset[str]:
        """The one column."""
        return frozenset([self.column])

    def holds(self, columns: Columns) -> Bools:
        """Search each text, in time linear in its length."""
        return _mask(pc.match_substring_regex(texts(columns[self.column]), self.pattern))

    def __str__(self) -> str:
        return f"{_name(self.column)} ~ {_value(self.pattern)}"


def check_pattern(pattern: str) -> None:
    """Make sure that RE2 takes a regular expression.

    Raises:
        ConfigError: If not, with what RE2 says of it.
    """
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        said = str(error).removeprefix("Invalid regular expression: ")
        raise ConfigError(
            f"not a regular expression of RE2 (no look-around, no back-references): {said}"
        ) from error
    except UnicodeEncodeError as error:
        raise ConfigError("a regular expression with half a character in it") from error


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold."""

    part: Condition

    @property
    def columns(self) -> frozenset[str]:
        """Those of the part."""
        return self.part.columns

    def holds(self, columns: Columns) -> Bools:
        """Turn the part's answers round."""
        return ~self.part.holds(columns)

    def __str__(self) -> str:
        return f"not {_grouped(self.part, (All, Either))}"


@dataclass(frozen=True, slots=True)
class All:
    """Several conditions that all hold."""

    parts: tuple[Condition, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Those of all parts."""
        return frozenset().union(*(part.columns for part in self.parts))

    def holds(self, columns: Columns) -> Bools:
        """Hold where every part does."""
        return np.asarray(np.logical_and.reduce([part.holds(columns) for part in self.parts]))

    def __str__(self) -> str:
        return " and ".join(_grouped(part, (All, Either)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """Several conditions of which one at least holds."""

    parts: tuple[Condition, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Those of all parts."""
        return frozenset().union(*(part.columns for part in self.parts))

    def holds(self, columns: Columns) -> Bools:
        """Hold where any part does."""
        return np.asarray(np.logical_or.reduce([part.holds(columns) for part in self.parts]))

    def __str__(self) -> str:
        return " or ".join(_grouped(part, (Either,)) for part in self.parts)


def _grouped(part: Condition, kinds: tuple[type, ...]) -> str:
    return f"({part})" if isinstance(part, kinds) else str(part)


def _name(column: str) -> str:
    plain = re.fullmatch(NAME, column) and column.lower() not in KEYWORDS
    return column if plain else "`" + column.replace("`", "``") + "`"


def _value(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
