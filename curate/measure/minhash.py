"""Which texts are nearly the same, in sets of any size: MinHash (Broder, 1997) with exact proof.

In: texts. Out: clusters of texts whose shingles (runs of words) have a Jaccard similarity of at
least the threshold, and for each text the one that may stay in its place. MinHash only proposes:
every pair that is reported was compared shingle by shingle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.measure._signing import Compare, Signed, common_shingles, compare_parts, signed
from curate.measure.word_runs import Bytes, Hashes, Ints, buffers, text_keys

__all__ = ["NearDuplicates", "banding", "jaccards", "minhash_signatures", "near_duplicates"]

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """What `near_duplicates` found; all arrays have shape (n_texts,)."""

    clusters: Ints
    """First text of each text's cluster: itself where nothing is like it."""
    near: Ints
    """An earlier text that stays and is like it; -1 = stays itself."""
    jaccard: Floats
    """Similarity to `near`; NaN for what stays."""

    @property
    def sizes(self) -> Ints:
        """How many texts each text's cluster holds."""
        counts: Ints = np.bincount(self.clusters, minlength=len(self.clusters))[self.clusters]
        return counts


def near_duplicates(
    texts: Any,
    threshold: float = 0.8,
    *,
    width: int = 3,
    permutations: int = 128,
    recall: float = 0.99,
    common: float = 1.0,
    parts: Sequence[Any] = (),
    rng: int = 7,
) -> NearDuplicates:
    """Return clusters of texts that share at least `threshold` of their shingles, and who stays.

    A pair with exactly the threshold's similarity is proposed with a chance of at least `recall`
    (`banding`), more similar ones with a higher one; texts of the same words always
    are. Proposed pairs are compared shingle by shingle, so no pair below the threshold is ever
    joined. Clusters are joined pairs and what hangs together through them; they do not depend on
    the order of the texts. In a cluster the first text stays, and each later one that is like
    none that stays: whatever goes has its like among what is kept. Where more than `_CROWD`
    distinct texts share a band, each is compared with `_LEADERS` of them and not with all.
    A text without a word has no likes. Letters are folded and punctuation counts for nothing.

    Args:
        texts: An Arrow array of strings or a sequence; null = no words.
        threshold: Least Jaccard similarity, above 0.
        width: Words a shingle. A text of fewer words is one shingle: like its equals only.
        permutations: Length of the signatures, at most.
        recall: Least chance that a pair at the threshold is proposed; where so many permutations
            cannot give it, they give what they can.
        common: Shingles that more than this share of the texts have do not count (a template
            around every prompt); looked for where there are 200 texts or more. 1 = all count.
        parts: Other texts of each row, such as its prompt and its answer, each as many as
            `texts`: a pair counts only where every part shares `threshold` of its words too.
        rng: Seed of the permutations.

    Returns:
        Clusters, who stays, and similarities. Memory: 4 bytes a band, 1 a permutation and about
        60 others a text, besides the texts.

    Raises:
        ValueError: If the threshold is not in (0, 1], or a text shingle is shorter than a word.

    >>> texts = ["the cat sat on the mat today", "a dog", "The cat sat on the mat today!", "a cat"]
    >>> near_duplicates(texts).clusters.tolist()
    [0, 1, 0, 3]
    """
    _check(threshold, width)
    bar = float(np.float32(threshold))
    data, offsets = buffers(texts)
    left_out = common_shingles(data, offsets, width, common)
    known = signed(
        data, offsets, width, left_out, banding(threshold, permutations, recall=recall), rng
    )
    order, number = _distinct(known.whole, parts)
    compare = Compare(data, offsets, width, left_out, bar, order, compare_parts(parts, order))
    roots, proved = _clusters(known, order, compare)
    clusters = _first_rows(number, roots, len(order))
    near, jaccard = _stays(clusters, number, order, _Recall(compare, *proved))
    return NearDuplicates(clusters=clusters, near=near, jaccard=jaccard)


def minhash_signatures(
    texts: Any, *, permutations: int = 128, width: int = 3, rng: int = 7
) -> npt.NDArray[np.uint32]:
    """Return the MinHash signature of each text: the share of equal places estimates Jaccard.

    Permutations are multiply-shift hashes of 32 bits (Dietzfelbinger et al., 1997).

    Args:
        texts: An Arrow array of strings or a sequence.
        permutations: Length of a signature; the estimate's standard error is
            ``sqrt(J (1 - J) / permutations)``.
        width: Words a shingle.
        rng: Seed of the permutations.

    Returns:
        Shape (n_texts, permutations); a text without a word has the largest number everywhere.

    >>> a, b = minhash_signatures(["the cat sat on the mat", "The cat sat on the mat."])
    >>> bool((a == b).all())
    True
    """
    _check(1.0, width)
    data, offsets = buffers(texts)
    plan = (1, permutations)
    known = signed(data, offsets, width, np.zeros(1, np.uint64), plan, rng, keep=True)
    return known.signatures


