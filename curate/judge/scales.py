"""What each kind of judge may say, and the ways in which judges say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["SCALES", "Kind", "Scale", "Value"]

Kind = Literal["pointwise", "pairwise", "reference"]
Value = float | str
Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The verdicts of one kind of judge, and where they stand in a reply.

    Each pattern has a group ``v`` with what is to be read; what stands there and cannot be read
    makes the reply unscored.
    """

    name: str
    """What a verdict is called in a sentence."""
    expected: str
    """The verdicts there are, in words."""
    field: str
    """Its name in a JSON object."""
    aliases: tuple[str, ...]
    """Names that judges give it instead."""
    value_of: Callable[[Json], Value | None]
    """From what stands there to the verdict; None: it is none."""
    words: Callable[[Value], str]
    """A verdict in a sentence."""
    announced: tuple[re.Pattern[str], ...]
    """A verdict given as one, anywhere in the text."""
    in_passing: tuple[re.Pattern[str], ...]
    """A verdict said by the way."""
    alone: re.Pattern[str]
    """A first or last line that is nothing but a verdict."""
    at_the_end: re.Pattern[str]
    """The last pair of a JSON object that is broken further up."""


def _grade(put: Json) -> float | None:
    """Read a whole grade from 1 to 5.

    >>> [_grade(put) for put in (4, "4", "4/5", "4 out of 5", " 4.0 ", "4 - good")]
    [4.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    >>> [_grade(put) for put in (6, 4.5, "8/10", "4/10", True, None, "four", "1-5", "4 or 5")]
    [None, None, None, None, None, None, None, None, None]
    """
    if isinstance(put, str):
        read = _NUMBER.fullmatch(put)
        if read is None or (read["of"] and float(read["of"]) != _HIGHEST):
            return None
        put = float(read["n"])
    fits = isinstance(put, int | float) and not isinstance(put, bool) and put in _GRADES
    return float(put) if fits else None


def _choice(put: Json) -> str | None:
    """Read which answer is better: a, b or tie; C is the third option of MT-Bench's judges.

    >>> [_choice(put) for put in ("A", "answer_b", "[[C]]", "Response A", "Tie.", "equal")]
    ['a', 'b', 'tie', 'a', 'tie', 'tie']
    >>> [_choice(put) for put in ("A, B or tie", "both bad", 1, True, None, "")]
    [None, None, None, None, None, None]
    """
    return _CHOICES.get(_bare(_LED_BY.sub("", _bare(put)))) if isinstance(put, str) else None


def _right(put: Json) -> float | None:
    """Read whether an answer is right (1.0) or wrong (0.0).

    >>> [_right(put) for put in ("right", "Incorrect.", True, 0, "not correct", "yes")]
    [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    >>> [_right(put) for put in ("partially correct", "right or wrong", 2, None, "")]
    [None, None, None, None, None]
    """
    if isinstance(put, bool | int | float):
        return float(put) if put in (0, 1) else None
    return _RIGHTS.get(" ".join(_bare(put).split())) if isinstance(put, str) else None


_HIGHEST = 5
_GRADES = range(1, _HIGHEST + 1)
_NUMBER = re.compile(
    r"\s*(?P<n>-?[0-9]{1,9}(?:\.[0-9]{1,9})?)(?:\s*(?:/|out of)\s*(?P<of>[0-9]{1,9}))?"
    r"(?![-–/0-9])(?!\s*[-–]\s*[0-9])[^0-9]*",
    re.IGNORECASE,
)
_LED_BY = re.compile(r"^(?:the |assistant|response|answer|option|candidate|model|[\s_-])+(?=[ab]$)")
_CHOICES: Mapping[str, str] = {
    **{"a": "a", "b": "b", "c": "tie", "tie": "tie", "tied": "tie", "a tie": "tie"},
    **{"draw": "tie", "a draw": "tie", "equal": "tie", "a=b": "tie"},
}
_RIGHTS: Mapping[str, float] = {
    **dict.fromkeys(("right", "correct", "true", "yes"), 1.0),
    **dict.fromkeys(("wrong", "incorrect", "false", "no", "not correct", "not right"), 0.0),
}


def _bare(put: str) -> str:
    return put.strip(" \t\r\n[](){}*_`\"'.,;:!<>").casefold()


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.MULTILINE)


_GAP = r"[\s*_\"'`]{0,8}"
_IS = rf"{_GAP}(?:[:=]|\bis\b{_GAP}:?){_GAP}"
_N = r"(?>-?[0-9]{1,9}(?:\.[0-9]{1,9})?(?:\s{0,3}(?:/|out of)\s{0,3}[0-9]{1,9})?)"
_OUT_OF = r"(?>[0-9]{1,9}(?:\.[0-9]{1,9})?\s{0,3}(?:/|out of)\s{0,3}[0-9]{1,9})"
_NO_RANGE = r"(?!\s{0,3}(?:[-–,]|to\b|or\b)\s{0,3}[0-9])(?![0-9]|\.[0-9])"
_AB = r"(?:(?:assistant|response|answer|option|candidate|model)[\s_-]{0,2})?"
_NO_LIST = (
    r"(?!['\"`*_\s]{0,4}(?:[,|/]|\bor\b|\band\b)['\"`*_\s]{0,4}(?:\bor\b)?['\"`*_\s]{0,4}"
    r"(?:A|B|tie|right|wrong|correct|incorrect|true|false|yes|no)\b)"
)
_ENDS = r"(?=\s*(?:[.,;:!)\]}*_\"'`<\n(–—-]|\Z|(?:is|because|since|as|by|over|wins)\b))"
_WORDS = r"(?>not correct|not right|incorrect|correct|right|wrong|true|false|yes|no)\b"


