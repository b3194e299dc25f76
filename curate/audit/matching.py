"""Which row of one version is which row of the other: by id, by content, by what is nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import Rows
from curate.measure.minhash import jaccards, near_duplicates
from curate.measure.word_runs import buffers, text_keys

__all__ = ["MATCHED_BY", "Keys", "Matched", "keys_of", "match"]

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

MATCHED_BY = ("id", "content", "prompt", "answer", "near")
"""Id; all texts but for case and white space; the prompt; the answer; most of the words."""


class Matched(NamedTuple):
    """Rows that are each other's, in the order of `a`; shape (n_pairs,) each."""

    a: Ints
    b: Ints
    by: npt.NDArray[np.int8]
    """Place in `MATCHED_BY`."""
    ids_used: bool
    """Whether rows were matched by their ids."""


class Keys(NamedTuple):
    """Rows as 64-bit numbers, equal where texts are but for case and white space; (n_rows,)."""

    prompt: Hashes
    answer: Hashes
    rejected: Hashes
    model: Hashes
    id: Hashes
    """0 = no id."""
    long: Bools
    """Whether the answer is so long that its like is no accident."""


def match(
    a: Rows,
    b: Rows,
    keys: tuple[Keys, Keys],
    *,
    trusted: bool = False,
    near: float = 0.5,
) -> Matched:
    """Return which rows of two versions are each other's; each row is in one pair at most.

    First rows of one id, then what is left: rows with the same texts, the same pair of answers
    the other way round, the same prompt and one answer, the same prompt and model, the same
    prompt, the same answer, and at last rows that share most of their words. Of several that are
    alike the first is the first one's, the second the second's.

    Args:
        a: The version before.
        b: The version after.
        keys: Of `keys_of`.
        trusted: Ids hold whatever the rows say. Else they are used only where, of the rows that
            share an id, half at least share a text (a running number is no id).
        near: Least Jaccard similarity of runs of three words.
    """
    before, after = keys
    work = _Work(len(a), len(b))
    ids_used = trusted or _ids_hold(before, after)
    for key in _BY_ID if ids_used else ():
        work.pair(key(before), key(after), "id")
    for key, by in _BY_TEXT:
        work.pair(key(before), key(after), by)
    work.take(*_nearest(a, b, work, near), "near")
    return work.matched(ids_used)


def keys_of(
    a: Rows, b: Rows, ids: tuple[pa.Array | None, pa.Array | None] = (None, None)
) -> tuple[Keys, Keys]:
    """Return the rows of two versions as numbers that can be compared.

    Args:
        a: The version before.
        b: The version after.
        ids: Ids of the rows of either, texts, null = none; None = no row has one.
    """
    named = _id_numbers(ids, (len(a), len(b)))
    return _keys(a, named[0]), _keys(b, named[1])


def _keys(rows: Rows, ids: Hashes) -> Keys:
    lengths = np.asarray(pc.utf8_length(rows.answer).fill_null(0), np.int64)
    return Keys(
        prompt=_hashes(rows.prompt),
        answer=_hashes(rows.answer),
        rejected=_hashes(rows.rejected),
        model=_hashes(rows.column("model")),
        id=ids,
        long=lengths >= _LONG,
    )


_LONG = 40
"""Characters of an answer from which on another prompt with it is the same row edited."""


def _hashes(texts: pa.Array) -> Hashes:
    if not len(texts):
        return np.empty(0, np.uint64)
    keys = text_keys(*buffers(texts))
    there = np.asarray(texts.is_valid().to_numpy(zero_copy_only=False), np.uint64)
    return _mixed(keys[:, 0], keys[:, 1], there)


def _id_numbers(
    ids: tuple[pa.Array | None, pa.Array | None], n: tuple[int, int]
) -> tuple[Hashes, Hashes]:
    """Return a number for each id, the same for the same id, letter for letter; 0 = none."""
    before, after = ids
    if before is None or after is None:
        return np.zeros(n[0], np.uint64), np.zeros(n[1], np.uint64)
    both = pa.concat_arrays([before.cast(pa.large_string()), after.cast(pa.large_string())])
    numbers = np.asarray(both.dictionary_encode().indices.fill_null(-1), np.int64) + 1
    return numbers[: n[0]].astype(np.uint64), numbers[n[0] :].astype(np.uint64)