def jaccards(texts: Any, pairs: npt.ArrayLike, *, width: int = 3, common: float = 1.0) -> Floats:
    """Return the Jaccard similarity of the shingles of each pair of texts.

    Args:
        texts: An Arrow array of strings or a sequence.
        pairs: Rows of texts, shape (n_pairs, 2).
        width: Words a shingle.
        common: As `near_duplicates` has it.

    Returns:
        Shape (n_pairs,), in [0, 1]; 0 where a text has no word, 1 where both are empty.

    >>> jaccards(["a b c d", "a b c e", "A b c d."], [[0, 1], [0, 2]]).round(2)
    array([0.33, 1.  ], dtype=float32)
    """
    _check(1.0, width)
    data, offsets = buffers(texts)
    left_out = common_shingles(data, offsets, width, common)
    at = np.asarray(pairs, np.int64).reshape(-1, 2)
    return Compare(data, offsets, width, left_out, 1.0, np.arange(len(offsets) - 1))(at)


def banding(threshold: float, permutations: int = 128, *, recall: float = 0.99) -> tuple[int, int]:
    """Return how many bands, of how many rows each, propose pairs at the threshold.

    A pair of similarity J shares one of b bands of r rows with the chance ``1 - (1 - J^r)^b``.
    The longest bands are taken that reach `recall` at the threshold, and as few as reach it: long
    bands propose little in vain, and what they propose in vain only costs time, as each pair is
    compared afterwards.

    >>> banding(0.8), banding(0.7), banding(0.5)
    ((16, 6), (17, 4), (35, 3))
    """
    for rows in range(permutations, 1, -1):
        hit = threshold**rows
        most = permutations // rows
        if 1 - (1 - hit) ** most >= recall:
            return next(b for b in range(1, most + 1) if 1 - (1 - hit) ** b >= recall), rows
    return permutations, 1


def _check(threshold: float, width: int) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold} is not above 0 and at most 1")
    if width < 1:
        raise ValueError(f"a shingle of {width} words is none; width must be at least 1")


def _distinct(whole: Hashes, parts: Sequence[Any]) -> tuple[Ints, Ints]:
    """Return the first row of each distinct content, ordered by content, and each row's number.

    The number of a text without words is -1. With parts, a content is one of all parts.
    """
    content = whole
    for texts in parts:
        key = text_keys(*buffers(texts), punctuation=False)[:, 0]
        content = np.where(whole == 0, 0, (content ^ key) * _ODD | np.uint64(1))
    values, first, number = np.unique(content, return_index=True, return_inverse=True)
    if len(values) and values[0] == 0:
        return first[1:], number.astype(np.int64) - 1
    return first, number.astype(np.int64)


_ODD = np.uint64(0x9E3779B97F4A7C15)


def _clusters(known: Signed, order: Ints, compare: Compare) -> tuple[Points, _Proved]:
    """Return the cluster of each distinct content, and the pairs that were proved alike."""
    from curate.measure import _minhash_loops as loops

    roots = np.arange(len(order), dtype=np.int32)
    rejected = np.zeros(_table_size(len(order)), np.uint64)
    least = _least_equal(compare.threshold, known.small.shape[1])
    state = roots, known.small, order, least, rejected
    proved = [_NO_PAIRS]
    for keys in known.keys:
        for pairs in _proposed(keys[order], state):
            found = compare(pairs)
            loops.joined(pairs, found, compare.threshold, roots, rejected)
            alike = found >= compare.threshold
            proved.append((_packed(pairs[alike]), found[alike]))
    loops.rooted(roots)
    return roots, _sorted(proved)


def _proposed(
    keys: npt.NDArray[np.uint32], state: tuple[Points, Bytes, Ints, int, Hashes]
) -> Iterator[Points]:
    """Yield the pairs of one band that are worth comparing, given what is known by then."""
    from curate.measure import _minhash_loops as loops

    buckets, spans = _buckets(keys)
    room = np.empty((max(len(keys), 1), 2), np.int32)
    for turn in range(_CROWD):
        size, at = spans[:, 1] - spans[:, 0], 0
        spans = spans[(size > turn + 1) & ((size <= _CROWD) | (turn < _LEADERS))]
        while at < len(spans):
            n_pairs, done = loops.leads(buckets, spans[at:], turn, *state, room)
            at += done
            yield room[:n_pairs]


