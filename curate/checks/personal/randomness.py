"""Whether a value could be a real key: not a stand-in of the manuals, and no words."""

from __future__ import annotations

import math
import re
from collections import Counter

__all__ = ["entropy", "is_made_up", "looks_random"]

_STAND_INS = re.compile(
    r"(?i)your|example|placeholder|changeme|change_me|xxxx|x{6}|\*{3}|•|\.\.\.|…|redacted|hidden|dummy|sample|insert"
    r"|1234567890|0123456789|abcdefgh|deadbeef|replace|^<.*>$|^\$|\$\{|^%|\{\{|^\[|process\.env|os\.environ|getenv"
    r"|^(?:user(?:name)?|pass(?:word|wd|phrase)?|pwd|passwort|secret|token|key|api[_-]?key|credentials?|test(?:ing)?|foo"
    r"|bar|baz|none|null|nil|true|false|undefined|string|str|text|varchar.*|bytes|int|bool(?:ean)?|any|object"
    r"|required|optional|input|value|var|env|self|this|my[_-]?(?:password|secret|token|key))[\d.,;:!?*]{0,2}$"
)


def is_made_up(value: str) -> bool:
    """Say whether a value is a stand-in: a word of the manuals, dots, a variable, one letter.

    >>> is_made_up("YOUR_API_KEY"), is_made_up("${DB_PASSWORD}"), is_made_up("q7!Rt0pLm")
    (True, True, False)
    """
    return bool(_STAND_INS.search(value)) or len(set(value)) < min(4, len(value))


def looks_random(value: str) -> bool:
    """Say whether a text looks drawn by lot: digits among letters, few repeats.

    >>> looks_random("fading-circle-container-wide"), looks_random("9fQz2LrT7bXv0KpW")
    (False, True)
    """
    enough = entropy(value) >= min(3.0, 0.75 * math.log2(max(len(value), 2)))
    return enough and len(re.findall(r"\d", value)) >= 2 and bool(re.search("[A-Za-z]", value))


def entropy(value: str) -> float:
    """Return the entropy of the characters of a text, in bits (Shannon, 1948).

    >>> entropy("abab")
    1.0
    """
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
