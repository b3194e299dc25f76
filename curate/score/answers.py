r"""Reading the answer out of a completion, so that answers can be compared.

In: completions as text. Out: answers as text, equal where they say the same, None where none could
be read.

An answer is looked for in its *slot* first: the field ``"answer"`` of a JSON object, what follows
``####``, the last ``\boxed{}``, or what follows "answer:" or "the answer is" near the end.

=========  ===========================================================================
pattern    group ``answer`` (else group 1) of the last match of one's own expression
boxed      what stands in the last ``\boxed{}``
option     a letter A-J, as answer to a multiple-choice question
number     the number in the slot; the last number where there is no slot
text       the slot, or the whole completion where there is none
embedding  nothing is read: answers are compared by the similarity of their vectors
entailment as text; a model says which of the distinct answers imply each other
nli        as text; a cross-encoder says which of the distinct answers imply each other
=========  ===========================================================================

All but `option` are put in one spelling: a number by its value, without a unit of up to two words
after it ("$18.00" = "18" = "18 dollars"), code without its spaces, other text in lower case
without the quotes and punctuation around it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

from curate.errors import ConfigError
from curate.score.numerals import last_number, whole_number

__all__ = ["READABLE", "Extract", "Reader", "choose", "normalised", "reader_for", "said"]

Extract = Literal["pattern", "boxed", "option", "number", "text", "embedding", "entailment", "nli"]
Reader = Callable[[str], str | None]

READABLE = 0.8
"""``auto`` takes an extractor if it reads at least this share of completions."""


def reader_for(extract: Extract, pattern: str | None = None) -> Reader:
    """Return the function from a completion to its answer.

    Args:
        extract: Any but ``embedding``, which reads nothing.
        pattern: Regular expression for ``pattern``.

    Raises:
        ConfigError: If the pattern is no regular expression.

    >>> reader_for("number")("9 eggs at $2 each are **$18.00**.")
    '18'
    """
    if extract != "pattern":
        return _READERS[extract]
    try:
        return partial(_by_pattern, re.compile(pattern or ""))
    except re.error as bad:
        raise ConfigError(
            f"`score.answer.pattern`: {pattern!r} is no regular expression ({bad})"
        ) from bad


def choose(texts: Sequence[str]) -> Extract:
    r"""Return how to read these completions: the surest way that reads 80 % of them.

    In this order: ``boxed``, ``option``, ``number``, ``text``; for each, only completions count
    in which the answer has a place of its own: a ``\boxed{}``, a slot, or nothing else is said
    (up to 60 characters for a number, four words for text; for an option, the last line). A
    number somewhere in prose is no answer. Where none reaches 80 %: ``embedding``.

    Args:
        texts: Completions, or a fair sample of them; empty ones do not count.

    >>> choose(["There are 90 kinds of whales, all of them mammals.", "They breathe air as we do."])
    'embedding'
    >>> choose(["We add them up. The answer is 7.", "#### 8"])
    'number'
    """
    said = [text for text in texts if text.strip()]
    for extract, reads in _SURELY.items():
        if said and sum(map(reads, said)) >= READABLE * len(said):
            return extract
    return "embedding"


def normalised(answer: str) -> str | None:
    """Return an answer in its one spelling; None if nothing is left of it.

    >>> normalised(" **$1,234.50** "), normalised("The Nile."), normalised("[1, 'a']")
    ('1234.5', 'the nile', '[1,"a"]')
    """
    number = whole_number(_UNIT.sub(r"\1", answer))
    if number is not None:
        return number
    plain = _QUOTED.sub(r"\2", unicodedata.normalize("NFKC", answer).strip())
    if _CODE.search(plain):
        return "".join(plain.split()).replace("'", '"')
    return " ".join(plain.casefold().split()).strip(" .,;:!?*_`") or None


def said(text: str) -> str:
    """Return the answer as it stands in a completion: its slot, else the whole completion.

    >>> said("We add them up. The answer is **7 days**."), said("The Nile. ")
    ('7 days**.', 'The Nile.')
    """
    slot = _slot(text)
    return (text if slot is None else slot).strip()


_CODE = re.compile(r"""[\[\]{}()<>=\\"']""")
_UNIT = re.compile(r"^([^A-Za-z]*\d[^A-Za-z]*?)\s+[A-Za-z]+(?:\s[A-Za-z]+)?[\s.*]*$")
_QUOTED = re.compile(r"""^(["'])((?:(?!\1).)*)\1$""", re.DOTALL)
_SHORT = 60
_FEW_WORDS = 4
_NEAR_THE_END = 300

