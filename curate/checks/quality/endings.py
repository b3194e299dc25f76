"""How texts end: words that need another one, and lines that need no full stop."""

from __future__ import annotations

import re
import statistics

__all__ = ["DANGLING", "is_list", "is_prose", "unspaced"]

DANGLING = frozenset(
    "the a an of and or to with for from by as at into than whose because if while although "
    "whether their its my your our these every each was were is are be been such but towards "
    "using including very "
    "der das dem des eine einen einem einer und oder für von vom im zum zur dass weil wenn durch "
    "sowie sehr "
    "le la les un une et ou à au aux pour avec dans sur est sont que qui dont où mais "
    "el los las una del con en por es como pero su sus "
    "il gli della dello degli di per è sono che nel nella "
    "os um uma dos das em são het een voor dat zijn wordt".split()
)
"""Words with which no sentence ends, or hardly any, in seven languages."""


def is_prose(text: str, line: str) -> bool:
    """Return whether the last line of a text is prose, which ends with a full stop.

    No prose are items, headings, tables, code, formulas, addresses, signatures, verse, and lines
    in a text whose other lines have no full stops either.

    Args:
        text: The whole text, without white space at its end.
        line: Its last line.
    """
    if len(line) < 40 or _words(line) < 7 or _NO_PROSE.search(line) or _CODE.search(line):
        return False
    before = [one.rstrip() for one in text[: len(text) - len(line)].split("\n") if one.strip()]
    if len(before) < 3:
        return not (before and all(_open(one) for one in before))
    short = statistics.median(len(one) for one in before) < 60
    openly = sum(map(_open, before)) / len(before)
    return openly < 0.5 and not (short and openly > 0.34)


def is_list(line: str) -> bool:
    """Return whether a line ends in a list of things with commas between them."""
    tail = re.split(r"[.!?:] ", line)[-1]
    return tail.count(",") >= 3 and tail.count(",") > 0.2 * len(tail.split())


def unspaced(character: str) -> bool:
    """Return whether a character is of a script that has no full stop (Thai, Lao, Khmer, …)."""
    return (
        "\u0e00" <= character <= "\u0fff"
        or "\u1000" <= character <= "\u109f"
        or ("\u1780" <= character <= "\u17ff")
    )


_NO_PROSE = re.compile(
    r"^\s*(?:[-*•–+>|#]|\d+[.):]|[a-zA-Z][.)]|\(?[ivx]+\)|[A-Z][\w ]{0,30}: )|\||https?://\S+$|"
    r"\S+@\S+$|\$[^$]*$|\\[a-z]+|#\w+$|(?:\b\w+, ){6}|\d$|=|[→⇒←]"
)
_CODE = re.compile(
    r"[{};<>\\_]|\w\(|\)\s*$|^\s*(?:def|class|import|return|SELECT|function)\b|\w\.\w+\("
)


def _open(line: str) -> bool:
    return line[-1].isalnum() or line[-1] in ",;:-–—"


def _words(line: str) -> int:
    wide = 0 if line.isascii() else sum("\u3040" <= c <= "\uffdc" for c in line)
    return len(line.split()) + wide // 2
