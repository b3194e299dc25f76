"""The pool as checks see it: each answer a row, and each prompt that has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import TURNS, Rows
from curate.texts import Turn, answer_text, chat_text, prompt_text

__all__ = [
    "PoolRows",
    "answers_of",
    "beside",
    "places",
    "prompt_rows",
    "prompts_of",
    "rows_from_pool",
]

Ints = npt.NDArray[np.int64]
_BATCH = 16_384


class PoolRows(NamedTuple):
    """Rows, and which record and candidate each is."""

    rows: Rows
    record: Ints
    """Row in the records, shape (n_rows,)."""
    candidate: Ints
    """Row in the candidates; -1 = a prompt without an answer."""


def rows_from_pool(records: pa.Table, candidates: pa.Table) -> PoolRows:
    """Return one row an answer, in their order, then one for each prompt without an answer.

    Args:
        records: Table of `records.RECORDS`.
        candidates: Table of `records.CANDIDATES`; answers to other prompts are left out.
    """
    record, candidate = beside(records, candidates)
    prompts = prompts_of(records).take(record)
    said = _placed(records, candidates, record, candidate)
    return PoolRows(_rows(prompts, *said), record, candidate)


def beside(records: pa.Table, candidates: pa.Table) -> tuple[Ints, Ints]:
    """Return the record and the candidate (-1 = none) of each row of `rows_from_pool`."""
    at = pc.index_in(candidates["record_id"], value_set=records["id"].combine_chunks())
    at = np.asarray(at.fill_null(-1).to_numpy(), np.int64)
    answered = np.flatnonzero(at >= 0)
    bare = np.setdiff1d(np.arange(records.num_rows), at)
    none = np.full(len(bare), -1)
    return np.concatenate([at[answered], bare]), np.concatenate([answered, none])


def prompt_rows(records: pa.Table, prompts: pa.Array) -> Rows:
    """Return one row a record, without answers.

    Args:
        records: Table of `records.RECORDS`.
        prompts: What stands for each prompt; large_string.
    """
    lengths = np.asarray(pc.utf8_length(prompts).fill_null(0), np.int64)
    turns = [[("user", 0, n)] for n in lengths.tolist()]
    said = _Prompts(prompts, prompts, pa.array(turns, TURNS))
    answers = pa.nulls(len(prompts), pa.large_string())
    at = pa.array(np.arange(len(prompts)))
    columns = {name: _of(records, name, at) for name in ("id", "group")}
    return _rows(said, answers, _of(records, "source", at), columns)


class _Prompts(NamedTuple):
    """Prompts as columns of `Rows`."""

    prompt: pa.Array
    asked: pa.Array
    turns: pa.Array

    def take(self, rows: Ints) -> _Prompts:
        """Return some of them."""
        at = pa.array(rows)
        return _Prompts(*(column.take(at) for column in self))


def prompts_of(records: pa.Table) -> _Prompts:
    """Return each record's prompt as `Rows` have it."""
    parts = [_some_prompts(batch) for batch in records.to_batches(max_chunksize=_BATCH)]
    kinds = (pa.large_string(), pa.large_string(), TURNS)
    columns = zip(*parts, strict=True) if parts else [()] * 3
    return _Prompts(*(_joined(list(some), kind) for some, kind in zip(columns, kinds, strict=True)))


def _joined(parts: list[pa.Array], kind: pa.DataType) -> pa.Array:
    return pa.concat_arrays(parts) if parts else pa.array([], kind)


def _some_prompts(batch: pa.RecordBatch) -> _Prompts:
    """Return prompts: single user turns without a look at each, the others one by one."""
    messages = batch.column("messages")
    text, plain = _plain(messages)
    others = np.flatnonzero(~plain)
    chats = messages.take(pa.array(others)).to_pylist()
    told = [chat_text(chat) for chat in chats]
    mask = pa.array(~plain)
    prompts = pa.array([prompt for prompt, _ in told], pa.large_string())
    asked = pa.array([prompt_text(chat) for chat in chats], pa.large_string())
    return _Prompts(
        pc.replace_with_mask(text, mask, prompts),
        pc.replace_with_mask(text, mask, asked),
        _turns(text, dict(zip(others.tolist(), (turns for _, turns in told), strict=True))),
    )


