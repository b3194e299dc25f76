"""JSON bytes to values, and the parser's reason where they are none."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

__all__ = ["LINE_LIMIT", "Line", "Mended", "Unreadable", "decode", "value_of"]

Json = Any

LINE_LIMIT = 64 << 20
"""Bytes that one row may take; a longer one is rejected without being loaded."""


class Unreadable(msgspec.Struct, frozen=True):
    """A row (or the rest of a file) that could not be read."""

    reason: str


class Mended(msgspec.Struct, frozen=True):
    """A row that could be read only after something in it was replaced."""

    value: Json
    what: str


Line = tuple[int, Json]
"""Line, row or element number (from 1; 0 for the file as a whole), and what stands there."""

decode = msgspec.json.Decoder().decode


def value_of(raw: bytes) -> Json:
    r"""Return the JSON value of `raw`, or `Unreadable`, or `Mended`.

    Lone surrogates, which no UTF-8 can hold, become U+FFFD. Of equal keys the last one counts.

    >>> value_of(b'{"a": 1,}')
    Unreadable(reason='not valid JSON: trailing comma in object (byte 9)')
    >>> value_of(b'{"a": "\\ud800"}')
    Mended(value={'a': '�'}, what='surrogates')
    """
    try:
        return decode(raw)
    except msgspec.DecodeError as bad:
        if _SURROGATE.search(raw):
            return _without_surrogates(raw, bad)
        return Unreadable(f"not valid JSON: {_reason(bad, raw)}")
    except UnicodeDecodeError:
        return Unreadable(_encoding(raw))
    except RecursionError:
        return Unreadable("not valid JSON: nested too deeply")


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE = re.compile("[\ud800-\udfff]")
_AT_BYTE = re.compile(r" \(byte (\d+)\)$")


def _reason(bad: Exception, raw: bytes) -> str:
    """Return the parser's words, bytes counted from 1."""
    text = str(bad).removeprefix("JSON is malformed: ")
    if "truncated" in text:
        return "it ends too early"
    literal = re.search(rb"[:\[,]\s*(-?(?:NaN|Infinity))\b", raw)
    if literal and "invalid character" in text:
        return f"{literal[1].decode()} is no JSON number (byte {literal.start(1) + 1})"
    return _AT_BYTE.sub(lambda m: f" (byte {int(m[1]) + 1})", text)


def _encoding(raw: bytes) -> str:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as bad:
        byte = raw[bad.start]
        return (
            f"not UTF-8: byte 0x{byte:02x} at column {bad.start + 1}; "
            "if the file is Latin-1, convert it: iconv -f LATIN1 -t UTF-8"
        )
    return "not UTF-8"


def _without_surrogates(raw: bytes, bad: Exception) -> Json:
    try:
        value = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return Unreadable(f"not valid JSON: {_reason(bad, raw)}")
    return Mended(_mend(value), "surrogates")


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON number")


def _mend(value: Json) -> Json:
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mend(item) for item in value]
    if isinstance(value, dict):
        return {_mend(key): _mend(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
