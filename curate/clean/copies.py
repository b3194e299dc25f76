"""Prompts that repeat another one: which of them go, and for which they stay.

What a check calls copies is taken with care, for what is dropped here nobody will be asked: the
answers of a committee to one prompt are no copies; lines that most prompts share (a template)
tell nothing; prompts that differ in a number, in their system prompt or in the tools on offer are
different ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from curate import texts
from curate.checks import Rows
from curate.clean.rows import prompt_rows
from curate.records import Finding, digest

__all__ = ["copies"]


def copies(
    records: pa.Table, look: Callable[[Rows], Iterable[Finding]]
) -> Iterator[tuple[int, str]]:
    """Yield each record that goes, with the reason.

    Args:
        records: Table of `records.RECORDS`.
        look: A check that finds copies: a finding's rows repeat those of its `against`.
    """
    chats = records["messages"].to_pylist()
    said = [texts.prompt_text(chat, turns=len(chat)) for chat in chats]
    asked = texts.distinctive(said)
    rows = prompt_rows(records, pa.array(asked, pa.large_string()))
    tools = records["tools"].to_pylist()
    for finding in look(rows):
        members = sorted({*finding.rows, *finding.against})
        kinds: dict[tuple[Any, ...], int] = {}
        for row in members:
            kept = kinds.setdefault(_kind(asked[row], chats[row], tools[row]), row)
            if kept != row:
                yield row, _reason(finding, rows, kept)


def _kind(asked: str, chat: Sequence[dict[str, Any]], tools: str | None) -> tuple[Any, ...]:
    """Return what prompts must have in common to be copies."""
    system = [turn["content"] or "" for turn in chat if turn["role"] in ("system", "developer")]
    return tuple(_NUMBER.findall(asked)), digest(*system, tools or "")


_NUMBER = re.compile(r"\d+")


def _reason(finding: Finding, rows: Rows, kept: int) -> str:
    return f"repeats the prompt of {rows.place(kept)} ({finding.check})"
