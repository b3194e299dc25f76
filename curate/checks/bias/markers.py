"""Marks of style that a reward model learns to count: one table of patterns."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["MARKERS", "Marker", "mark_spans", "marked", "marker_rates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One mark of style."""

    name: str
    pattern: str
    """A regular expression of RE2."""
    means: str
    """What a text with it does, after "an answer that"."""
    where: Literal["anywhere", "opening", "ending"] = "anywhere"
    """Where it is looked for: the first or the last `_END` characters, or the whole text."""


_BEGIN = r"(?i)^\W{0,6}"
_PRAISE = (
    "great|excellent|good|wonderful|fantastic|amazing|brilliant|interesting|fascinating|"
    "thoughtful|insightful|terrific|perfect"
)

MARKERS: tuple[Marker, ...] = (
    Marker(name="bullets", pattern=r"(?m)^[ \t]*[-*+•‣・] +\S", means="has bullet points"),
    Marker(
        name="numbered list",
        pattern=r"(?m)^[ \t]*[0-9]{1,2}[.)、] *\S[^\n]*\n(?:[^\n]*\n){0,8}?[ \t]*[0-9]{1,2}[.)、]",
        means="has a numbered list",
    ),
    Marker(name="bold", pattern=r"\*\*[^*\s]|__[^_\s]+__|<(?:b|strong)>", means="has bold text"),
    Marker(name="headings", pattern=r"(?m)^#{1,6} \S|^<h[1-6]>", means="has headings"),
    Marker(name="table", pattern=r"\|[ \t]*:?-{2,}:?[ \t]*\||<table", means="has a table"),
    Marker(name="code block", pattern=r"```|~~~", means="has a code block"),
    Marker(name="link", pattern=r"https?://|\]\(", means="has a link"),
    Marker(
        name="emoji",
        pattern="[\U0001f300-\U0001faff\U00002600-\U000027bf\U0001f1e6-\U0001f1ff]",
        means="has an emoji",
    ),
    Marker(name="exclamation", pattern="[!！¡]", means="has an exclamation mark"),
    Marker(name="paragraphs", pattern=r"\n[ \t]*\n", means="has several paragraphs"),
    Marker(
        name="flattery",
        pattern=_BEGIN + rf"(?:(?:what|that['’]?s|that is|this is)\s+)?(?:(?:an?|such an?)\s+)?"
        rf"(?:really\s+|very\s+|truly\s+)?(?:{_PRAISE})\s+(?:question|point|idea|observation|"
        r"catch|choice|job|work|thinking)\s*(?:[!.,:;—–-]|$)|"
        + _BEGIN.removeprefix("(?i)")
        + r"(?:you['’]?re|you are)\s+(?:absolutely|completely|totally|so|quite)?\s*"
        r"(?:right|correct)|"
        + _BEGIN.removeprefix("(?i)")
        + r"i (?:really )?(?:love|like|admire|appreciate) (?:this|that|your|how)|"
        + _BEGIN.removeprefix("(?i)")
        + "(?:sehr |eine |was für eine )?(?:gute|tolle|ausgezeichnete|hervorragende) frage|"
        + _BEGIN.removeprefix("(?i)")
        + "(?:¡?(?:excelente|muy buena|buena|gran) pregunta|(?:excellente|très bonne) question|"
        "(?:ottima|bella) domanda|(?:ótima|excelente) pergunta|(?:отличный|хороший) вопрос|"
        "(?:很|非常|真是)?(?:好|棒)的?(?:一个)?问题|(?:とても)?(?:良い|いい|素晴らしい)(?:ご)?質問)",
        means="opens by praising the user",
        where="opening",
    ),
    Marker(
        name="eager opener",
        pattern=_BEGIN + r"(?:certainly|absolutely|of course|sure(?: thing)?|definitely|gladly|"
        r"happy to help|i['’]?d be (?:happy|glad|delighted) to|natürlich|gerne|selbstverständlich|"
        r"bien sûr|certainement|por supuesto|claro|certamente|certo|конечно|"
        r"当然|もちろん)\s*[!,.！，。、]",
        means="opens with eager assent",
        where="opening",
    ),
    Marker(
        name="apology",
        pattern=r"(?i)\b(?:i['’]?m (?:so |very |really |truly |terribly )?sorry|i am (?:so |very )?"
        r"sorry|sorry,|apologi[sz]e|my apologies|apologies for|es tut mir leid|tut mir leid|"
        r"entschuldig|je suis désolé|désolé|lo siento|me disculpo|mi dispiace|sinto muito|"
        r"desculpe)|приношу извинения|простите|извините|抱歉|对不起|申し訳|すみません|죄송",
        means="apologises",
        where="opening",
    ),
    Marker(
        name="refusal",
        pattern=r"(?i)\b(?:i (?:can(?:no|['’])t|can not|am unable to|am not able to|won['’]t|"
        r"will not|do not feel comfortable|don['’]t feel comfortable) (?:help|assist|provide|"
        r"fulfill?|comply|create|generate|write|answer|give|do that|support|engage|discuss|share|"
        r"offer|recommend|participate)|i['’]?m (?:unable|not able) to|i must decline|as an ai|"
        r"ich kann (?:ihnen |dir )?(?:dabei |das |leider )?nicht|je ne peux pas|no puedo ayudar|"
        r"non posso aiutar|não posso ajudar)|не могу помочь|我不能|我无法|お手伝いできません|"
        r"도와드릴 수 없",
        means="refuses, or speaks of being an AI",
        where="opening",
    ),
    Marker(
        name="hedge",
        pattern=r"(?i)\b(?:perhaps|maybe|possibly|probably|might be|may be|could be|it seems|"
        r"it depends|it is possible|it['’]s possible|in my opinion|i think|i believe|i['’]?m not "
        r"sure|vielleicht|möglicherweise|wahrscheinlich|peut-être|probablement|quizás|"
        r"probablemente|forse|probabilmente|talvez|provavelmente)\b|возможно|вероятно|也许|可能|"
        r"かもしれません|아마",
        means="hedges",
    ),
    Marker(
        name="caveat",
        pattern=r"(?i)\b(?:it(?:['’]s| is) (?:important|worth|essential|crucial) (?:to note|to "
        r"remember|to consider|to consult|noting|mentioning)|please note|keep in mind|"
        r"consult (?:a|with a|your)|seek professional|not (?:legal|medical|financial) advice)\b",
        means="adds caveats",
    ),
    Marker(
        name="closing offer",
        pattern=r"(?i)\b(?:(?:i )?hope (?:this|that|it) helps|let me know if|feel free to (?:ask|"
        r"reach|contact)|if you (?:have|need) (?:any )?(?:other |more |further )?(?:questions|"
        r"help|assistance)|happy to help|is there anything else|would you like me to)\b",
        means="ends by offering more help",
        where="ending",
    ),
    Marker(
        name="question at the end",
        pattern=r"[?？؟][\s\"'”’)]*$",
        means="ends with a question",
        where="ending",
    ),
)
"""All marks, each looked for in every answer."""


