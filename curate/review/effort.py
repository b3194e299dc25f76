"""How long a queue will keep people: words to read, words to type, decisions to make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from curate.records import Item, Task
from curate.texts import READING, RETYPED, TYPING, answer_text, prompt_text

__all__ = ["estimate"]

DECIDING = {"rank": 12.0, "rewrite": 15.0}
"""Seconds an item, over reading and typing: weigh the answers, choose, submit."""
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_IDEOGRAPHS_A_WORD = 1.5
"""Of scripts without spaces: about 1.5 carry as much as an English word."""
_LONGEST_WORD = 12.0
"""Letters; a longer run (code, an address) counts as several words."""


def estimate(items: Iterable[Item], task: Task) -> float:
    """Return the minutes of reviewers' time that a queue will take, all reviewers together.

    Per answer of a person: the prompt and every answer read once, a decision, and for a
    rewrite `RETYPED` of the answer's words typed. A first guess; measure your own people.

    Args:
        items: The queue; `overlap` people answer each item.
        task: What is asked of them.

    >>> estimate([], "rank")
    0.0
    """
    return float(sum(item.overlap * _minutes(item, task) for item in items))


def _minutes(item: Item, task: Task) -> float:
    answers = [answer_text(candidate.message) for candidate in item.candidates]
    shown = _words([prompt_text(item.record.messages, turns=len(item.record.messages)), *answers])
    typed = RETYPED * _words(answers) if task == "rewrite" else 0.0
    return shown / READING + typed / TYPING + DECIDING[task] / 60.0


def _words(texts: Sequence[str]) -> float:
    return sum(_words_in(text) for text in texts)


def _words_in(text: str) -> float:
    ideographs = len(_IDEOGRAPH.findall(text))
    rest = _IDEOGRAPH.sub(" ", text)
    spaced = max(len(rest.split()), len("".join(rest.split())) / _LONGEST_WORD)
    return spaced + ideographs / _IDEOGRAPHS_A_WORD