_FIELD = re.compile(
    r"""["']?\b(?:final[_ ]?)?answer["']\s*:\s*(?:"((?:[^"\\]|\\.)*)"|([^"\n}]*))""", re.IGNORECASE
)
_HASHES = re.compile(r"^\s*####\s*(\S[^\n]*)", re.MULTILINE)
_SAID = re.compile(
    r"(?:\banswer\b[*_\s]*(?:is\b[:*_\s]*|[:=])|^\s*a\s*:)[*_\s]*(?P<slot>[^\n]+)",
    re.IGNORECASE | re.MULTILINE,
)
_LETTER = re.compile(
    r"[\s*_(\[$]*(?:option|choice)?[\s*_(\[]*(?P<letter>[A-J])"
    r"(?=[\s*_]*(?:[).,\]}*]|$|\n|because\b|since\b))"
)


def _by_pattern(pattern: re.Pattern[str], text: str) -> str | None:
    found = deque(pattern.finditer(text), maxlen=1)
    if not found:
        return None
    group = "answer" if "answer" in pattern.groupindex else min(1, pattern.groups)
    return normalised(found[0][group] or "")


def _boxed(text: str) -> str | None:
    inside = _in_box(text)
    return None if inside is None else normalised(_plain_latex(inside))


def _in_box(text: str) -> str | None:
    r"""Return what stands in the last \boxed{}, braces balanced."""
    start = text.rfind("\\boxed{")
    depth = 0
    for at in range(start + len("\\boxed"), len(text)) if start >= 0 else ():
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start + len("\\boxed{") : at]
    return None


def _plain_latex(text: str) -> str:
    return re.sub(r"\\(?:text|mathrm|mathbf)\s*\{([^{}]*)\}|\\(?:left|right|[!,;: ])", r"\1", text)


def _slot(text: str) -> str | None:
    """Return what stands where an answer is announced; None where none is."""
    for match in reversed(list(_FIELD.finditer(text))):
        return _unescaped(match[1]) if match[1] is not None else match[2].strip(" ,")
    for found in reversed(_HASHES.findall(text)):
        return str(found)
    boxed = _in_box(text)
    if boxed is not None:
        return _plain_latex(boxed)
    said = list(_SAID.finditer(text, max(0, len(text) - _NEAR_THE_END)))
    return said[-1]["slot"] if said else None


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


def _option(text: str) -> str | None:
    return _surely_option(text) or _last_bracketed_letter(text)


def _surely_option(text: str) -> str | None:
    slot = _slot(text)
    if slot is None:
        slot = text.rstrip().rpartition("\n")[2]
    match = _LETTER.match(slot)
    return match["letter"] if match else None


def _last_bracketed_letter(text: str) -> str | None:
    found = re.findall(r"\(([A-J])\)", text[-_NEAR_THE_END:])
    return str(found[-1]) if found else None


def _number(text: str) -> str | None:
    slot = _slot(text)
    return last_number(text if slot is None else slot)


def _text(text: str) -> str | None:
    return normalised(said(text))


def _surely_number(text: str) -> bool:
    place = _place(text)
    return place is not None and (
        whole_number(place) is not None
        or (len(place) <= _SHORT and not _CODE.search(place) and last_number(place) is not None)
    )


def _place(text: str) -> str | None:
    """Return the answer's own place: its slot, or the whole of a short completion."""
    slot = _slot(text)
    return text if slot is None and len(text.strip()) <= _SHORT else slot


_READERS: Mapping[str, Reader] = {
    "boxed": _boxed,
    "option": _option,
    "number": _number,
    "text": _text,
    "entailment": _text,
    "nli": _text,
}
_SURELY: Mapping[Extract, Callable[[str], bool]] = {
    "boxed": lambda text: _boxed(text) is not None,
    "option": lambda text: _surely_option(text) is not None,
    "number": _surely_number,
    "text": lambda text: _slot(text) is not None or len(text.split()) <= _FEW_WORDS,
}
