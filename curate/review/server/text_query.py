"""The query language of Argilla's search box, over the texts of one record.

Follows what Argilla asks of Elasticsearch: `simple_query_string` with AND as the default
operator, over fields cut into lower-case words by the rules of Unicode's annex 29. Words,
`"phrases"`, `prefix*`, `+` and `|` (read from left to right, neither binds tighter), `-not`,
`(groups)` and backslash escapes mean the same here; `word~1` and `"phrase"~2` are read
without their fuzziness. Scores grow with how often a word occurs, without Elasticsearch's
weight for rare words.

Pure standard library: used inside the server's environment, and by tests outside it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

__all__ = ["text_score", "words_of"]

_MAX_NESTING = 50  # deeper brackets are read as if they were not there
_GAP = ""  # between two texts of a field, so that no phrase spans them


def text_score(fields: str, query: str, names: str) -> float:
    """Return how well a record answers a query; 0.0 means not at all.

    Args:
        fields: The record's fields, a JSON object.
        query: What the user typed.
        names: The fields to look at, a JSON list.
    """
    found = _parse(query)
    return found.score(_Document(json.loads(fields), _names(names))) if found else 0.0


def words_of(text: str) -> list[str]:
    """Return the lower-case words of a text, as Elasticsearch's standard analyzer cuts it."""
    lowered = text.lower()
    pattern = _ASCII_WORD if lowered.isascii() else _WORD
    return pattern.findall(lowered)


@lru_cache(maxsize=256)
def _names(names: str) -> tuple[str, ...]:
    return tuple(json.loads(names))


class _Document:
    """A record's texts, cut into words only where a query gets that far."""

    def __init__(self, fields: dict[str, Any], names: Sequence[str]) -> None:
        self.fields = [_Field(_texts(fields[name])) for name in names if fields.get(name)]


class _Field:
    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._lowered = "\n".join(texts).lower()
        self._words: list[str] | None = None

    def may_hold(self, words: Sequence[str]) -> bool:
        """Tell cheaply whether the words can be here at all."""
        return all(word in self._lowered for word in words)

    @property
    def words(self) -> list[str]:
        if self._words is None:
            self._words = [word for text in self._texts for word in [*words_of(text), _GAP]]
        return self._words


def _texts(value: Any) -> list[str]:
    """Return the texts of a text, chat or custom field."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(turn, dict) for turn in value):
        return [str(turn[key]) for turn in value for key in ("role", "content") if turn.get(key)]
    return [str(value)]


class _Node(Protocol):
    def score(self, document: _Document) -> float: ...


@dataclass(frozen=True, slots=True)
class _All:
    def score(self, document: _Document) -> float:
        return 1.0


@dataclass(frozen=True, slots=True)
class _Words:
    """All of the words, anywhere in one field."""

    words: tuple[str, ...]

    def score(self, document: _Document) -> float:
        return max((self._in(field) for field in document.fields), default=0.0)

    def _in(self, field: _Field) -> float:
        if not field.may_hold(self.words):
            return 0.0
        counts = [field.words.count(word) for word in self.words]
        return sum(_saturated(count) for count in counts) if all(counts) else 0.0


@dataclass(frozen=True, slots=True)
class _Phrase:
    """The words, side by side and in this order."""

    words: tuple[str, ...]

    def score(self, document: _Document) -> float:
        return max((self._in(field) for field in document.fields), default=0.0)

    def _in(self, field: _Field) -> float:
        if not field.may_hold(self.words):
            return 0.0
        length, here, wanted = len(self.words), field.words, list(self.words)
        count = sum(here[at : at + length] == wanted for at in range(len(here) - length + 1))
        return length * _saturated(count)


@dataclass(frozen=True, slots=True)
class _Prefix:
    """A word that begins so."""

    start: str

    def score(self, document: _Document) -> float:
        return float(any(self._in(field) for field in document.fields))

    def _in(self, field: _Field) -> bool:
        return field.may_hold([self.start]) and any(w.startswith(self.start) for w in field.words)


@dataclass(frozen=True, slots=True)
class _Not:
    node: _Node

    def score(self, document: _Document) -> float:
        return 0.0 if self.node.score(document) else 1.0


@dataclass(frozen=True, slots=True)
class _Chain:
    """Nodes joined from left to right: `a | b c` is `(a | b) c`."""

    first: _Node
    rest: tuple[tuple[str, _Node], ...]

    def score(self, document: _Document) -> float:
        total = self.first.score(document)
        for operator, node in self.rest:
            if operator == "+" and not total:
                continue
            one = node.score(document)
            total = total + one if one or operator == "|" else 0.0
        return total


def _saturated(count: int) -> float:
    """Count occurrences with falling weight, as BM25 does with its usual k = 1.2."""
    return count / (count + 1.2)


_LEXEME = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<operator>[+|])
  | (?P<minus>-+)
  | (?P<bracket>[()])
  | "(?P<phrase>(?:\\.|[^"\\])*)"(?:~\d*)?
  | (?P<word>(?:\\.|[^\s"+|()\\])+)
    """,
    re.VERBOSE | re.DOTALL,
)

