r"""The final answer of a text: where it is announced, and in a form that compares.

In: a completion. Out: what stands after ``####``, in ``\boxed{}``, in ``[[ ]]``, in a field
``"answer"`` or after "the answer is" near its end, or the whole of a bare number, letter or yes/no.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

__all__ = ["ANNOUNCED", "Final", "comparable", "differ", "final_answer"]

ANNOUNCED = r"####|\\boxed|\[\[|(?i:answer\b)|(?im:^\s*a\s*:)"
"""RE2 pattern of texts that may announce an answer."""


class Final(NamedTuple):
    """An announced answer."""

    value: str
    """As `comparable` gives it."""
    start: int
    end: int


def final_answer(text: str) -> Final | None:
    r"""Return what a text announces as its answer, with its place; None where it announces none.

    >>> final_answer("2 + 2 makes four.\n#### 4")
    Final(value='4', start=23, end=24)
    >>> final_answer("So the answer is **(C)**.").value, final_answer("I do not know.")
    ('c', None)
    """
    for pattern in _SLOTS:
        found = _last(pattern, text)
        if found is not None:
            return found
    return _boxed(text) or _said(text) or _bare(text)


def comparable(answer: str) -> str:
    r"""Return an answer as it is compared: numbers plain, words in small letters.

    >>> comparable("$1,080.00"), comparable("7 days."), comparable(" (B) "), comparable("The Nile.")
    ('1080', '7', 'b', 'the nile')
    """
    return _remembered(answer) if len(answer) <= _REMEMBERED else _comparable(answer)


def differ(one: str, other: str) -> bool | None:
    """Return whether two `comparable` answers say different things; None where none can tell.

    A number never compares with words, nor words that are long; a number is the same as itself
    rounded or in percent; words that hold the other's words are the same; formulas and code do
    not compare.

    >>> differ("18", "20"), differ("0.5", "50"), differ("18", "a lot"), differ("nile", "the nile")
    (True, False, None, False)
    """
    if not one or not other:
        return None
    if one == other or "".join(one.split()) == "".join(other.split()):
        return False
    a, b = _value(one), _value(other)
    if a is not None and b is not None:
        return not _same(a, b, min(_places(one), _places(other)))
    if (a is None) != (b is None) or max(len(one), len(other)) > _SHORT:
        return None
    if (len(one) == 1) != (len(other) == 1) or _FORMULA.search(one) or _FORMULA.search(other):
        return None
    mine, theirs = set(_WORD.findall(one)), set(_WORD.findall(other))
    return None if not mine or not theirs else not (mine <= theirs or theirs <= mine)


_SHORT = 60
_NEAR_THE_END = 300
_EDGES = " .,;:!?*_`\"'$"
_ALONE = re.compile(r"[(\[{]*([A-Za-z])[)\]}]*[.:]?")
_SLOTS = (
    re.compile(r"\[\[\s*([A-Za-z]{1,12}|[-+]?[\d.,]+)\s*\]\]"),
    re.compile(r"^[ \t]*####[ \t]*(\S[^\n]*)", re.MULTILINE),
    re.compile(
        r"[\"'](?:final[_ ]?)?answer[\"']\s*:\s*\"?((?<=\")(?:[^\"\\]|\\.)*|[^\"\n},]+)",
        re.IGNORECASE,
    ),
)
_SAID = re.compile(
    r"(?:\banswer\b[*_\s]*(?:is\b[:*_\s]*|[:=])|^\s*a\s*:)[*_\s]*"
    r"(?P<slot>\(?[A-J]\)(?!\w)|[^\n]+)",
    re.IGNORECASE | re.MULTILINE,
)
_LETTER = re.compile(r"[\s*_(\[$]*(?:option|choice)?[\s*_(\[]*([A-J])(?=[).,:;\]}*\s]|$)")
_BARE = re.compile(
    r"\s*[*_(\[$€£]*(?:[A-J]|(?i:yes|no|true|false)|[-+]?\d[\d,]*(?:\.\d+)?)[)\]%.*_\s]*"
)
_NUMBER = re.compile(
    r"^[=~≈\s]*[$€£]?\s*([-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+))\s*[$€£%]?(?:\s+[A-Za-z.]+){0,3}[\s.*]*$"
)
_TEXT = re.compile(r"\\(?:text|mathrm|mathbf)\s*\{([^{}]*)\}|\\(?:left|right|[!,;: ])")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}")
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"[\[\]{}()<>=\\]")
_FORMULA = re.compile(r"""[\[\]{}()<>=\\"'+*/]""")


_REMEMBERED = 200
"""Longest answer that is kept in memory with how it is compared."""


@lru_cache(maxsize=65536)
def _remembered(answer: str) -> str:
    return _comparable(answer)


def _comparable(answer: str) -> str:
    plain = unicodedata.normalize("NFKC", answer).strip().strip("*_`").strip()
    plain = _TEXT.sub(r"\1", _FRACTION.sub(r"\1/\2", plain)).replace("\\%", "%").replace("\\$", "$")
    number = _NUMBER.match(plain.replace("−", "-"))
    if number:
        return _canonical(number[1])
    letter = _ALONE.fullmatch(plain)
    if letter:
        return letter[1].lower()
    if _CODE.search(plain):
        return "".join(plain.split()).replace("'", '"')
    words = " ".join(plain.casefold().split())
    return words.strip(_EDGES) or words


def _last(pattern: re.Pattern[str], text: str) -> Final | None:
    match = None
    for match in pattern.finditer(text):  # noqa: B007
        pass
    return None if match is None else _final(text, *match.span(1))


def _final(text: str, start: int, end: int) -> Final | None:
    value = comparable(text[start:end])
    return Final(value, start, end) if value else None


def _boxed(text: str) -> Final | None:
    r"""Return what stands in the last \boxed{}, braces balanced."""
    start = text.rfind("\\boxed{")
    depth = 0
    for at in range(start + len("\\boxed"), len(text)) if start >= 0 else ():
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return _final(text, start + len("\\boxed{"), at)
    return None


def _said(text: str) -> Final | None:
    """Return what "the answer is" leads in: a letter, a number, or a few words."""
    found = list(_SAID.finditer(text, max(0, len(text) - _NEAR_THE_END)))
    if not found:
        return None
    start, end = found[-1].span("slot")
    letter = _LETTER.match(text, start, end)
    if letter:
        return _final(text, *letter.span(1))
    sentence = re.search(r"[.!?](?:\s|$)", text[start:end])
    return _final(text, start, start + sentence.start() if sentence else end)


def _bare(text: str) -> Final | None:
    if len(text) > _SHORT or not re.fullmatch(_BARE, text):
        return None
    return _final(text, 0, len(text))


def _canonical(number: str) -> str:
    plain = number.replace(",", "").lstrip("+")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain.lstrip("0") if plain.lstrip("0")[:1].isdigit() else plain or "0"


def _value(answer: str) -> float | None:
    top, slash, below = answer.partition("/")
    try:
        return float(top) / (float(below) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        return None


def _places(answer: str) -> int:
    return len(answer.partition(".")[2])


def _same(a: float, b: float, places: int) -> bool:
    near = 1e-6 * max(abs(a), abs(b), 1e-9)
    less, more = sorted((abs(a), abs(b)))
    percent = less < 1 and a * b > 0 and abs(more - 100 * less) <= near * 100
    rounded = places > 0 and abs(a - b) <= 0.51 * 10**-places
    return abs(a - b) <= near or percent or rounded
