"""From settled rows to what a writer sees, and the writers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.checks.format import normal_form
from curate.records import Candidate, Curated, Message, Record
from curate.registry import Registry

__all__ = ["WRITERS", "Example", "Row", "Unfit", "Writer", "examples"]

Row = dict[str, Any]


class Unfit(Exception):
    """Raised by a writer for an example that its format cannot hold; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A settled row with its prompt, and how its answers fared in other rows."""

    curated: Curated
    record: Record
    bad: tuple[Message, ...] = ()
    """both_bad: the two answers (where the candidates were given), but for those that another
    row prefers."""
    chosen_beaten: bool = False
    """The chosen answer lost, or was called bad, in another row."""
    rejected_preferred: bool = False
    """The rejected answer won, or was called good, in another row."""
    contradicted: bool = False
    """Another row prefers the rejected answer to the chosen one."""


Writer = Callable[[Example], list[Row]]
"""From an example to its rows (none is not an answer: raise `Unfit` and say why)."""

WRITERS = Registry[Writer](
    "writer",
    {
        "trl-messages": "curate.export.trl:messages",
        "trl-prompt-completion": "curate.export.trl:prompt_completion",
        "trl-preference": "curate.export.trl:preference",
        "trl-preference-implicit": "curate.export.trl:preference_implicit",
        "trl-unpaired": "curate.export.trl:unpaired",
        "openai-sft": "curate.export.openai:sft",
        "openai-dpo": "curate.export.openai:dpo",
    },
)
"""Format to what writes its rows."""


def examples(
    curated: Sequence[Curated],
    records: Mapping[str, Record],
    candidates: Mapping[str, Candidate] | None = None,
) -> Iterator[Example]:
    """Give each settled row with its prompt; rows whose record is not given are skipped.

    Args:
        curated: Settled rows.
        records: By id.
        candidates: By id; needed for the two answers of a pair that are both bad.
    """
    bad = {row.id: _bad(row, candidates or {}) for row in curated}
    won = {_key(row, row.chosen) for row in curated if row.chosen}
    lost = {_key(row, row.rejected) for row in curated if row.rejected}
    lost |= {_key(row, message) for row in curated for message in bad[row.id]}
    orders = {_order(row) for row in curated}
    for row in curated:
        if row.record_id in records:
            yield Example(
                curated=row,
                record=records[row.record_id],
                bad=tuple(m for m in bad[row.id] if _key(row, m) not in won),
                chosen_beaten=_key(row, row.chosen) in lost,
                rejected_preferred=_key(row, row.rejected) in won,
                contradicted=row.rejected is not None and _order(row)[::-1] in orders,
            )


Key = tuple[Any, ...]


def _order(row: Curated) -> tuple[Key, Key]:
    return _key(row, row.chosen), _key(row, row.rejected)


def _key(row: Curated, message: Message | None) -> Key:
    if message is None:
        return ()
    calls = tuple((call.name, call.arguments) for call in message.tool_calls)
    return row.record_id, normal_form(message.content or message.refusal or ""), calls


def _bad(row: Curated, candidates: Mapping[str, Candidate]) -> tuple[Message, ...]:
    if row.outcome != "both_bad":
        return ()
    return tuple(candidates[id].message for id in row.sources if id in candidates)