def _plain(messages: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """Return the text of each chat's first turn, and which chats are that one user turn."""
    n = np.asarray(pc.list_value_length(messages).fill_null(0))
    flat = messages.flatten()
    first = pa.array(np.cumsum(n) - n, mask=n == 0)
    turn = flat.take(first) if len(flat) else pa.nulls(len(messages), flat.type)
    content, role = pc.struct_field(turn, "content"), pc.struct_field(turn, "role")
    more = [pc.struct_field(turn, name).is_valid() for name in ("tool_calls", "refusal")]
    plain = pc.and_(pc.equal(role, "user"), content.is_valid())
    for there in more:
        plain = pc.and_not(plain, there)
    only = (n == 1) & np.asarray(plain.fill_null(False))
    return pc.fill_null(content, "").cast(pa.large_string()), only


def _turns(text: pa.Array, told: Mapping[int, Sequence[Turn]]) -> pa.Array:
    """Return the turns of each prompt: those told, elsewhere one of the user."""
    counts = np.ones(len(text), np.int64)
    counts[list(told)] = [len(turns) for turns in told.values()]
    ends = np.cumsum(counts)
    n = int(ends[-1]) if len(ends) else 0
    roles, start, end = np.full(n, "user", object), np.zeros(n, np.int32), np.zeros(n, np.int32)
    end[ends - 1] = np.asarray(pc.utf8_length(text))
    for row, turns in told.items():
        at = slice(int(ends[row] - counts[row]), int(ends[row]))
        roles[at], start[at], end[at] = zip(*turns, strict=True) if turns else ((), (), ())
    values = pa.StructArray.from_arrays(
        [pa.array(roles, pa.string()), pa.array(start), pa.array(end)],
        fields=list(TURNS.value_type),
    )
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def answers_of(candidates: pa.Table) -> pa.Array:
    """Return what each answer says, as `texts.answer_text` has it; large_string."""
    parts = [
        _some_answers(batch.column("message"))
        for batch in candidates.select(["message"]).to_batches(max_chunksize=_BATCH)
    ]
    return _joined(parts, pa.large_string())


def _some_answers(messages: pa.Array) -> pa.Array:
    content = pc.fill_null(pc.struct_field(messages, "content"), "").cast(pa.large_string())
    more = [pc.struct_field(messages, name).is_valid() for name in ("tool_calls", "refusal")]
    odd = pc.or_(*more)
    rows = messages.filter(odd).to_pylist()
    return pc.replace_with_mask(content, odd, pa.array(map(answer_text, rows), pa.large_string()))


def places(sources: pa.ChunkedArray) -> tuple[pa.DictionaryArray, Ints]:
    """Return the file (by number of its name) and the line that ``file:line`` texts speak of.

    >>> files, lines = places(pa.chunked_array([["a.jsonl:3", "b:c.jsonl:12", ""]]))
    >>> files.to_pylist(), lines.tolist()
    (['a.jsonl', 'b:c.jsonl', ''], [3, 12, 0])
    """
    text = pc.fill_null(sources, "")
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    found = pc.extract_regex(text, r"(?s)^(?P<file>.*):(?P<line>[0-9]{1,18})$")
    there = found.is_valid()
    names = pc.if_else(there, pc.struct_field(found, "file"), text)
    lines = pc.if_else(there, pc.struct_field(found, "line"), "0").cast(pa.int64())
    return names.dictionary_encode(), np.asarray(lines.to_numpy(zero_copy_only=False), np.int64)


def _placed(
    records: pa.Table, candidates: pa.Table, record: Ints, candidate: Ints
) -> tuple[pa.Array, pa.ChunkedArray, dict[str, pa.Array]]:
    """Return the answers, the sources and the other columns of rows."""
    own = pa.array(candidate, mask=candidate < 0)
    answers = answers_of(candidates).take(own)
    at = pa.array(record)
    sources = pc.coalesce(_of(candidates, "source", own), _of(records, "source", at))
    columns = {
        "id": pc.coalesce(_of(candidates, "id", own), _of(records, "id", at)),
        "group": _of(records, "group", at),
        "model": _of(candidates, "model", own),
        "finish_reason": _of(candidates, "finish_reason", own),
    }
    return answers, sources, columns


def _of(table: pa.Table, name: str, at: pa.Array) -> pa.Array:
    """Return a column's texts of some rows; null where a text is empty."""
    values = table[name].take(at)
    values = pc.if_else(pc.equal(values, ""), None, values)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _rows(
    prompts: _Prompts, answers: pa.Array, sources: pa.Array, columns: dict[str, pa.Array]
) -> Rows:
    files, lines = places(sources)
    n = len(answers)
    nothing = pa.nulls(n, pa.large_string())
    return Rows(
        files=tuple(files.dictionary.to_pylist()),
        file=np.asarray(files.indices, np.int32),
        line=lines,
        prompt=prompts.prompt,
        asked=prompts.asked,
        answer=answers,
        rejected=nothing,
        turns=prompts.turns,
        votes=nothing,
        metadata=nothing,
        columns={name: said for name, said in columns.items() if said.null_count < n},
    )
