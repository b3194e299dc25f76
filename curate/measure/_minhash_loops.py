"""The inner loops of `minhash`, compiled (numba). Imported on use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled
from curate.measure._word_loops import mixed, scan

__all__ = ["joined", "leads", "rooted", "shingle_sets", "sign", "similar", "table_of"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Points = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]

_SHIFT = np.uint64(32)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_NONE = np.uint32(0xFFFFFFFF)
_LOW = np.uint64(0xFFFFFFFF)


@compiled
def _shingles(words: Hashes, n: int, width: int, shingles: Hashes) -> int:
    """Write a hash of each run of `width` words; of fewer words one of them all."""
    width = min(width, n)
    if n == 0:
        return 0
    for at in range(n - width + 1):
        value = np.uint64(width)
        for k in range(width):
            value = (value ^ words[at + k]) * _STEP
        shingles[at] = mixed(value)
    return n - width + 1


@compiled
def sign(
    data: Bytes,
    offsets: Ints,
    width: int,
    kinds: Bytes,
    folds: Points,
    fold_at: Points,
    common: Hashes,
    factors: Hashes,
    terms: Hashes,
    places: Ints,
    keys: Keys,
    small: Bytes,
    whole: Hashes,
    signatures: Keys,
) -> None:
    """Write what is known of each text: its bands, its signature in bytes, its words as one hash.

    Args:
        data: Bytes of the texts.
        offsets: Where each starts, and where the last one ends.
        width: Words a shingle.
        kinds: What each character does.
        folds: Folded characters, one after the other.
        fold_at: Where those of each character start.
        common: Table of shingles that do not count.
        factors: Of the permutations, odd.
        terms: Of the permutations.
        places: Which places of the signature each band is made of, shape (n_bands, n_rows).
        keys: Written, shape (n_bands, n_texts).
        small: Written, shape (n_texts, n_permutations).
        whole: Written, shape (n_texts,); 0 = no word.
        signatures: Written where it has rows, shape (n_texts or 0, n_permutations).
    """
    most = 0
    for text in range(offsets.shape[0] - 1):
        most = max(most, offsets[text + 1] - offsets[text])
    words = np.empty(2 * most // 3 + 2, np.uint64)
    starts = np.empty(words.shape[0], np.int64)
    ends = np.empty(words.shape[0], np.int64)
    shingles = np.empty(words.shape[0], np.uint64)
    least = np.empty(factors.shape[0], np.uint32)
    for text in range(offsets.shape[0] - 1):
        n = scan(
            *(data, offsets[text], offsets[text + 1], False, kinds, folds, fold_at),
            *(words, starts, ends, 0),
        )
        whole[text] = _in_order(words, n)
        n = _shingles(words, n, width, shingles)
        n = _uncommon(shingles, n, common)
        _least(shingles, n, factors, terms, least)
        for k in range(small.shape[1]):
            small[text, k] = least[k] & np.uint32(255)
        for band in range(keys.shape[0]):
            keys[band, text] = _band(least, places[band])
        if signatures.shape[0]:
            signatures[text] = least


@compiled
def _in_order(words: Hashes, n: int) -> np.uint64:
    """Return a hash of words in their order; 0 of none."""
    value = np.uint64(n)
    for k in range(n):
        value = mixed(value ^ words[k])
    return value


@compiled
def _uncommon(shingles: Hashes, n: int, common: Hashes) -> int:
    """Move the shingles that count to the front; all count where none would be left."""
    if common.shape[0] < 2:
        return n
    mask = np.uint64(common.shape[0] - 1)
    kept = 0
    for k in range(n):
        value = shingles[k]
        slot = value & mask
        while common[slot] != 0 and common[slot] != value:
            slot = (slot + np.uint64(1)) & mask
        if common[slot] == 0:
            shingles[k], shingles[kept] = shingles[kept], value
            kept += 1
    return kept if kept else n


@compiled
def _least(shingles: Hashes, n: int, factors: Hashes, terms: Hashes, least: Keys) -> None:
    least[:] = _NONE
    for at in range(n):
        value = shingles[at] >> _SHIFT
        for k in range(least.shape[0]):
            permuted = np.uint32((factors[k] * value + terms[k]) >> _SHIFT)
            least[k] = min(least[k], permuted)


@compiled
def _band(least: Keys, places: Ints) -> np.uint32:
    value = np.uint64(places.shape[0])
    for k in range(places.shape[0]):
        value = mixed(value ^ np.uint64(least[places[k]]))
    return np.uint32(value >> _SHIFT)


@compiled
def leads(
    buckets: Hashes,
    starts: Ints,
    turn: int,
    roots: Points,
    small: Bytes,
    order: Ints,
    least_equal: int,
    rejected: Hashes,
    pairs: Points,
) -> tuple[int, int]:
    """Write the pairs to compare: the `turn`-th text of each bucket with those behind it.

    Left out are texts of one cluster, pairs that were compared before, and pairs whose
    signatures agree in fewer than `least_equal` places.

    Args:
        buckets: Texts sorted by band key, the text in the lower 32 bits.
        starts: Where each bucket still to be looked at starts and ends, shape (n_buckets, 2).
        turn: Which text of each bucket leads.
        roots: Cluster of each text, as a forest.
        small: Signatures in bytes.
        order: Which of them is each text's.
        least_equal: In how many places signatures must agree.
        rejected: Pairs that were compared, a table that forgets.
        pairs: Written, shape (room, 2).

    Returns:
        How many pairs, and how many buckets were looked at before there was no more room.
    """
    n = 0
    for bucket in range(starts.shape[0]):
        start, end = starts[bucket, 0], starts[bucket, 1]
        if n + end - start > pairs.shape[0]:
            return n, bucket
        lead = np.int64(buckets[start + turn] & _LOW)
        root = _root(roots, lead)
        for at in range(start + turn + 1, end):
            other = np.int64(buckets[at] & _LOW)
            if _root(roots, other) == root or _known(rejected, lead, other):
                continue
            if _equal(small, order[lead], order[other]) >= least_equal:
                pairs[n, 0], pairs[n, 1] = lead, other
                n += 1
    return n, starts.shape[0]


@compiled
def _root(roots: Points, at: np.int64) -> np.int64:
    while roots[at] != at:
        roots[at] = roots[roots[at]]
        at = np.int64(roots[at])
    return at


@compiled
def _slot(rejected: Hashes, a: np.int64, b: np.int64) -> tuple[np.uint64, np.uint64]:
    pair = (np.uint64(min(a, b) + 1) << _SHIFT) | np.uint64(max(a, b))
    return pair, mixed(pair) & np.uint64(rejected.shape[0] - 1)


@compiled
def _known(rejected: Hashes, a: np.int64, b: np.int64) -> bool:
    pair, slot = _slot(rejected, a, b)
    return bool(rejected[slot] == pair)


@compiled
def _equal(small: Bytes, a: np.int64, b: np.int64) -> np.int32:
    n = np.int32(0)
    for k in range(small.shape[1]):
        n += np.int32(small[a, k] == small[b, k])
    return n


@compiled
def joined(
    pairs: Points, jaccards: Floats, threshold: float, roots: Points, rejected: Hashes
) -> None:
    """Join the clusters of pairs that are alike; remember the others."""
    for k in range(pairs.shape[0]):
        a, b = np.int64(pairs[k, 0]), np.int64(pairs[k, 1])
        if jaccards[k] >= threshold:
            one, two = _root(roots, a), _root(roots, b)
            roots[max(one, two)] = min(one, two)
        else:
            pair, slot = _slot(rejected, a, b)
            rejected[slot] = pair


@compiled
def rooted(roots: Points) -> None:
    """Let every text point to the root of its cluster."""
    for at in range(roots.shape[0]):
        roots[at] = _root(roots, np.int64(at))


@compiled
def similar(
    data: Bytes,
    offsets: Ints,
    width: int,
    kinds: Bytes,
    folds: Points,
    fold_at: Points,
    common: Hashes,
    pairs: Ints,
    jaccards: Floats,
) -> None:
    """Write the Jaccard similarity of the shingles of each pair of texts; 1 of two empty ones.

    Args:
        data: Bytes of the texts.
        offsets: Where each starts, and where the last one ends.
        width: Words a shingle.
        kinds: What each character does.
        folds: Folded characters, one after the other.
        fold_at: Where those of each character start.
        common: Table of shingles that do not count.
        pairs: Shape (n_pairs, 2); cheapest where pairs with the same first text follow each other.
        jaccards: Written, shape (n_pairs,).
    """
    most = 0
    for k in range(pairs.shape[0]):
        for side in range(2):
            text = pairs[k, side]
            most = max(most, offsets[text + 1] - offsets[text])
    room = 2 * most // 3 + 2
    words = np.empty(room, np.uint64)
    starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    shingles = np.empty(room, np.uint64)
    size = 2
    while size < 2 * room:
        size *= 2
    left, left_stamps = np.empty(size, np.uint64), np.zeros(size, np.int64)
    right, right_stamps = np.empty(size, np.uint64), np.zeros(size, np.int64)
    n_left, last, mask_left = 0, -1, 0
    for k in range(pairs.shape[0]):
        for side in range(2):
            text = pairs[k, side]
            if side == 0 and text == last:
                continue
            n = scan(
                *(data, offsets[text], offsets[text + 1], False, kinds, folds, fold_at),
                *(words, starts, ends, 0),
            )
            n = _shingles(words, n, width, shingles)
            n = _uncommon(shingles, n, common)
            mask = _mask(n)
            if side == 0:
                n_left = _distinct(shingles, n, left, left_stamps, k + 1, mask)
                last, mask_left, stamp = text, mask, k + 1
            else:
                n_right = _distinct(shingles, n, right, right_stamps, k + 1, mask)
                both = _shared(shingles, n_right, left, left_stamps, stamp, mask_left)
                jaccards[k] = both / max(n_left + n_right - both, 1)
                a, b = pairs[k, 0], pairs[k, 1]
                if offsets[a] == offsets[a + 1] and offsets[b] == offsets[b + 1]:
                    jaccards[k] = 1.0


@compiled
def _mask(n: int) -> int:
    size = 2
    while size < 2 * n:
        size *= 2
    return size - 1


@compiled
def _distinct(shingles: Hashes, n: int, table: Hashes, stamps: Ints, stamp: int, mask: int) -> int:
    """Put shingles into a table, and the distinct ones to the front; return how many."""
    kept = 0
    for k in range(n):
        value = shingles[k]
        slot = np.int64(value >> _SHIFT) & mask
        while stamps[slot] == stamp and table[slot] != value:
            slot = (slot + 1) & mask
        if stamps[slot] != stamp:
            table[slot], stamps[slot] = value, stamp
            shingles[kept] = value
            kept += 1
    return kept


@compiled
def _shared(shingles: Hashes, n: int, table: Hashes, stamps: Ints, stamp: int, mask: int) -> int:
    both = 0
    for k in range(n):
        slot = np.int64(shingles[k] >> _SHIFT) & mask
        while stamps[slot] == stamp and table[slot] != shingles[k]:
            slot = (slot + 1) & mask
        both += stamps[slot] == stamp
    return both


@compiled
def shingle_sets(
    data: Bytes,
    offsets: Ints,
    width: int,
    kinds: Bytes,
    folds: Points,
    fold_at: Points,
    texts: Ints,
) -> tuple[Hashes, Ints, Hashes]:
    """Return the distinct shingles of some texts, where each text's end, and its words' hash."""
    total, most = 0, 0
    for text in texts:
        size = offsets[text + 1] - offsets[text]
        total, most = total + 2 * size // 3 + 2, max(most, size)
    found = np.empty(total, np.uint64)
    words = np.empty(2 * most // 3 + 2, np.uint64)
    starts, ends = np.empty(words.shape[0], np.int64), np.empty(words.shape[0], np.int64)
    size = _mask(words.shape[0]) + 1
    table, stamps = np.empty(size, np.uint64), np.zeros(size, np.int64)
    behind, whole = np.zeros(texts.shape[0], np.int64), np.zeros(texts.shape[0], np.uint64)
    n = 0
    for k in range(texts.shape[0]):
        begin, end = offsets[texts[k]], offsets[texts[k] + 1]
        many = scan(
            *(data, begin, end, False, kinds, folds, fold_at),
            *(words, starts, ends, 0),
        )
        whole[k] = _in_order(words, many)
        room = found[n:]
        many = _shingles(words, many, width, room)
        n += _distinct(room, many, table, stamps, k + 1, _mask(many))
        behind[k] = n
    return found[:n].copy(), behind, whole


@compiled
def table_of(shingles: Hashes) -> Hashes:
    """Return shingles as the table that `sign` and `similar` look them up in."""
    if shingles.shape[0] == 0:
        return np.zeros(1, np.uint64)
    mask = np.uint64(_mask(shingles.shape[0]))
    table = np.zeros(np.int64(mask) + 1, np.uint64)
    for value in shingles:
        slot = value & mask
        while table[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = value
    return table
