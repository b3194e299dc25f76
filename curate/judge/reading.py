"""What a judge's reply says: a verdict, or why there is none.

In: the text of a reply, whatever it holds. Out: a `Reading`. A verdict is never guessed: where a
reply says two things, or nothing, or something out of range, that is the reason why it is unscored.

Read are, in this order: JSON objects (in code fences, between prose, cut off by the length limit),
together with what is announced as the verdict in plain words (``Grade: 4/5``, ``[[A]]``); and only
where there is neither, a verdict in passing ("A is better", a line that is just ``4``). Left out
are a leading block of thinking, and what the model copied of its prompt.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curate.judge.objects import Parsed, objects_in, values_of
from curate.judge.scales import SCALES, Kind, Scale, Value
from curate.llm.rendering import without_quotes

__all__ = ["Reading", "read_p_true", "read_verdict"]

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reply says."""

    value: Value | None
    """As in `records.Verdict`, pairwise in terms of the answers as they were shown; None: nothing
    could be read."""
    why_unscored: str | None = None
    rationale: str = ""


def read_verdict(text: str, kind: Kind) -> Reading:
    r"""Return the verdict that a reply gives.

    Args:
        text: The reply.
        kind: Pointwise (a whole grade from 1 to 5), pairwise (a, b or tie) or reference
            (1.0 right, 0.0 wrong).

    Returns:
        A value in range with no reason, or no value and the reason; of any text, never an
        exception.

    >>> read_verdict('```json\n{"reasoning": "Misses a case.", "grade": "4"}', "pointwise").value
    4.0
    >>> read_verdict("Grade: 4/5. On reflection, grade: 2", "pointwise").why_unscored
    'gives two grades: 2 and 4'
    """
    scale = SCALES[kind]
    said = without_quotes(_THINKING.sub("", text)).strip()
    if not said:
        why = "the reply is empty" if not text.strip() else "holds nothing but thinking or quotes"
        return Reading(value=None, why_unscored=why)
    parsed = objects_in(said)
    rationale = _storable(_rationale(parsed, said))
    for found in (_announced(parsed, scale), _in_passing(parsed.around, scale)):
        if found:
            return _settled(found, scale, rationale)
    why = f"no {scale.name} in: {_shortened(said)}"
    return Reading(value=None, why_unscored=_storable(why), rationale=rationale)


def read_p_true(first: Mapping[str, float]) -> Reading:
    """Return the chance of A (true) against B (false) as the reply's first token.

    ``P(A) / (P(A) + P(B))``, spaces and brackets around the letter left aside (Kadavath, 2022).

    Args:
        first: Log-probabilities of the likeliest first tokens.

    >>> read_p_true({"A": -0.5, " B": -0.5, "The": -3.0}).value
    0.5
    """
    mass = dict.fromkeys("AB", 0.0)
    for token, logprob in first.items():
        letter = token.strip(" \t\n▁Ġ()[]\"'*.")
        if letter in mass and not math.isnan(logprob):
            mass[letter] += math.exp(min(logprob, 0.0))
    whole = sum(mass.values())
    if not first:
        return Reading(value=None, why_unscored="the server gave no log-probabilities")
    if not whole:
        return Reading(value=None, why_unscored="neither A nor B is among the likeliest tokens")
    return Reading(value=mass["A"] / whole)


_THINKING = re.compile(
    r"\A\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)|\A[^{]*?</think(?:ing)?>",
    re.DOTALL | re.IGNORECASE,
)
"""What a reply begins with; the opening tag may be missing, as some templates hold it."""
_REASONING = ("reasoning", "rationale", "explanation", "reason", "analysis", "critique", "thoughts")


def _announced(parsed: Parsed, scale: Scale) -> list[tuple[Value | None, str]]:
    """Return each verdict that is given as one, with how it was put."""
    found = [value for pairs in parsed.objects for value in values_of(pairs, (scale.field,))]
    if not found:
        found = [value for pairs in parsed.objects for value in values_of(pairs, scale.aliases)]
    found += _matches(scale.at_the_end, parsed.broken)
    found += [put for pattern in scale.announced for put in _matches(pattern, parsed.around)]
    return [(scale.value_of(put), _put(put)) for put in found]


def _in_passing(text: str, scale: Scale) -> list[tuple[Value | None, str]]:
    """Return each verdict that a reply gives by the way, or as a line of its own."""
    lines = text.strip().splitlines()
    ends = dict.fromkeys([*lines[:1], *lines[-1:]])
    alone = [line["v"] for line in map(scale.alone.fullmatch, ends) if line]
    found = [put for pattern in scale.in_passing for put in _matches(pattern, text)]
    return [(scale.value_of(put), _put(put)) for put in [*alone, *found]]


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    return (match["v"] for match in pattern.finditer(text))


def _settled(found: list[tuple[Value | None, str]], scale: Scale, rationale: str) -> Reading:
    bad = [put for value, put in found if value is None]
    values = sorted({value for value, _ in found if value is not None}, key=str)
    if not bad and len(values) == 1:
        return Reading(value=values[0], rationale=rationale)
    if bad:
        why = f"the {scale.name} is {bad[0]!r}, not {scale.expected}"
    else:
        said = " and ".join(scale.words(value) for value in values)
        why = f"gives {'two' if len(values) == 2 else len(values)} {scale.name}s: {said}"
    return Reading(value=None, why_unscored=_storable(why), rationale=rationale)


def _rationale(parsed: Parsed, said: str) -> str:
    texts = (value for pairs in parsed.objects for value in values_of(pairs, _REASONING))
    return next((text for text in texts if isinstance(text, str)), said)


def _put(value: Json) -> str:
    plain = isinstance(value, str | int | float | None)
    return _shortened(str(value), 40) if plain else "a list or object"


def _shortened(text: str, most: int = 60) -> str:
    plain = " ".join(text[: 4 * most].split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _storable(text: str) -> str:
    """Return a text that can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()