def marked(texts: pa.Array, marker: Marker) -> npt.NDArray[np.bool_]:
    """Say which texts bear a mark; null ones do not.

    >>> flattery = next(marker for marker in MARKERS if marker.name == "flattery")
    >>> marked(pa.array(["What a great question! 4.", "4.", None]), flattery).tolist()
    [True, False, False]
    """
    found = pc.match_substring_regex(_part(texts, marker), marker.pattern)
    mask: npt.NDArray[np.bool_] = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return mask


def marker_rates(texts: pa.Array) -> dict[str, float]:
    """Return the share of texts that bear each mark; NaN for no text.

    >>> marker_rates(pa.array(["- one", "two"]))["bullets"]
    0.5
    """
    known = texts.drop_null()
    return {
        marker.name: float(marked(known, marker).mean()) if len(known) else float("nan")
        for marker in MARKERS
    }


def mark_spans(text: str, marker: Marker, *, most: int = 5) -> tuple[tuple[int, int], ...]:
    """Return where a text bears a mark, as ranges of characters.

    >>> bold = next(marker for marker in MARKERS if marker.name == "bold")
    >>> mark_spans("a **b** c", bold)
    ((2, 5),)
    """
    start = max(len(text) - _END, 0) if marker.where == "ending" else 0
    part = text[:_END] if marker.where == "opening" else text[start:]
    met = itertools.islice(re.finditer(_for_python(marker.pattern), part), most)
    return tuple((start + one.start(), start + one.end()) for one in met)


_END = 240


@functools.cache
def _for_python(pattern: str) -> str:
    """Return what means to Python what the pattern means to RE2, whose classes are ASCII's."""
    inside = re.sub(r"\[[^]]*\]", lambda met: met[0].replace(r"\s", r"\t\n\f\r "), pattern)
    for theirs, ours in _CLASSES.items():
        inside = inside.replace(theirs, ours)
    return inside


_CLASSES = {
    r"\b": "(?:(?<![A-Za-z0-9_])(?=[A-Za-z0-9_])|(?<=[A-Za-z0-9_])(?![A-Za-z0-9_]))",
    r"\s": r"[\t\n\f\r ]",
    r"\S": r"[^\t\n\f\r ]",
    r"\W": "[^A-Za-z0-9_]",
}


def _part(texts: pa.Array, marker: Marker) -> pa.Array:
    if marker.where == "opening":
        return pc.utf8_slice_codeunits(texts, 0, _END)
    return pc.utf8_slice_codeunits(texts, -_END) if marker.where == "ending" else texts
