"""Code fences that do not close, JSON that does not parse, Python that does not compile.

Nothing is ever run: Python is parsed, no more.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from curate.checks.check import Check, Context, Found
from curate.checks.quality.judging import Fault, Field, finding, found, matching, taken
from curate.checks.rows import Rows

__all__ = ["CHECK", "Block", "blocks", "code_fault", "json_fault", "python_fault"]


class Block(NamedTuple):
    """A fenced block of code."""

    language: str
    """What stands after the fence, lower case."""
    start: int
    """First character of the code."""
    end: int
    closed: bool


def blocks(text: str) -> list[Block]:
    r"""Return the fenced blocks of a text, those that are left open included.

    A fence is three or more backquotes or tildes at the beginning of a line; it is closed by as
    many of the same kind, with nothing after them (CommonMark) but a template's end-of-text mark.

    >>> [(b.language, b.closed) for b in blocks("```json\n{}\n```\nand\n```py\nx")]
    [('json', True), ('py', False)]
    """
    out: list[Block] = []
    mark, language, start = "", "", 0
    for fence in _FENCE.finditer(text):
        if not mark:
            mark, language, start = fence[1], fence[2].strip().lower(), fence.end() + 1
        elif fence[1].startswith(mark) and _CLOSING.fullmatch(fence[2]):
            out.append(Block(language, min(start, fence.start()), fence.start(), True))
            mark = ""
    if mark:
        out.append(Block(language, min(start, len(text)), len(text), False))
    return out


def code_fault(answer: str, prompt: str = "") -> Fault | None:
    r"""Say what is broken in an answer's code: the worst of what is met.

    Args:
        answer: What was answered.
        prompt: Not looked at.

    >>> code_fault("```python\nprint('hi'").says
    'opens a code fence that it never closes'
    """
    fenced = blocks(answer)
    for block in fenced:
        if not block.closed:
            head = max(answer.rfind("\n", 0, max(block.start - 1, 0)) + 1, 0)
            return Fault(
                says="opens a code fence that it never closes",
                spans=((head, max(block.start, head + 3)),),
                score=0.9,
            )
    return _of_json(answer, fenced) or _of_python(answer, fenced)


def json_fault(text: str) -> tuple[str, int] | None:
    """Say what keeps a text from being JSON, and at which character; None if nothing does.

    Several values one below the other (JSON Lines) are JSON, and so is NaN, which Python writes.

    >>> json_fault('{"a": [1, 2}')
    ("Expecting ',' delimiter", 11)
    """
    at, size = _space(text, 0), len(text)
    try:
        while at < size:
            _, end = _JSON.raw_decode(text, at)
            at = _space(text, end)
    except json.JSONDecodeError as wrong:
        return wrong.msg, wrong.pos
    except RecursionError:
        return "nested too deep to be read", 0
    except ValueError as wrong:
        return str(wrong), 0
    return None


def python_fault(code: str) -> tuple[str, int] | None:
    r"""Say why Python code does not parse, and in which line; None if it does or was not tried.

    Sessions (``>>>``), notebook commands, Python 2 and code with something left out (``...`` in
    its place) are not tried, nor is what is very long or nested very deep.

    >>> python_fault("def f(x)\n    return x")
    ("expected ':'", 1)
    """
    if len(code) > _LONGEST or _NO_PYTHON.search(code) or _depth(code) > _DEEPEST:
        return None
    try:
        ast.parse(textwrap.dedent(code))
    except SyntaxError as wrong:
        return str(wrong.msg), wrong.lineno or 1
    except (ValueError, MemoryError, RecursionError, OverflowError):
        return None
    return None


_FENCE = re.compile(r"(?m)^[ \t>]*(`{3,}|~{3,})([^`\n]*)$")
_CLOSING = re.compile(r"\s*(?:(?:</?s>|<\|[^|>\n]*\|>|<end_of_turn>|\[/INST\]).*)?")
"""What may stand after a closing fence: nothing, or the mark of a template, another fault."""
_JSON = json.JSONDecoder()
_LONGEST, _DEEPEST = 20_000, 60
_NO_PYTHON = re.compile(
    r"(?m)^\s*(?:>>>|In \[|[%!]\w|\$ |print +[^(=\s]|exec +[\"']|pip install|\.\.\.\s*$|"
    r"except \w+, \w+:)|<[a-z_ ]+>|…|\{\{|[-+~]{40}|(?:\bnot\s+){20}"
)
_SKETCH = re.compile(r"\.\.\.|…|//|/\*|(?m:^\s*#)|<[a-zA-Z_ ]+>|\{\{|\$\{|\bundefined\b")
_LOOKS_LIKE_JSON = re.compile(
    r'\s*(?:\{\s*"(?:[^"\\\n]|\\.){1,60}"\s*:|\[\s*(?:\{\s*"|"[^"\n]*"\s*,))'
)


def _space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\n\r":
        at += 1
    return at


def _of_json(answer: str, fenced: list[Block]) -> Fault | None:
    for block in fenced:
        code = answer[block.start : block.end]
        if block.language in ("json", "jsonl") and not _SKETCH.search(code):
            wrong = json_fault(code)
            if wrong:
                return _json_fault(answer, "holds a block of JSON", block.start, wrong, 0.7)
    if _LOOKS_LIKE_JSON.match(answer):
        wrong = _leading_json(answer)
        if wrong and not _SKETCH.search(answer):
            return _json_fault(answer, "looks like JSON", 0, wrong, 0.8)
    return None


def _leading_json(text: str) -> tuple[str, int] | None:
    """Say what is wrong with the value that a text begins with; what follows it is its own."""
    try:
        _JSON.raw_decode(text, _space(text, 0))
    except json.JSONDecodeError as wrong:
        return wrong.msg, wrong.pos
    except RecursionError:
        return "nested too deep to be read", 0
    except ValueError as wrong:
        return str(wrong), 0
    return None


def _json_fault(answer: str, what: str, start: int, wrong: tuple[str, int], score: float) -> Fault:
    why, at = wrong
    here = min(start + at, max(len(answer) - 1, 0))
    return Fault(
        says=f"{what} that does not parse ({why}, character {at + 1})",
        spans=((here, here + 1),),
        score=score,
    )


def _of_python(answer: str, fenced: list[Block]) -> Fault | None:
    for block in fenced:
        if block.language in ("python", "py", "python3"):
            wrong = python_fault(answer[block.start : block.end])
            if wrong:
                return Fault(
                    says=f"holds Python that does not compile ({wrong[0]}, line {wrong[1]})",
                    spans=((block.start, block.end),),
                    score=0.4,
                    severity="info",
                )
    return None


def _depth(code: str) -> int:
    depth = most = 0
    for mark in re.findall(r"[(\[{]|[)\]}]", code):
        depth += 1 if mark in "([{" else -1
        most = max(most, depth)
    return most


def _run(rows: Rows, context: Context) -> Found:
    least = context.threshold(CHECK)
    findings = [
        finding(CHECK, row, field, fault, "mend it, or drop the row")
        for field in _FIELDS
        for row, fault in _faults(rows, field)
        if not fault.score < least
    ]
    return found(CHECK, findings, looked_at=int(rows.has_answer.sum()))


_FIELDS: tuple[Field, ...] = ("answer", "rejected")
_WORTH_A_LOOK = r"```|~~~|^\s*\{\s*\"|^\s*\[\s*[{\"]"


def _faults(rows: Rows, field: Field) -> Iterator[tuple[int, Fault]]:
    texts = getattr(rows, field)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        for row, text in taken(matching(texts, _WORTH_A_LOOK), texts):
            fault = code_fault(text)
            if fault is not None:
                yield row, fault


CHECK = Check(
    name="broken-code",
    family="quality",
    about="Code fences left open, JSON that does not parse, Python that does not compile.",
    severity="warning",
    threshold=0.3,
    means="0.9 = a fence left open, 0.8 = the answer is broken JSON, 0.7 = a block of it is, 0.4 = "
    "Python that does not compile; at or above is flagged",
    run=_run,
    by_row=True,
)
