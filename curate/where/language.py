"""A small language for rules: `metadata.tier == 'high-risk' and not source ~ 'test'`.

::

    rule    = all { "or" all }
    all     = one { "and" one }
    one     = "not" one | "(" rule ")" | test
    test    = column ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) value
            | column "~" text                           regular expression (RE2), found anywhere
            | column [ "not" ] "in" "[" value { "," value } "]"
            | column "in" "last" number ( "hours" | "days" | "weeks" )
    value   = text | number | "true" | "false" | "null"
    text    = 'in single' or "in double quotes", the quote itself doubled; backslashes are kept
    column  = source, metadata.NAME, a score column …; others in `backticks`

A missing cell makes every comparison false, `!=` and `not in` included; `== null` asks for it.
A number is compared with cells that read as numbers, a text with cells as they are written;
`time` also takes a text as ISO 8601 (UTC unless it says otherwise), and "last 7 days" counts
from the newest time there is, not from the clock. Nothing is ever evaluated as code.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError
from curate.where.cells import Column, seconds
from curate.where.conditions import (
    KEYWORDS,
    NAME,
    UNITS,
    All,
    Compare,
    Condition,
    Either,
    In,
    Last,
    Match,
    Not,
    Value,
    check_pattern,
)

__all__ = ["Rule", "parse"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on rows, as it was written."""

    root: Condition

    @property
    def columns(self) -> set[str]:
        """Names of the columns that the rule looks at."""
        return set(self.root.columns)

    def holds(self, columns: Mapping[str, Column]) -> npt.NDArray[np.bool_]:
        """Say for each row whether the rule holds, shape (n_rows,).

        Args:
            columns: Name to one cell a row; those of `Rule.columns` at least.

        Raises:
            ConfigError: If a column is missing; the message names the nearest.
        """
        for name in sorted(self.columns - set(columns)):
            near = difflib.get_close_matches(name, columns, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            known = ", ".join(columns) or "none"
            raise ConfigError(f"`where: {self}`: no column {name!r}{hint} Known: {known}")
        return self.root.holds(columns)

    def __str__(self) -> str:
        return str(self.root)


def parse(text: str) -> Rule:
    """Read a rule.

    Args:
        text: In the language of this module's docstring.

    Raises:
        ConfigError: If it is not one; the message shows where, and what was expected there.

    >>> rule = parse("source != 'test' and (uncertainty > 0.9 or metadata.tier in ['a', 'b'])")
    >>> sorted(rule.columns)
    ['metadata.tier', 'source', 'uncertainty']
    >>> rows = {"source": ["x", "test"], "uncertainty": [0.95, 1], "metadata.tier": [None, "a"]}
    >>> rule.holds(rows)
    array([ True, False])
    """
    if len(text) > _LONGEST:
        raise ConfigError(f"`where`: a rule of {len(text):,} characters; {_LONGEST:,} at most")
    reader = _Reader(text)
    root = reader.rule(0)
    if reader.now.kind != "end":
        reader.fail("`and`, `or` or the end of the rule")
    return Rule(root)


_LONGEST = 10_000
_DEEPEST = 40


class _Token(NamedTuple):
    kind: str
    """text, number, name, quoted (a name in backticks), sign, other, or end; of keywords the
    keyword."""
    text: str
    at: int


_TOKEN = re.compile(
    rf"""\s*(?:(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"""
    rf"""(?:[eE][-+]?[0-9]+)?)|(?P<name>{NAME})|`(?P<quoted>(?:[^`]|``)+)`"""
    r"""|(?P<sign>==|!=|<=|>=|[<>~()\[\],])|(?P<other>\S))"""
)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while match := _TOKEN.match(text, at):
        kind = match.lastgroup or "other"
        token = _Token(kind, match[kind], match.start(kind))
        word = token.text.lower()
        found.append(token._replace(kind=word) if kind == "name" and word in KEYWORDS else token)
        at = match.end()
    return [*found, _Token("end", "", len(text))]


class _Reader:
    """Reads a rule token by token (recursive descent)."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    @property
    def now(self) -> _Token:
        return self._tokens[self._at]

    def fail(self, expected: str, token: _Token | None = None) -> NoReturn:
        token = token or self.now
        met = f"not {token.text!r}" if token.text else "but it ends here"
        met += " (which is never closed)" if token.text in _QUOTES else ""
        raise ConfigError(f"`where`: expected {expected}, {met}\n{_shown(self._text, token.at)}")

    def rule(self, depth: int) -> Condition:
        parts = [self._all(depth)]
        while self._took("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._took("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            self.fail(f"a rule nested at most {_DEEPEST} deep")
        if self._took("not"):
            return Not(self._one(depth + 1))
        if self._took("("):
            inner = self.rule(depth + 1)
            self._need(")", "`)`")
            return inner
        return self._test()

    def _test(self) -> Condition:
        column = self._column()
        if self._took("~"):
            return self._match(column)
        if self._took("not"):
            self._need("in", "`in`")
            return In(column, self._list(), negated=True)
        if self._took("in"):
            return self._last(column) if self._took("last") else In(column, self._list())
        op = self.now
        if op.text not in _OPS:
            self.fail(f"one of {' '.join(_OPS)} ~ in, not in")
        self._at += 1
        return self._compare(column, op)

    def _column(self) -> str:
        token = self.now
        if token.kind not in ("name", "quoted"):
            self.fail("a column")
        self._at += 1
        return token.text.replace("``", "`") if token.kind == "quoted" else token.text

    def _compare(self, column: str, op: _Token) -> Compare:
        token = self.now
        value = self._value()
        if op.text not in ("==", "!=") and (value is None or isinstance(value, bool)):
            self.fail(f"a number or a text after {op.text}", token)
        self._check_time(column, value, token)
        return Compare(column, op.text, value)

    def _match(self, column: str) -> Match:
        token = self.now
        if token.kind != "text":
            self.fail("a regular expression in quotes")
        pattern = str(self._value())
        try:
            check_pattern(pattern)
        except ConfigError as error:
            raise ConfigError(f"`where`: {error}\n{_shown(self._text, token.at)}") from error
        return Match(column, pattern)

    def _list(self) -> tuple[Value, ...]:
        self._need("[", "`[` or `last`")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        self._need("]", "`,` or `]`")
        return tuple(values)

    def _last(self, column: str) -> Last:
        token = self.now
        count = self._value()
        if token.kind != "number" or not isinstance(count, float) or count < 0:
            self.fail("how many hours, days or weeks", token)
        unit = self.now.text.lower()
        unit = unit if unit.endswith("s") else f"{unit}s"
        if unit not in UNITS:
            self.fail("`hours`, `days` or `weeks`")
        self._at += 1
        return Last(column, count, unit)

    def _value(self) -> Value:
        token = self.now
        if token.kind not in ("text", "number", "true", "false", "null"):
            self.fail("a text in quotes, a number, true, false or null")
        self._at += 1
        if token.kind == "text":
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote)
        if token.kind == "number":
            number = float(token.text)
            return number if math.isfinite(number) else self.fail("a smaller number", token)
        return {"true": True, "false": False, "null": None}[token.kind]

    def _check_time(self, column: str, value: Value, token: _Token) -> None:
        if column != "time" or not isinstance(value, str):
            return
        try:
            seconds(value)
        except ValueError:
            self.fail("a time such as '2026-01-31' or '2026-01-31T12:00'", token)

    def _took(self, what: str) -> bool:
        took = self.now.kind == what or (self.now.kind == "sign" and self.now.text == what)
        self._at += took
        return took

    def _need(self, what: str, name: str) -> None:
        if not self._took(what):
            self.fail(name)


_QUOTES = ("'", '"', "`")
_OPS = ("==", "!=", "<", "<=", ">", ">=")


def _shown(text: str, at: int) -> str:
    """Return the part of a text around a position, with a caret below it."""
    start = max(0, at - _AROUND)
    line = "".join(c if c.isprintable() else " " for c in text[start : at + _AROUND])
    return f"  {line}\n  {' ' * (at - start)}^"


_AROUND = 60
