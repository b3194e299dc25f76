"""Marks of chat templates and places to fill in that were left in texts."""

from __future__ import annotations

import re

from curate.checks.check import Check, Context, Found
from curate.checks.quality.judging import Fault, judged, matching, shown
from curate.checks.rows import Rows
from curate.records import Severity

__all__ = ["CHECK", "leftover", "leftover_in_prompt"]


def leftover(answer: str, prompt: str = "") -> Fault | None:
    """Say which marks of a template an answer was left with.

    Marks inside code, and marks that the prompt itself speaks of, are what the text is about.
    Places to fill in ("[Your Name]") are a fact only where nobody asked for a letter or form.

    Args:
        answer: What was answered.
        prompt: What was asked.

    >>> leftover("Four.<|im_end|>").says
    'was left with a mark of a chat template: “<|im_end|>”'
    >>> leftover("The token `<|im_end|>` ends a turn.") is None
    True
    """
    return _mark(answer, prompt) or _blank(answer, prompt)


def leftover_in_prompt(prompt: str, asked: str = "") -> Fault | None:
    """Say which marks a prompt was left with: whole turns written into its text.

    One mark is what a question may be about; two different ones, or one that begins a line with
    a role after it, are a conversation that was never taken apart.

    Args:
        prompt: The text of a prompt.
        asked: Not looked at.
    """
    met = [m for m in _marks(prompt) if _TURN.match(prompt, m.start())]
    if not met:
        return None
    return _fault(prompt, met, "was left with a mark of a chat template", 1.0)


_SPECIAL = (
    r"<\|[a-z][a-z0-9_]{0,30}\|>|<\x{ff5c}[^<>\n]{1,40}\x{ff5c}>|\[/?INST\]|<</?SYS>>|"
    r"</?(?:start_of_turn|end_of_turn|bos|eos|pad|unk|endoftext|im_start|im_end)>|"
    r"\[(?:PAD|UNK|CLS|SEP|EOS|BOS|gMASK|EOT)\]|^<s>|</s>|"
    r"(?:^|\n)#{2,3} ?(?:Instruction|Response|Input|Human|Assistant|User|System):?[ \t]*(?:\n|$)|"
    r"(?:^|\n)#{2,3} ?(?:Instruction|Response|Human|Assistant|User):|"
    r"(?:^|\n\n?)(?:Human|USER|ASSISTANT|\[\|Human\|\]|\[\|AI\|\]): |\n\n(?:User|Assistant): "
)
_PLACES = (
    r"\{\{ ?[A-Za-z_][\w .]{0,40}\}\}|"
    r"\[(?:Your|Insert|Recipient(?:['’]s)?|Company|Name|Date|Enter|Add|Sender|Employer|City|Client)"
    r"(?: [A-Za-z'’/ ]{1,40})?\]|\[(?:insert|your|name of) [a-z'’/ ]{1,40}\]|"
    r"<(?:insert|your|placeholder)[a-z _-]{0,30}>|\bINSERT_[A-Z_]+\b|\bLorem ipsum dolor\b"
)
_WORTH_A_LOOK = (
    r"<\|[a-z]|<\x{ff5c}|INST\]|<</?SYS|</?(?:s|start_of_turn|end_of_turn|bos|eos|pad|unk|"
    r"endoftext|im_start|im_end)>|\[(?:PAD|UNK|CLS|SEP|EOS|BOS|gMASK|EOT)\]|"
    r"## ?(?:Instruction|Response|Input|Human|Assistant|User|System)|"
    r"(?:Human|USER|ASSISTANT|User|Assistant|Human\|\]|AI\|\]): |\{\{|"
    r"\[(?:[Yy]our|[Ii]nsert|Recipient|Company|Name|Date|Enter|Add|Sender|Employer|City|Client|"
    r"name of)|<(?:insert|your|placeholder)|INSERT_|Lorem ipsum"
)
"""What the patterns above need, without what makes them slow."""


