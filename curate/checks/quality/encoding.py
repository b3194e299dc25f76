"""Damage from reading a text in the wrong encoding, and characters that no text should hold."""

from __future__ import annotations

import re

import pyarrow as pa

from curate.checks.check import Check, Context, Found
from curate.checks.figures import counted
from curate.checks.quality.judging import Fault, Ints, judged, matching, shown
from curate.checks.rows import Rows

__all__ = ["CHECK", "damage"]


def damage(text: str, prompt: str = "") -> Fault | None:
    r"""Say what damage of encoding a text shows.

    Met are UTF-8 read in a one-byte encoding ("cafÃ©"; judged by ftfy, which knows what correct
    text of all languages looks like, and how it would be undone), replacement characters,
    control characters, and escapes left as they were in JSON ("caf\\u00e9").

    Args:
        text: Any text.
        prompt: Not looked at.

    >>> damage("The cafÃ© is closed").says
    'is damaged: “Ã©” should read “é”'
    >>> damage("Ça va, le café est fermé") is None
    True
    """
    return _misread(text) or _unreadable(text)


_SUSPECT = (
    r"[ÂÃâãäåðÐÑÎÏØÙÚàáçéè×°¼½¾ŸĂÅĹâˆРСв][\x{80}-\x{BF}\x{152}-\x{161}\x{178}\x{17D}\x{17E}"
    r"\x{192}\x{2C6}\x{2DC}\x{2013}-\x{203A}\x{20AC}\x{2122}\x{402}-\x{45F}\x{490}\x{491}]"
)
_BAD = r"[\x{FFFD}\x{00}-\x{08}\x{0B}\x{0E}-\x{1A}\x{1C}-\x{1F}\x{80}-\x{84}\x{86}-\x{9F}]"
_ESCAPE = r"[a-z]\\u00[c-f][0-9a-f]|\\u00[c-f][0-9a-f][a-z]"
_FILTER = f"{_SUSPECT}|{_BAD}|{_ESCAPE}"
_CODE_SPAN = re.compile(r"```.*?(?:```|$)|`[^`\n]*`", re.DOTALL)
_BROKEN = re.compile("[\ufffd\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x80-\x84\x86-\x9f]+")
_ESCAPED = re.compile(r"(?:(?<=[a-z])\\u00[c-f][0-9a-f]|\\u00[c-f][0-9a-f](?=[a-z]))")
_LONGEST = 100_000
_MOST_SPANS = 50


def _misread(text: str) -> Fault | None:
    from ftfy import fix_encoding
    from ftfy.badness import BADNESS_RE, is_bad

    some = text[:_LONGEST]
    if some.isascii() or not is_bad(some):
        return None
    spans: list[tuple[int, int]] = []
    first = ("", "")
    for word in _RUN.finditer(some):
        if is_bad(word[0]):
            mended = fix_encoding(word[0])
            if mended != word[0] and not BADNESS_RE.search(mended):
                spans.append(_core(word, mended))
                first = first if first[0] else (some[slice(*spans[0])], _core_text(word[0], mended))
    if not spans:
        return None
    was, reads = (shown(part, most=20) for part in first)
    return Fault(
        says=f"is damaged: “{_visible(was)}” should read “{reads}”",
        spans=tuple(spans[:_MOST_SPANS]),
        score=1.0,
        note=counted(len(spans), "place"),
    )


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in text)


_RUN = re.compile(r"[^ \n\t\r]+(?: [^\x00-\x7f][^ \n\t\r]*)?")


def _core(word: re.Match[str], mended: str) -> tuple[int, int]:
    """Return where a word and its mended form differ."""
    head, tail = _same_ends(word[0], mended)
    return word.start() + head, word.end() - tail


def _core_text(word: str, mended: str) -> str:
    head, tail = _same_ends(word, mended)
    return mended[head : len(mended) - tail]


def _same_ends(one: str, other: str) -> tuple[int, int]:
    room = min(len(one), len(other))
    head = next((n for n in range(room) if one[n] != other[n]), room)
    room -= head
    tail = next((n for n in range(room) if one[-1 - n] != other[-1 - n]), room)
    return head, tail


def _unreadable(text: str) -> Fault | None:
    hidden = [span.span() for span in _CODE_SPAN.finditer(text)]
    for pattern, what, score in (
        (_BROKEN, "holds characters that cannot be read", 0.9),
        (_ESCAPED, "holds escapes in place of letters", 0.7),
    ):
        spans = tuple(
            m.span()
            for m in pattern.finditer(text)
            if not any(a <= m.start() < b for a, b in hidden)
        )
        if spans and not (pattern is _BROKEN and _about_it(text)):
            met = text[slice(*spans[0])]
            code = f"U+{ord(met[0]):04X}" if pattern is _BROKEN else met
            return Fault(says=f"{what} ({code})", spans=spans[:_MOST_SPANS], score=score)
    return None


def _about_it(text: str) -> bool:
    return re.search(r"(?i)replacement character|U\+FFFD|control character", text) is not None


def _run(rows: Rows, context: Context) -> Found:
    def suspects(texts: pa.Array) -> Ints:
        return matching(texts, _FILTER)

    return judged(
        CHECK,
        rows,
        context,
        filter=suspects,
        judge=damage,
        prompts=(suspects, damage),
        advice="read the source again in the right encoding, or mend it with ftfy",
    )


CHECK = Check(
    name="mojibake",
    family="quality",
    about="Text read in the wrong encoding, replacement and control characters.",
    severity="warning",
    threshold=0.5,
    means="1 = misread and mendable, 0.9 = characters that cannot be read, 0.7 = escapes left in; "
    "at or above is flagged",
    run=_run,
    by_row=True,
)
