"""Answers that refuse: an apology and a "cannot", or a model speaking of being one."""

from __future__ import annotations

import re

from curate.checks.check import Check, Context, Found
from curate.checks.quality.judging import Fault, judged, matching, shown
from curate.checks.quality.refusing import DISCLAIMING, LEAD, REFUSING
from curate.checks.rows import Rows

__all__ = ["CHECK", "refusal"]


def refusal(answer: str, prompt: str = "") -> Fault | None:
    """Say whether an answer begins by refusing.

    Only the opening counts: a refusal quoted further down is somebody's in a story. A model that
    speaks of itself and then answers ("As an AI language model, …") scores 0.5, a refusal 1.

    Args:
        answer: What was answered.
        prompt: What was asked: who is asked what it is may say so.

    >>> refusal("I'm sorry, but I can't help with that.").score
    1.0
    >>> refusal("I'm sorry for your loss. Grief takes time.") is None
    True
    """
    met = _REFUSAL.match(answer)
    if met and not _NO_REFUSAL.match(answer[met.start("what") :]):
        return _fault(answer, met.start("what"), "refuses", 1.0)
    met = _DISCLAIMER.match(answer)
    if met is None or _ASKED_WHO.search(prompt):
        return None
    start = met.start("what")
    if _CANNOT.search(answer, start, start + 220) and not _goes_on(answer, start):
        return _fault(answer, start, "refuses", 1.0)
    return _fault(answer, start, "speaks of being a model", 0.5)


_REFUSAL = re.compile(f"(?i){LEAD}(?P<what>{REFUSING})")
_DISCLAIMER = re.compile(f"(?i){LEAD}(?P<what>{DISCLAIMING})")
_CANNOT = re.compile(
    r"(?i)\b(?:can(?:no|['’])t|can not|unable|not able|not capable|not (?:have|possess)|"
    r"don['’]t have|do not have|don['’]t possess|lack|not programmed|not designed|not appropriate|"
    r"kann|keine?n?|ne peux|ne suis|no puedo|no tengo|non posso|non ho|não (?:posso|tenho)|kan|"
    r"nie mogę|не могу|не имею|không)\b|无法|不能|没有|できません|ありません|수 없|없습니다|لا "
)
_NO_REFUSAL = re.compile(
    r"(?i)[^.!?\n]{0,60}?\b(?:can(?:no|['’])t|cannot|can not|won['’]t|will not|unable to|able to) "
    r"(?:\w+ly )?(?:come|make it|attend|join|stay|go\b|wait|be there|believe|imagine|stop|hear|"
    r"express|thank|stress|emphasi[sz]e|overstate|wear|afford|leave|hang out|meet|pick|"
    r"remember|sleep|eat|live|love)"
)
_ASKED_WHO = re.compile(
    r"(?i)\b(?:who|what) are you\b|\byour name\b|\bare you (?:an? |really )?(?:human|ai|bot|robot|"
    r"person|machine|real|chatgpt|sentient|conscious)|\b(?:introduce|describe) yourself\b"
)


def _goes_on(answer: str, start: int) -> bool:
    """Return whether an answer follows after all."""
    return len(answer) - start > 400 and _STILL.search(answer, start, start + 400) is not None


_STILL = re.compile(
    r"(?i)\b(?:but|however|that said|nevertheless|instead|here (?:is|are)|aber|jedoch|mais|pero|"
    r"sin embargo|però|mas|porém|maar|ale|но|однако)\b|但|しかし|ただし|하지만|لكن"
)


def _fault(answer: str, start: int, verb: str, score: float) -> Fault:
    stop = re.compile(r"[.!?。！？\n]|$").search(answer, start)
    end = min(stop.end() if stop else len(answer), start + 200)
    return Fault(
        says=f"{verb}: “{shown(answer[start:end])}”",
        spans=((start, end),),
        score=score,
    )


def _run(rows: Rows, context: Context) -> Found:
    pattern = f"(?i){LEAD}(?:{REFUSING}|{DISCLAIMING})"
    return judged(
        CHECK,
        rows,
        context,
        filter=lambda texts: matching(texts, pattern),
        judge=refusal,
        advice="keep it only where the prompt should be refused",
    )


CHECK = Check(
    name="refusals",
    family="quality",
    about="Answers that refuse, or open by speaking of being a model.",
    severity="warning",
    threshold=0.5,
    means="1 = refuses, 0.5 = speaks of being a model and then answers; at or above is flagged",
    run=_run,
    by_row=True,
)
