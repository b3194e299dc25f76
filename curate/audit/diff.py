"""What changed between two versions of a training file: rows, labels, shares, new faults.

before, after = read_rows(["v1.jsonl"]).rows, read_rows(["v2.jsonl"]).rows
changed = diff(before, after)
changed.counts                                    # {"same": 970, "edited": 12, ...}
for change in changed.changes(): ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.audit.matching import MATCHED_BY, Keys, Matched, keys_of, match
from curate.audit.new_faults import NewFaults, new_faults
from curate.audit.shifts import Coverage, Length, Share, coverage, lengths, shares
from curate.checks.check import Check, Context
from curate.checks.rows import COLUMNS, Rows
from curate.errors import ConfigError

__all__ = ["KINDS", "Change", "Diff", "Kind", "diff", "ids_of"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["same", "annotated", "edited", "flipped", "added", "removed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""same: nothing changed; annotated: what is said beside the texts; edited: a text; flipped: which
answer is preferred, or the label, whatever else; added, removed: the row is in one version only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row that is not as it was."""

    kind: Kind
    before: int | None
    """Row of the version before; None = added."""
    after: int | None
    """Row of the version after; None = removed."""
    matched_by: str = ""
    """One of `matching.MATCHED_BY`."""
    texts: tuple[str, ...] = ()
    """Which of prompt, answer and rejected are others; after a swap as they stand now."""
    only_space: bool = False
    """Whether all that differs in the texts is case and white space."""
    columns: Mapping[str, tuple[str | None, str | None]] | None = None
    """What is said beside the texts: column to before and after."""
    flip: str = ""
    """What was turned round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two versions, and which row of one is which row of the other."""

    a: Rows
    b: Rows
    pairs: tuple[Ints, Ints]
    """Rows of `a`, ascending, and the rows of `b` that they are."""
    keys: tuple[Keys, Keys] = field(repr=False)
    kinds: npt.NDArray[np.int8]
    """Place in `KINDS` of each pair."""
    by: npt.NDArray[np.int8]
    """Place in `matching.MATCHED_BY` of each pair."""
    ids_used: bool
    """Whether rows were matched by their ids."""
    lengths: tuple[Length, ...] = ()
    shares: tuple[Share, ...] = ()
    coverage: Coverage | None = None
    """Where vectors were given."""
    faults: tuple[NewFaults, ...] = ()
    """Of the checks that were to be run on both."""

    @property
    def added(self) -> Ints:
        """Rows of `b` that are new."""
        return np.setdiff1d(np.arange(len(self.b)), self.pairs[1])

    @property
    def removed(self) -> Ints:
        """Rows of `a` that are gone."""
        return np.setdiff1d(np.arange(len(self.a)), self.pairs[0])

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are of each kind."""
        counted = np.bincount(self.kinds, minlength=len(KINDS)).tolist()
        said = dict(zip(KINDS, counted, strict=True))
        return {**said, "added": len(self.added), "removed": len(self.removed)}

    def changes(self) -> Iterator[Change]:
        """Yield every row that is not as it was: pairs by `a`, then removed, then added ones."""
        yield from _changed(self)
        yield from (Change(kind="removed", before=n, after=None) for n in self.removed.tolist())
        yield from (Change(kind="added", before=None, after=n) for n in self.added.tolist())


def diff(
    a: Rows,
    b: Rows,
    *,
    ids: str | None = None,
    near: float = 0.5,
    checks: Sequence[Check] = (),
    contexts: tuple[Context, Context] = (Context(), Context()),
) -> Diff:
    """Return what changed between two versions.

    Rows are matched by id first where ids hold, then by content (`matching.match`). Hash joins
    throughout: time grows with the number of rows, not with its square.

    Args:
        a: Rows of the version before.
        b: Rows of the version after.
        ids: One of `checks.rows.COLUMNS`, or metadata.NAME, that names rows in both; None = the
            rows' own ``id``, where most rows that share one share a text as well.
        near: Least Jaccard similarity of runs of three words from which on rows are one, edited.
        checks: Run on both; what only the version after has is told as new.
        contexts: What checks may look at in `a` and in `b`; where both hold vectors of ``asked``,
            coverage is compared.

    Raises:
        ConfigError: If a version has no such column.
    """
    keys = keys_of(a, b, (ids_of(a, ids), ids_of(b, ids)))
    found = match(a, b, keys, trusted=ids is not None, near=near)
    pairs = (found.a, found.b)
    return Diff(
        a=a,
        b=b,
        pairs=pairs,
        keys=keys,
        kinds=_kinds(a, b, keys, found),
        by=found.by,
        ids_used=found.ids_used,
        lengths=tuple(lengths(a, b)),
        shares=tuple(shares(a, b)),
        coverage=_coverage(contexts),
        faults=tuple(
            new_faults(check.run(a, contexts[0]), check.run(b, contexts[1]), pairs)
            for check in checks
        ),
    )


def ids_of(rows: Rows, name: str | None) -> pa.Array | None:
    """Return the ids of rows; None where they have none of their own.

    Raises:
        ConfigError: If a column is named that no row has.
    """
    if name is None:
        return rows.columns.get("id")
    if name.startswith("metadata."):
        key = name.removeprefix("metadata.")
        said = (_metadata(text).get(key) for text in rows.metadata.to_pylist())
        column = pa.array([None if v is None else _text(v) for v in said], pa.string())
    else:
        column = rows.column(name)
    if len(rows) and column.null_count == len(rows):
        known = ", ".join([*rows.columns, "metadata.NAME"])
        where = ", ".join(rows.files)
        raise ConfigError(f"--id {name}: no row of {where} has it; known: {known}")
    return column


def _metadata(text: str | None) -> dict[str, Any]:
    said = msgspec.json.decode(text) if text else {}
    return said if isinstance(said, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _coverage(contexts: tuple[Context, Context]) -> Coverage | None:
    vectors = [context.vectors.get("asked") for context in contexts]
    if vectors[0] is None or vectors[1] is None:
        return None
    return coverage(vectors[0], vectors[1], seed=contexts[1].seed)


def _kinds(a: Rows, b: Rows, keys: tuple[Keys, Keys], found: Matched) -> npt.NDArray[np.int8]:
    """Return what became of each pair, as places in `KINDS`."""
    kinds = np.full(len(found.a), KINDS.index("same"), np.int8)
    beside = _any_differ(a, b, found, _BESIDE) | _notes_differ(a, b, found.a, found.b)
    kinds[beside] = KINDS.index("annotated")
    kinds[_any_differ(a, b, found, _TEXTS)] = KINDS.index("edited")
    kinds[_flipped(a, b, keys, found)] = KINDS.index("flipped")
    return kinds


_TEXTS = ("prompt", "answer", "rejected")
_BESIDE = (*(name for name in COLUMNS if name != "id"), "votes")
_SAID_ELSEWHERE = frozenset(
    (*COLUMNS, "custom_id", "prompt_id", "question_id", "pair_id", "uuid", "task_id")
)
"""Fields of the metadata that are names of the row, or stand in a column of their own."""


def _any_differ(a: Rows, b: Rows, found: Matched, names: Sequence[str]) -> Bools:
    differ = np.zeros(len(found.a), bool)
    for name in names:
        differ |= _differ(a, b, found.a, found.b, name)
    return differ


def _differ(a: Rows, b: Rows, at: Ints, bt: Ints, name: str) -> Bools:
    """Return which pairs do not say the same, letter for letter."""
    one, other = _column(a, name), _column(b, name)
    if one.null_count == len(one) and other.null_count == len(other):
        return np.zeros(len(at), bool)
    one, other = one.take(pa.array(at)), other.take(pa.array(bt))
    same = pc.fill_null(pc.equal(one, other), False)
    both_null = pc.and_(one.is_null(), other.is_null())
    return ~np.asarray(pc.or_(same, both_null).to_numpy(zero_copy_only=False), bool)


def _column(rows: Rows, name: str) -> pa.Array:
    return _cells(rows, name).cast(pa.large_string())


def _cells(rows: Rows, name: str) -> pa.Array:
    own = (*_TEXTS, "votes", "metadata")
    return getattr(rows, name) if name in own else rows.column(name)


def _notes_differ(a: Rows, b: Rows, at: Ints, bt: Ints) -> Bools:
    """Return the pairs whose metadata differ, by what they say and not by how it is written."""
    differ = _differ(a, b, at, bt, "metadata")
    for n in np.flatnonzero(differ).tolist():
        differ[n] = bool(_notes(a, b, int(at[n]), int(bt[n])))
    return differ


def _notes(a: Rows, b: Rows, at: int, bt: int) -> dict[str, tuple[str | None, str | None]]:
    before, after = (_metadata(rows.metadata[n].as_py()) for rows, n in ((a, at), (b, bt)))
    return {
        f"metadata.{key}": (_field(before, key), _field(after, key))
        for key in dict.fromkeys((*before, *after))
        if key not in _SAID_ELSEWHERE and before.get(key) != after.get(key)
    }


def _flipped(a: Rows, b: Rows, keys: tuple[Keys, Keys], found: Matched) -> Bools:
    """Return the pairs whose preference, label or vote was turned round."""
    flipped = _swapped(*keys, found.a, found.b)
    flipped |= _relabelled(a, b, found)
    differ = np.flatnonzero(_differ(a, b, found.a, found.b, "votes"))
    for n in differ.tolist():
        one = _winner(a.votes[int(found.a[n])].as_py())
        other = _winner(b.votes[int(found.b[n])].as_py())
        flipped[n] |= one is not None and other is not None and one != other
    return flipped


def _swapped(a: Keys, b: Keys, at: Ints, bt: Ints) -> Bools:
    """Return the pairs of which the chosen answer was the rejected one."""
    turned = (a.answer[at] == b.rejected[bt]) & (a.rejected[at] == b.answer[bt])
    swapped: Bools = turned & (a.answer[at] != a.rejected[at])
    return swapped


def _relabelled(a: Rows, b: Rows, found: Matched) -> Bools:
    both = [
        np.asarray(
            rows.column("label").take(pa.array(at)).is_valid().to_numpy(zero_copy_only=False)
        )
        for rows, at in ((a, found.a), (b, found.b))
    ]
    relabelled: Bools = _differ(a, b, found.a, found.b, "label") & both[0] & both[1]
    return relabelled


def _winner(votes: str | None) -> str | None:
    """Return what most votes are for; None where there are none, or the lead is shared."""
    said = [_text(value) for _, value in msgspec.json.decode(votes)] if votes else []
    counts = sorted(((said.count(value), value) for value in set(said)), reverse=True)
    if not counts or (len(counts) > 1 and counts[0][0] == counts[1][0]):
        return None
    return counts[0][1]


def _changed(of: Diff) -> Iterator[Change]:
    """Yield the pairs that are not as they were."""
    rows = np.flatnonzero(of.kinds != KINDS.index("same"))
    at, bt = (side[rows] for side in of.pairs)
    texts = {name: _differ(of.a, of.b, at, bt, name) for name in _TEXTS}
    loose = {name: _loosely(of.keys, at, bt, name) for name in _TEXTS}
    swapped = _swapped(*of.keys, at, bt)
    beside = {name: _differ(of.a, of.b, at, bt, name) for name in _BESIDE}
    for n, row in enumerate(rows.tolist()):
        changed = tuple(name for name in _TEXTS if texts[name][n])
        columns = _columns(of, int(at[n]), int(bt[n]), [k for k in _BESIDE if beside[k][n]])
        yield Change(
            kind=KINDS[of.kinds[row]],
            before=int(at[n]),
            after=int(bt[n]),
            matched_by=MATCHED_BY[of.by[row]],
            texts=changed,
            only_space=bool(changed) and not any(loose[name][n] for name in changed),
            columns=columns,
            flip=_flip(columns, bool(swapped[n])) if KINDS[of.kinds[row]] == "flipped" else "",
        )


def _loosely(keys: tuple[Keys, Keys], at: Ints, bt: Ints, name: str) -> Bools:
    """Return which pairs differ in more than case and white space."""
    return np.asarray(getattr(keys[0], name)[at] != getattr(keys[1], name)[bt], bool)


def _columns(
    of: Diff, before: int, after: int, names: Sequence[str]
) -> dict[str, tuple[str | None, str | None]]:
    said = {
        name: (_cells(of.a, name)[before].as_py(), _cells(of.b, name)[after].as_py())
        for name in names
    }
    return said | _notes(of.a, of.b, before, after)


def _field(said: Mapping[str, Any], key: str) -> str | None:
    return _text(said[key]) if key in said else None


def _flip(columns: Mapping[str, tuple[str | None, str | None]], swapped: bool) -> str:
    if swapped:
        return "chosen and rejected changed places"
    name = next(name for name in ("label", "votes") if name in columns)
    one, other = columns[name]
    return f"{name}: {one} became {other}"