def _python(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\x\{([0-9a-f]+)\}", r"\\u\1", pattern))


_SPECIAL_RE = _python(_SPECIAL)
_PLACES_RE = _python(_PLACES)
_CODE_SPAN = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|<code>.*?</code>", re.DOTALL)
_STRUCK = re.compile(r"<s>[^<]*</s>")
_TURN = re.compile(
    r"<\|(?:im_start|im_end|start_header_id|eot_id|user|assistant|system|end|endoftext|prompter|"
    r"begin_of_text)\|>\s*(?:system|user|assistant|\n|$|<)|\[INST\]|<start_of_turn>|"
    r"\n\n(?:Human|Assistant|USER|ASSISTANT): |"
    r"\n#{2,3} ?(?:Response|Assistant):?[ \t]*(?:\n|$)|<<SYS>>"
)
_FORM = re.compile(
    r"(?i)template|placeholder|\bform\b|letter|e-?mail|fill[- ]in|mad ?lib|resume|\bcv\b|contract|"
    r"invoice|agreement|message|invitation|speech|bio\b|\bscript\b|draft|post\b|\bad\b|report|memo|"
    r"essay|policy|announcement|statement|proposal|review|prompt|format|card|plan\b"
)
_SPANS = 50


def _marks(text: str) -> list[re.Match[str]]:
    hidden = [m.span() for m in (*_CODE_SPAN.finditer(text), *_STRUCK.finditer(text))]
    return [m for m in _SPECIAL_RE.finditer(text) if not any(a <= m.start() < b for a, b in hidden)]


def _mark(answer: str, prompt: str) -> Fault | None:
    marks = _marks(answer)[:_SPANS]
    met = [m for m in marks if m[0].strip() not in prompt and not _quoted(answer, m)]
    if not met:
        return None
    return _fault(answer, met, "was left with a mark of a chat template", 1.0)


def _quoted(text: str, mark: re.Match[str]) -> bool:
    around = text[max(mark.start() - 1, 0) : mark.start()] + text[mark.end() : mark.end() + 1]
    return around in ('""', "''", "“”", "‘’", "()")


def _blank(answer: str, prompt: str) -> Fault | None:
    if _FORM.search(prompt):
        return None
    hidden = [m.span() for m in _CODE_SPAN.finditer(answer)]
    met = [
        m
        for m in _PLACES_RE.finditer(answer)
        if m[0] not in prompt and not any(a <= m.start() < b for a, b in hidden)
    ]
    return (
        _fault(answer, met, "was left with a place to fill in", 0.6, "info", _FILL) if met else None
    )


_FILL = "fill it in, or drop the row unless a template was asked for"


def _fault(
    text: str,
    met: list[re.Match[str]],
    says: str,
    score: float,
    severity: Severity | None = None,
    advice: str = "",
) -> Fault:
    spans = tuple(_tight(text, *m.span()) for m in met[:_SPANS])
    first = text[slice(*spans[0])]
    says = f"{says}: “{shown(first)}”"
    return Fault(says=says, spans=spans, score=score, severity=severity, advice=advice)


def _tight(text: str, start: int, end: int) -> tuple[int, int]:
    met = text[start:end]
    return start + len(met) - len(met.lstrip()), end - (len(met) - len(met.rstrip()))


def _run(rows: Rows, context: Context) -> Found:
    return judged(
        CHECK,
        rows,
        context,
        filter=lambda texts: matching(texts, _WORTH_A_LOOK),
        judge=leftover,
        prompts=(lambda texts: matching(texts, _TURN.pattern), leftover_in_prompt),
        advice="take it out: the trainer's own template puts its marks",
    )


CHECK = Check(
    name="template-tokens",
    family="quality",
    about="Marks of chat templates, and places to fill in, that were left in texts.",
    severity="error",
    threshold=0.5,
    means="1 = a mark of a template, 0.6 = a place to fill in; at or above is flagged",
    run=_run,
    by_row=True,
)
