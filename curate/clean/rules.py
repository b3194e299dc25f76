"""Rows that stay or go by what they say of themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.clean.fates import Fate, Fates
from curate.clean.rows import answers_of, beside, places, prompts_of
from curate.config import CleanConfig
from curate.errors import ConfigError
from curate.where import Rule, parse

__all__ = ["by_rules", "read_rules"]

Ints = npt.NDArray[np.int64]


def read_rules(config: CleanConfig) -> list[tuple[Rule, bool, Fate]]:
    """Return the rules: which, whether its rows go (else the others do), and what they are told.

    Raises:
        ConfigError: If one cannot be read; the message names its key.
    """
    rules = []
    if config.keep is not None:
        rule = _read(config.keep, "keep")
        rules.append((rule, False, _fate("keep", f"not kept: no row of {rule}")))
    for given in config.drop:
        rule = _read(given.where, "drop")
        reason = f"{given.reason} ({rule})" if given.reason else f"dropped where {rule}"
        rules.append((rule, True, _fate("drop", reason)))
    return rules


def by_rules(records: pa.Table, candidates: pa.Table, config: CleanConfig) -> Fates:
    """Say what goes by the rules of the configuration.

    A rule is asked of every answer, and of every prompt that has none. A prompt goes where all
    its answers go, unless the rule looks at nothing but answers.

    Args:
        records: Table of `records.RECORDS`.
        candidates: Table of `records.CANDIDATES`.
        config: The section.

    Raises:
        ConfigError: If a rule cannot be read, or speaks of a column that is not there.
    """
    fates = Fates()
    rules = read_rules(config)
    if not rules:
        return fates
    record, candidate = beside(records, candidates)
    asked = frozenset().union(*(rule.columns for rule, _, _ in rules))
    columns = _Columns(records, candidates, record, candidate, asked)
    for rule, goes, fate in rules:
        out = rule.holds(columns) == goes
        for row in np.unique(candidate[out & (candidate >= 0)]).tolist():
            fates.settle("candidate", row, fate)
        if rule.columns - set(_OF_ANSWERS):
            for row in np.setdiff1d(record, record[~out]).tolist():
                fates.settle("record", row, fate)
    return fates


def _fate(check: str, reason: str) -> Fate:
    return Fate(action="drop", check=check, reason=reason)


def _read(where: str, key: str) -> Rule:
    try:
        return parse(where)
    except ConfigError as error:
        raise ConfigError(f"`clean.{key}`: {error}") from error


class _Columns(Mapping[str, Any]):
    """The columns that rules may speak of, made on demand."""

    def __init__(
        self,
        records: pa.Table,
        candidates: pa.Table,
        record: Ints,
        candidate: Ints,
        asked: frozenset[str],
    ) -> None:
        self._fields = sorted(name for name in asked if name.startswith("metadata."))
        self._records, self._candidates = records, candidates
        self._record = pa.array(record)
        self._candidate = pa.array(candidate, mask=candidate < 0)

    def __getitem__(self, name: str) -> Any:
        if name in _OF_RECORD:
            return _chunked(_OF_RECORD[name](self._records).take(self._record))
        if name in _OF_ANSWERS:
            return _chunked(_OF_ANSWERS[name](self._candidates).take(self._candidate))
        if name not in self._fields:
            raise KeyError(name)
        key = name.removeprefix("metadata.")
        own = _field(self._candidates, key).take(self._candidate)
        return _chunked(pc.coalesce(own, _field(self._records, key).take(self._record)))

    def __iter__(self) -> Iterator[str]:
        return iter((*_OF_RECORD, *_OF_ANSWERS, *(self._fields or ["metadata.NAME"])))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _chunked(values: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray | npt.NDArray[np.float64]:
    """Return a column as the rules take it: numbers as they are, texts as string."""
    if pa.types.is_floating(values.type):
        return np.asarray(values.to_numpy(), np.float64)
    parts = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    return pa.chunked_array(parts, values.type).cast(pa.string())


def _files(table: pa.Table) -> pa.Array:
    return places(table["source"])[0].cast(pa.string())


def _texts(name: str) -> Callable[[pa.Table], pa.ChunkedArray]:
    return lambda table: pc.if_else(pc.equal(table[name], ""), None, table[name])


_OF_RECORD: dict[str, Callable[[pa.Table], pa.Array]] = {
    "source": _files,
    "group": _texts("group"),
    "record_id": _texts("id"),
    "time": lambda records: records["time"],
    "prompt": lambda records: prompts_of(records).asked,
}
_OF_ANSWERS: dict[str, Callable[[pa.Table], pa.Array]] = {
    "model": _texts("model"),
    "origin": _texts("origin"),
    "finish_reason": _texts("finish_reason"),
    "answer": answers_of,
}


def _field(table: pa.Table, key: str) -> pa.Array:
    """Return a field of the metadata as text; null where a row has none."""
    parts = [
        pa.array([_said(text, key) for text in chunk.to_pylist()], pa.string())
        for chunk in table["metadata"].chunks
    ]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.string())


@lru_cache(maxsize=4096)
def _said(metadata: str | None, key: str) -> str | None:
    value = json.loads(metadata or "{}").get(key)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