_Lexeme = tuple[str, str]


@lru_cache(maxsize=256)
def _parse(query: str) -> _Node | None:
    if query.strip() == "*":
        return _All()
    node, _ = _chain(_closed(_lexemes(query)), 0)
    return node


def _lexemes(query: str) -> list[_Lexeme]:
    """Cut a query into `(kind, text)`; what is none of them (a lone quote) falls away."""
    return [(str(m.lastgroup), str(m[str(m.lastgroup)])) for m in _LEXEME.finditer(query)]


def _closed(lexemes: list[_Lexeme]) -> list[_Lexeme]:
    """Leave out brackets without a partner, and those nested beyond all reason."""
    open_at: list[int] = []
    kept: set[int] = set()
    for at, (kind, text) in enumerate(lexemes):
        if kind == "bracket" and text == "(":
            open_at.append(at)
        elif kind == "bracket" and open_at:
            start = open_at.pop()
            kept |= {start, at} if len(open_at) < _MAX_NESTING else set()
    return [pair for at, pair in enumerate(lexemes) if pair[0] != "bracket" or at in kept]


def _chain(lexemes: list[_Lexeme], at: int) -> tuple[_Node | None, int]:
    """Read one bracket's content; return it and where reading ended."""
    operands: list[tuple[str, _Node]] = []
    operator, negated = "", False
    while at < len(lexemes) and lexemes[at] != ("bracket", ")"):
        kind, text = lexemes[at]
        at += 1
        if kind == "minus":
            negated ^= len(text) % 2 == 1
            continue
        if kind == "operator":
            operator = operator or text
        elif kind != "space":
            node, at = _chain(lexemes, at) if kind == "bracket" else (_operand(kind, text), at)
            if node:
                operands.append((operator or "+", _Not(node) if negated else node))
            operator = ""
            at += kind == "bracket"
        negated = False
    return _joined(operands), at


def _joined(operands: list[tuple[str, _Node]]) -> _Node | None:
    if len(operands) < 2:
        return operands[0][1] if operands else None
    return _Chain(operands[0][1], tuple(operands[1:]))


def _operand(kind: str, text: str) -> _Node | None:
    if kind == "word" and len(text) > 1 and re.search(r"(?<!\\)\*$", text):
        return _Prefix(_unescaped(text[:-1]).lower())
    if kind == "word":
        text = re.sub(r"(?<!\\)~\d*$", "", text)
    words = tuple(words_of(_unescaped(text)))
    if not words:
        return None
    return _Phrase(words) if kind == "phrase" else _Words(words)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _marks() -> str:
    """Return the combining marks of Unicode's first plane, for a character class."""
    points = map(chr, range(0x300, 0x10000))
    return "".join(point for point in points if unicodedata.category(point).startswith("M"))


# A word holds a mark between two letters ("don't", "example.com") or two digits ("3.14").
_ASCII_WORD = re.compile(
    r"[a-z0-9_]+(?:(?:(?<=[a-z])['.:](?=[a-z])|(?<=[0-9])['.,;](?=[0-9]))[a-z0-9_]+)*"
)
_ALONE = "\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_PART = rf"(?:[^\W{_ALONE}][{_marks()}]*)"
_LETTER = r"[^\W\d_]"
_WORD = re.compile(
    rf"[{_ALONE}]"
    rf"|{_PART}+(?:(?:(?<={_LETTER})['.:’·](?={_LETTER})|(?<=\d)['’.,;](?=\d)){_PART}+)*"
)
