"""JSON objects in whatever a model wrote around them.

In: a reply. Out: the pairs of each object in it, complete or cut off, and the text that is left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Pairs", "Parsed", "objects_in", "values_of"]

Json = Any


class Pairs(tuple[tuple[str, Json], ...]):
    """The pairs of a JSON object, in order, keys that stand twice included."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a reply holds."""

    objects: tuple[Pairs, ...]
    """Those that have at least one whole pair."""
    around: str
    """The reply without them."""
    broken: str
    """From the bracket of an object that was cut off, or is no JSON, to the reply's end."""


def objects_in(text: str) -> Parsed:
    """Find the JSON objects in a text, in code fences, between prose, or cut off at its end.

    Of an object that ends too early, or stops being JSON, the whole pairs up to there count; what
    comes after belongs to it and is never read as if it stood outside of it.

    >>> found = objects_in('Sure: {"reasoning": "ok", "grade": 4')
    >>> found.objects, found.around
    (((('reasoning', 'ok'), ('grade', 4)),), 'Sure: ')
    """
    objects: list[Pairs] = []
    around: list[str] = []
    rest, at = 0, text.find("{")
    while at >= 0:
        pairs, end = _object_at(text, at)
        if end is None:
            at = text.find("{", at + 1)
            continue
        objects += [pairs] if pairs else []
        around.append(text[rest:at])
        if end == _BROKEN:
            return Parsed(objects=tuple(objects), around="".join(around), broken=text[at:])
        rest, at = end, text.find("{", end)
    return Parsed(objects=tuple(objects), around="".join([*around, text[rest:]]), broken="")


def values_of(pairs: Pairs, names: tuple[str, ...], *, depth: int = 3) -> Iterator[Json]:
    """Give what stands under `names`, in any case, in an object and in the objects in it.

    >>> list(values_of(Pairs([("result", Pairs([("Grade", 4)]))]), ("grade",)))
    [4]
    """
    for name, value in pairs:
        if name.strip().casefold() in names:
            yield value
        elif isinstance(value, Pairs) and depth:
            yield from values_of(value, names, depth=depth - 1)


_BROKEN = -1
_NO_VALUE = object()
_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=Pairs)
_KEY = re.compile(r'\s*"((?:[^"\\]|\\.){0,200})"\s*:\s*', re.DOTALL)
_NEXT = re.compile(r"\s*(,|\}|\Z)")


def _object_at(text: str, at: int) -> tuple[Pairs, int | None]:
    """Read the object whose bracket stands at `at`, and say where it ends.

    None: there is no object; `_BROKEN`: the text ends, or stops being JSON, inside a string.
    """
    pairs: list[tuple[str, Json]] = []
    here = at + 1
    while key := _KEY.match(text, here):
        value, here = _value_at(text, key.end())
        after = _NEXT.match(text, here) if value is not _NO_VALUE else None
        if here == _BROKEN or (after is None and isinstance(value, str)):
            return Pairs(pairs), _BROKEN
        if after is None:
            return Pairs(pairs), here
        pairs.append((key[1], value))
        here = after.end()
        if after[1] != ",":
            return Pairs(pairs), here
    ends = _NEXT.match(text, here)
    if ends and ends[1] == "}":
        return Pairs(pairs), ends.end()
    return Pairs(pairs), here if pairs else None


def _value_at(text: str, at: int) -> tuple[Json, int]:
    """Read a JSON value and say where it ends; `_NO_VALUE` where there is none.

    What nests deeper than Python goes is no reply of a judge, and not looked into.
    """
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        return _NO_VALUE, _BROKEN
    except ValueError:
        return _NO_VALUE, _BROKEN if text.startswith('"', at) else at