_CROWD = 64
_LEADERS = 8


_Proved = tuple[Ints, Floats]
_NO_PAIRS: _Proved = (np.empty(0, np.int64), np.empty(0, np.float32))


def _packed(pairs: npt.NDArray[Any]) -> Ints:
    """Return a number for each pair, whichever comes first."""
    wide = np.sort(pairs.astype(np.int64), axis=1)
    packed: Ints = (wide[:, 0] << 32) | wide[:, 1]
    return packed


def _sorted(proved: list[_Proved]) -> _Proved:
    packed = np.concatenate([pairs for pairs, _ in proved])
    order = np.argsort(packed, kind="stable")
    return packed[order], np.concatenate([found for _, found in proved])[order]


def _table_size(n: int) -> int:
    return 1 << min(max(n, 16).bit_length() + 1, 22)


def _least_equal(threshold: float, places: int) -> int:
    """Return in how many places two signatures agree, however unlucky, at the threshold.

    Five standard errors below: not reached by 3 in ten millions.
    """
    error = (threshold * (1 - threshold) / places) ** 0.5
    return max(0, int((threshold - 5 * error) * places))


def _buckets(keys: npt.NDArray[np.uint32]) -> tuple[Hashes, Ints]:
    """Return texts sorted by key, each below its key, and where those that share one stand."""
    packed = keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    bounds = np.flatnonzero(np.diff(packed >> np.uint64(32))) + 1
    starts, ends = np.append(0, bounds), np.append(bounds, len(keys))
    many = ends - starts > 1
    return packed, np.stack([starts[many], ends[many]], axis=1)


def _first_rows(number: Ints, roots: Points, n_contents: int) -> Ints:
    """Return the first row of each row's cluster."""
    rows = np.arange(len(number))
    worded = number >= 0
    root = roots[number[worded]]
    earliest = np.full(n_contents, len(number), np.int64)
    np.minimum.at(earliest, root, rows[worded])
    rows[worded] = earliest[root]
    return rows


@dataclass(frozen=True, slots=True)
class _Recall:
    """Compares what was not proved alike before."""

    compare: Compare
    packed: Ints
    jaccards: Floats

    @property
    def threshold(self) -> float:
        return self.compare.threshold

    def __call__(self, pairs: Ints) -> Floats:
        packed = _packed(pairs)
        at = np.minimum(np.searchsorted(self.packed, packed), max(len(self.packed) - 1, 0))
        known = self.packed[at] == packed if len(self.packed) else np.zeros(len(pairs), bool)
        found = np.empty(len(pairs), np.float32)
        found[known] = self.jaccards[at[known]]
        found[~known] = self.compare(pairs[~known])
        return found


def _stays(clusters: Ints, number: Ints, order: Ints, compare: _Recall) -> tuple[Ints, Floats]:
    """Return for each text the kept one it is like, cluster by cluster, in the texts' order."""
    near = np.full(len(clusters), -1, np.int64)
    jaccard = np.full(len(clusters), np.nan, np.float32)
    later = np.flatnonzero(clusters != np.arange(len(clusters)))
    copies = later[order[number[later]] != later]
    open_ = later[order[number[later]] == later]
    lead = clusters[open_]
    for _ in range(_KEPT):
        if not len(open_):
            break
        found = compare(np.stack([number[lead], number[open_]], axis=1))
        like = found >= compare.threshold
        near[open_[like]], jaccard[open_[like]] = lead[like], found[like]
        open_, lead = _next_leads(open_[~like], clusters)
    near[copies], jaccard[copies] = order[number[copies]], 1.0
    follow = near[copies]
    gone = near[follow] >= 0
    near[copies[gone]], jaccard[copies[gone]] = near[follow[gone]], jaccard[follow[gone]]
    return near, jaccard


_KEPT = 64
"""Texts of one cluster that stay and are compared with; later ones stay unlooked at."""


def _next_leads(left: Ints, clusters: Ints) -> tuple[Ints, Ints]:
    """Return the texts still to be placed, and the first of each cluster's that now stays."""
    by = np.argsort(clusters[left], kind="stable")
    left = left[by]
    _, first, which = np.unique(clusters[left], return_index=True, return_inverse=True)
    rest = np.ones(len(left), bool)
    rest[first] = False
    return left[rest], left[first][which][rest]