def _mixed(*parts: Hashes) -> Hashes:
    """Return one number for several, in which each part and its place count."""
    mixed = np.zeros(len(parts[0]), np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            mixed = (mixed ^ part) * _ODD
            mixed ^= mixed >> np.uint64(29)
    return mixed


_ODD = np.uint64(0x9E3779B97F4A7C15)


def _ids_hold(a: Keys, b: Keys) -> bool:
    """Whether rows that share an id mostly share a text."""
    known = [np.flatnonzero(keys.id) for keys in (a, b)]
    at, bt = _joined(a.id[known[0]], b.id[known[1]])
    at, bt = known[0][at], known[1][bt]
    if not len(at):
        return False
    alike = (a.prompt[at] == b.prompt[bt]) | ((a.answer[at] == b.answer[bt]) & a.long[at])
    return bool(alike.mean() >= 0.5)


Key = Callable[[Keys], tuple[Hashes, Bools | None]]
"""A number for each row, and which rows may be matched by it (None = all)."""

_BY_ID: tuple[Key, ...] = (
    lambda k: (_mixed(k.id, k.prompt, k.answer, k.rejected), k.id > 0),
    lambda k: (_mixed(k.id, k.prompt, k.answer), k.id > 0),
    lambda k: (_mixed(k.id, k.prompt, k.model), k.id > 0),
    lambda k: (_mixed(k.id, k.model), k.id > 0),
    lambda k: (k.id, k.id > 0),
)


def _two(k: Keys) -> Hashes:
    """Return a number for a prompt and two answers, whichever is the chosen one."""
    return _mixed(k.prompt, np.minimum(k.answer, k.rejected), np.maximum(k.answer, k.rejected))


_BY_TEXT: tuple[tuple[Key, str], ...] = (
    (lambda k: (_mixed(k.prompt, k.answer, k.rejected, k.model), None), "content"),
    (lambda k: (_mixed(k.prompt, k.answer, k.rejected), None), "content"),
    (lambda k: (_two(k), None), "content"),
    (lambda k: (_mixed(k.prompt, k.answer), None), "prompt"),
    (lambda k: (_mixed(k.prompt, k.rejected, k.model), None), "prompt"),
    (lambda k: (_mixed(k.prompt, k.model), None), "prompt"),
    (lambda k: (k.prompt, None), "prompt"),
    (lambda k: (_mixed(k.answer, k.rejected), k.long), "answer"),
    (lambda k: (k.answer, k.long), "answer"),
)


class _Work:
    """Pairs so far, and the rows that are left."""

    def __init__(self, n_a: int, n_b: int) -> None:
        self.a, self.b = np.arange(n_a), np.arange(n_b)
        self._pairs: list[tuple[Ints, Ints, int]] = []

    def pair(self, a: tuple[Hashes, Bools | None], b: tuple[Hashes, Bools | None], by: str) -> None:
        """Match rows that are left by a number, the first with the first."""
        at, bt = (
            left if may is None else left[may[left]]
            for left, (_, may) in ((self.a, a), (self.b, b))
        )
        one, other = _joined(a[0][at], b[0][bt])
        self.take(at[one], bt[other], by)

    def take(self, a: Ints, b: Ints, by: str) -> None:
        """Note pairs, and leave the others."""
        self._pairs.append((a, b, MATCHED_BY.index(by)))
        self.a = np.setdiff1d(self.a, a, assume_unique=True)
        self.b = np.setdiff1d(self.b, b, assume_unique=True)

    def matched(self, ids_used: bool) -> Matched:
        a, b = (
            np.concatenate([np.empty(0, np.int64), *(pairs[n] for pairs in self._pairs)])
            for n in (0, 1)
        )
        by = np.repeat([n for _, _, n in self._pairs], [len(at) for at, _, _ in self._pairs])
        order = np.argsort(a, kind="stable")
        return Matched(a[order], b[order], by[order].astype(np.int8), ids_used)


def _joined(a: Hashes, b: Hashes) -> tuple[Ints, Ints]:
    """Return the places of equal numbers: the first of one side with the first of the other."""
    if not (len(a) and len(b)):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    one, other = (_mixed(keys, _rank(keys)) for keys in (a, b))
    _, at, bt = np.intersect1d(one, other, return_indices=True)
    return at.astype(np.int64), bt.astype(np.int64)


def _rank(keys: Hashes) -> Hashes:
    """Return how many equal numbers come before each."""
    order = np.argsort(keys, kind="stable")
    new = np.append(True, keys[order][1:] != keys[order][:-1])
    starts = np.flatnonzero(new)
    rank = np.empty(len(keys), np.uint64)
    rank[order] = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    return rank


def _nearest(a: Rows, b: Rows, work: _Work, near: float) -> tuple[Ints, Ints]:
    """Return pairs of rows left that share most of their words, the most alike first."""
    nothing = np.empty(0, np.int64), np.empty(0, np.int64)
    if not (len(work.a) and len(work.b)):
        return nothing
    texts = pa.concat_arrays([_whole(a, work.a), _whole(b, work.b)])
    clusters = near_duplicates(texts, near).clusters
    pairs = np.array(list(_proposed(clusters, len(work.a))), np.int64).reshape(-1, 2)
    if not len(pairs):
        return nothing
    alike = jaccards(texts, pairs)
    at, bt = work.a[pairs[:, 0]], work.b[pairs[:, 1] - len(work.a)]
    return _greedy(at, bt, alike, alike >= near)


def _whole(rows: Rows, at: Ints) -> pa.Array:
    some = pa.array(at)
    columns = [rows.prompt, rows.answer, rows.rejected]
    texts = [pc.fill_null(c.take(some), "").cast(pa.large_string()) for c in columns]
    return pc.binary_join_element_wise(*texts, pa.scalar("\n", pa.large_string()))


def _proposed(clusters: Ints, n_a: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows of one cluster, one of either side; of a crowd each with a few."""
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.append(True, clusters[order][1:] != clusters[order][:-1]))
    for members in np.split(order, starts[1:]):
        ours, theirs = members[members < n_a], members[members >= n_a]
        if len(ours) * len(theirs) <= _CROWD:
            yield from ((one, other) for one in ours.tolist() for other in theirs.tolist())
        else:
            yield from zip(ours.tolist(), theirs.tolist(), strict=False)


_CROWD = 400


def _greedy(a: Ints, b: Ints, alike: npt.NDArray[np.float32], fit: Bools) -> tuple[Ints, Ints]:
    """Return the best pairs first, each row once; ties are settled alike for either side."""
    order = np.lexsort((np.abs(a - b), a + b, -alike))
    used: tuple[set[int], set[int]] = set(), set()
    kept = []
    for n in order[fit[order]].tolist():
        one, other = int(a[n]), int(b[n])
        if one not in used[0] and other not in used[1]:
            used[0].add(one)
            used[1].add(other)
            kept.append(n)
    return a[kept], b[kept]
