r"""Reading numbers as people and models write them.

In: text. Out: one spelling for all ways to write a number, so that equal numbers are equal texts:
"$1,234.50", "1234.5" and "1234.50" are "1234.5"; "1/2", "\frac{1}{2}" and "0.50" are "0.5".
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from fractions import Fraction

__all__ = ["last_number", "whole_number"]

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
_DECIMAL = rf"(?:{_DIGITS}(?:\.\d+)?|\.\d+)"
_NUMBER = re.compile(
    rf"""
    (?<![\w.])                                      # not inside a word or another number
    (?P<sign>[-+−–]\s?)?
    (?:[$€£¥₹]\s?)?(?P<inner>[-+−])?
    (?:
        (?P<whole>\d+)\s+(?P<over>\d+)/(?P<under>\d+)           # 1 1/2
      | (?P<top>{_DECIMAL})\s?/\s?(?P<bottom>{_DECIMAL})(?!/)   # 1/2
      | (?P<plain>{_DECIMAL})(?:[eE](?P<power>[-+]?\d{{1,2}})(?!\w))?
    )
    (?![\w]|[.,]\d)
    """,
    re.VERBOSE | re.ASCII,
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*([^{}]+?)\s*\}\s*\{\s*([^{}]+?)\s*\}")
_BEFORE = " \t\n*_`'\"(="
_AFTER = " \t\n*_`'\"$€£¥₹%°.,;:!)="
_MOST_DIGITS = 60


def last_number(text: str) -> str | None:
    """Return the last number of a text in its one spelling; None if there is none.

    >>> last_number("She sells 9 eggs for $18.00 in total."), last_number("none")
    ('18', None)
    """
    found = deque(_numbers(text), maxlen=1)
    return found[0] if found else None


def whole_number(text: str) -> str | None:
    r"""Return the number that the whole text is, but for signs around it; None if it is not one.

    >>> [whole_number(t) for t in ("-$10,000", "**42%**", r"\frac{1}{3}", "18 eggs")]
    ['-10000', '42', '1/3', None]
    """
    plain = _without_latex(text).lstrip(_BEFORE).rstrip(_AFTER)
    match = _NUMBER.match(plain.removeprefix("$$"))
    return _spelling(match) if match and match.end() == len(match.string) else None


def _numbers(text: str) -> Iterator[str]:
    for match in _NUMBER.finditer(_without_latex(text)):
        spelled = _spelling(match)
        if spelled is not None:
            yield spelled


def _without_latex(text: str) -> str:
    return _FRACTION.sub(r"\1/\2", text).replace("\\$", "$").replace("\\%", "%").replace("{,}", ",")


def _spelling(match: re.Match[str]) -> str | None:
    if len(match[0]) > _MOST_DIGITS:
        return match[0].strip().replace(",", "")
    value = _value(match)
    if value is None:
        return None
    negative = any((match[k] or "").strip() in ("-", "−", "–") for k in ("sign", "inner"))
    return _written(-value if negative else value)


def _value(match: re.Match[str]) -> Fraction | None:
    said = match.groupdict()
    part = {k: Fraction(said[k].replace(",", "")) for k in _PARTS if said[k] is not None}
    if "under" in part:
        return part["whole"] + part["over"] / part["under"] if part["under"] else None
    if "bottom" in part:
        return part["top"] / part["bottom"] if part["bottom"] else None
    return part["plain"] * Fraction(10) ** int(match["power"] or 0)


_PARTS = ("whole", "over", "under", "top", "bottom", "plain")


def _written(value: Fraction) -> str:
    """Write a number as a decimal where it ends, else as a fraction.

    >>> _written(Fraction(7, 4)), _written(Fraction(-1, 3)), _written(Fraction(18))
    ('1.75', '-1/3', '18')
    """
    twos_and_fives = value.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    if value.denominator == 1 or twos_and_fives != 1:
        return str(value)
    places = 0
    while value.denominator > 1:
        value, places = value * 10, places + 1
    digits = str(abs(value.numerator)).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"
