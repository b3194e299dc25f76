"""Prompts that repeat another one: which of them go, and for which they stay.

What a check calls copies is taken with care, for what is dropped here nobody will be asked: the
answers of a committee to one prompt are no copies; lines that most prompts share (a template)
tell nothing; prompts that differ in a number, in their system prompt or in the tools on offer are
different ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
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
        look: A check that finds copies: a finding's rows repeat those of its `against`, and rows
            are alike only where their answers are. What must be the same stands as the answer.
    """
    chats = records["messages"].to_pylist()
    asked = texts.distinctive([texts.prompt_text(chat, turns=len(chat)) for chat in chats])
    kinds = list(map(_kind, asked, chats, records["tools"].to_pylist()))
    every = replace(
        prompt_rows(records, pa.array(asked, pa.large_string())),
        answer=pa.array(kinds, pa.large_string()),
    )
    several = {kind for kind, times in Counter(kinds).items() if times > 1}
    at = np.array([n for n, kind in enumerate(kinds) if kind in several], np.int64)
    rows = every.take(at)
    for finding in look(rows):
        kept = " or ".join(rows.place(row) for row in finding.against[:_TOLD])
        yield from ((int(at[row]), f"repeats the prompt of {kept}") for row in finding.rows)


_TOLD = 2


def _kind(asked: str, chat: Sequence[dict[str, Any]], tools: str | None) -> str:
    """Return one word for what copies must have in common beside most of their words."""
    system = [turn["content"] or "" for turn in chat if turn["role"] in ("system", "developer")]
    return digest(*_NUMBER.findall(asked), "", *system, tools or "")


_NUMBER = re.compile(r"\d+")
