"""Labels and rewritten texts to settled answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.checks.format import normal_form
from curate.records import Curated, Item, Message, digest
from curate.resolve.answers import QUALITY, REASON, REWRITE, Answer, LeftOut
from curate.resolve.consensus import Decision

__all__ = ["OUTCOMES", "Opinion", "opinions", "settled_rewrite"]

OUTCOMES = ("good", "rewritten", "unlabelable")
GOOD, REWRITTEN, UNLABELABLE = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one person made of one answer."""

    annotator: str
    outcome: int
    """Index into `OUTCOMES`."""
    text: str = ""
    """The rewrite."""
    note: str = ""
    """What was read into the answer, or why it cannot be labelled."""
    inserted_at: str
    response_ids: tuple[str, ...]


def opinions(item: Item, answers: Sequence[Answer]) -> tuple[list[Opinion], list[LeftOut]]:
    """Return what each person made of an item, and the answers that could not be read.

    The text decides between good and rewritten: a rewrite that equals the original (but for
    Unicode form and white space) is an untouched prefill and counts as good; a text that was
    changed under the label good counts as rewritten. Both are noted.
    """
    read = [_read(item, answer) for answer in answers]
    return (
        [r for r in read if isinstance(r, Opinion)],
        [r for r in read if isinstance(r, LeftOut)],
    )


def settled_rewrite(
    item: Item, given: Sequence[Opinion], decision: Decision, agreement: float
) -> tuple[Curated, str]:
    """Return the settled row of an item, and a note on it ("" where there is nothing to say).

    Of several rewrites the one that most people wrote (but for Unicode form and white space) is
    chosen; of equals the one most like the others (mean Jaccard similarity of its character
    trigrams); of equals the earliest.
    """
    outcome = OUTCOMES[decision.outcome]
    original = item.candidates[0]
    same = [o for o in given if o.outcome == decision.outcome]
    chosen, rejected = original.message, None
    if outcome == "rewritten":
        text = _most_supported(same).text
        chosen, rejected = Message(role="assistant", content=text), original.message
    row = Curated(
        id="k" + digest("rewrite", item.id),
        item_id=item.id,
        record_id=item.record.id,
        task="rewrite",
        outcome=outcome,
        chosen=None if outcome == "unlabelable" else chosen,
        rejected=rejected,
        support=decision.support,
        n_responses=len(given),
        agreement=agreement,
        sources=(original.id, *(i for o in given for i in o.response_ids)),
    )
    return row, "; ".join(dict.fromkeys(o.note for o in same if o.note))


def _read(item: Item, answer: Answer) -> Opinion | LeftOut:
    label, text = answer.values.get(QUALITY), answer.values.get(REWRITE)
    text = text if isinstance(text, str) else ""
    if label is None and not text.strip():
        return answer.left_out(f"neither `{QUALITY}` nor `{REWRITE}` is answered")
    if label is not None and label not in OUTCOMES:
        return answer.left_out(f"unknown label {label!r}; known: {', '.join(OUTCOMES)}")
    if label == "unlabelable":
        return _opinion(answer, UNLABELABLE, note=_reason(answer.values))
    if not text.strip():
        if label == "rewritten":
            return answer.left_out("labelled rewritten, but the rewrite is empty")
        return _opinion(answer, GOOD)
    message = item.candidates[0].message
    original = message.content or message.refusal or ""
    if normal_form(text) == normal_form(original):
        return _opinion(answer, GOOD, note="" if label == "good" else "untouched prefill")
    note = "labelled good, but the text was changed" if label == "good" else ""
    return _opinion(answer, REWRITTEN, text=text, note=note)


def _reason(values: Mapping[str, Any]) -> str:
    reason = str(values.get(REASON) or "").strip()
    return f"unlabelable: {reason}" if reason else "unlabelable, no reason given"


def _opinion(answer: Answer, outcome: int, *, text: str = "", note: str = "") -> Opinion:
    return Opinion(
        annotator=answer.annotator,
        outcome=outcome,
        text=text,
        note=note,
        inserted_at=answer.inserted_at,
        response_ids=answer.response_ids,
    )


def _most_supported(rewrites: Sequence[Opinion]) -> Opinion:
    written = Counter(normal_form(o.text) for o in rewrites)
    return min(
        rewrites,
        key=lambda o: (
            -written[normal_form(o.text)],
            -sum(_likeness(o.text, other.text) for other in rewrites),
            o.inserted_at,
            o.annotator,
        ),
    )


def _likeness(text: str, other: str) -> float:
    ours, theirs = _trigrams(normal_form(text)), _trigrams(normal_form(other))
    return len(ours & theirs) / len(ours | theirs)


def _trigrams(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(max(1, len(text) - 2))}