def _last_pair(*fields: str) -> re.Pattern[str]:
    names = "|".join(fields)
    return _pattern(
        rf"\"(?:{names})\"\s{{0,8}}:\s{{0,8}}\"?(?P<v>[^\"\\{{}},:\s]{{1,12}})\"?\s{{0,8}}"
        r"\}?\s{0,8}(?:```)?\s{0,8}\Z"
    )


SCALES: Mapping[Kind, Scale] = {
    "pointwise": Scale(
        name="grade",
        expected="a whole grade from 1 to 5",
        field="grade",
        aliases=("score", "rating", "overall", "verdict", "overall_grade", "overall_score"),
        value_of=_grade,
        words=lambda value: f"{value:g}" if isinstance(value, float) else value,
        announced=(
            _pattern(rf"\[\[\s{{0,3}}(?P<v>{_N})\s{{0,3}}\]\]"),
            _pattern(
                r"\b(?:grade|score|rating|verdict)(?:\s{0,2}\(1\s?(?:-|–|to)\s?5\))?"
                rf"{_IS}(?P<v>{_N}){_NO_RANGE}"
            ),
        ),
        in_passing=(
            _pattern(
                r"\b(?:give|giving|rate|rated|grade|graded|score|scored|deserves?|earns?|"
                rf"receives?|assign(?:ed)?)\b[^.\n0-9]{{0,40}}\b(?P<v>{_OUT_OF})(?!\s+of\b)"
            ),
        ),
        alone=re.compile(rf"[\s*_#(\[\"'`]{{0,8}}(?P<v>{_N})[\s*_#)\]\"'`.]{{0,8}}"),
        at_the_end=_last_pair("grade", "score", "rating"),
    ),
    "pairwise": Scale(
        name="verdict",
        expected="A, B or tie",
        field="verdict",
        aliases=("winner", "choice", "preference", "preferred", "better", "best", "answer"),
        value_of=_choice,
        words=lambda value: str(value).upper() if value in ("a", "b") else str(value),
        announced=(
            _pattern(r"\[\[\s{0,3}(?P<v>A|B|C|tie)\s{0,3}\]\]"),
            _pattern(
                r"\b(?:verdict|winner|choice|preference|decision|judge?ment|conclusion|"
                r"better (?:answer|response|one)|best (?:answer|response))"
                rf"{_IS}{_AB}(?P<v>A|B|a?\s?tie|a?\s?draw|equal)\b{_NO_LIST}{_ENDS}"
            ),
        ),
        in_passing=(
            _pattern(
                rf"\b{_AB}(?P<v>(?-i:A|B))\s+(?:is|was|seems|looks|appears)\s+(?:to be\s+)?"
                r"(?:(?:clearly|slightly|much|far|marginally|overall|the|a|bit)\s+){0,3}"
                r"(?:better|superior|preferable|stronger|best|winner)\b"
            ),
            _pattern(
                r"\b(?:prefer|choose|chose|favou?r|pick|select|go (?:with|for))\s+"
                rf"{_AB}(?P<v>(?-i:A|B))\b{_NO_LIST}"
            ),
            _pattern(r"\b(?:it is|it's|this is|call it|declare|results? in)\s+a\s+(?P<v>tie)\b"),
            _pattern(r"\b(?:both|they)\b[^.\n]{0,30}\b(?P<v>equal)ly\b"),
        ),
        alone=re.compile(rf"[\s*_#(\[\"'`]{{0,8}}{_AB}(?P<v>A|B|tie)[\s*_#)\]\"'`.]{{0,8}}", re.I),
        at_the_end=_last_pair("verdict", "winner", "choice", "preference"),
    ),
    "reference": Scale(
        name="verdict",
        expected="right or wrong",
        field="verdict",
        aliases=("correct", "is_correct", "right", "is_right", "correctness", "judgement"),
        value_of=_right,
        words=lambda value: "right" if value else "wrong",
        announced=(
            _pattern(rf"\[\[\s{{0,3}}(?P<v>{_WORDS})\s{{0,3}}\]\]"),
            _pattern(
                r"\b(?:verdict|decision|judge?ment|conclusion|correctness|is[_\s]correct)"
                rf"{_IS}(?P<v>{_WORDS}){_NO_LIST}"
            ),
        ),
        in_passing=(
            _pattern(
                r"(?<!reference )(?<!correct )(?<!right )\b(?:answer|response|solution|it)\s+"
                rf"(?:is|was)\s+(?P<v>{_WORDS}){_NO_LIST}"
            ),
        ),
        alone=re.compile(rf"[\s*_#(\[\"'`]{{0,8}}(?P<v>{_WORDS})[\s*_#)\]\"'`.]{{0,8}}", re.I),
        at_the_end=_last_pair("verdict", "correct", "is_correct"),
    ),
}
"""One scale a kind."""
