"""The loops of `lexical`, compiled by numba on first use and kept on disk.

Tokens of text k are ``ids[starts[k]:starts[k + 1]]``, whole numbers below `n_ids`; `rows` says
which texts belong to each prompt, -1 = none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["jaccard", "rouge_l"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]


@compiled
def rouge_l(ids: Ints, starts: Ints, rows: Ints, n_ids: int, out: Floats) -> None:
    """Write ``2 LCS / (|a| + |b|)`` of each pair of a prompt's texts."""
    n_prompts, size = rows.shape
    longest = 0
    for k in range(starts.size - 1):
        longest = max(longest, starts[k + 1] - starts[k])
    places = np.zeros(n_ids, dtype=np.uint64)
    carry = np.zeros(longest, dtype=np.uint64)
    for i in range(n_prompts):
        for a in range(size):
            for b in range(a + 1):
                alike = np.nan
                if rows[i, a] >= 0 and rows[i, b] >= 0:
                    one = ids[starts[rows[i, a]] : starts[rows[i, a] + 1]]
                    other = ids[starts[rows[i, b]] : starts[rows[i, b] + 1]]
                    alike = 1.0
                    if a != b and one.size + other.size > 0:
                        shared = _common_subsequence(one, other, places, carry)
                        alike = 2.0 * shared / (one.size + other.size)
                out[i, a, b] = alike
                out[i, b, a] = alike


@compiled
def _common_subsequence(one: Ints, other: Ints, places: Bits, carry: Bits) -> int:
    """Return the length of the longest common subsequence, 64 tokens at a time (Hyyro, 2004).

    A column of the table of subproblems only ever steps up by one, so its steps are bits, and a
    column follows from the last by one addition; its carry goes on to the next 64 tokens.
    `places` is all 0 before and after.
    """
    shared = 0
    zero, bit = np.uint64(0), np.uint64(1)
    carry[: other.size] = zero
    for start in range(0, one.size, 64):
        stop = min(start + 64, one.size)
        for k in range(start, stop):
            places[one[k]] |= bit << np.uint64(k - start)
        flat = ~zero
        for j in range(other.size):
            here = places[other[j]]
            up = flat + (flat & here)
            over = bit if up < flat else zero
            stepped = up + carry[j]
            carry[j] = over | (bit if stepped < up else zero)
            flat = stepped | (flat & ~here)
        for k in range(start, stop):
            places[one[k]] = zero
            shared += int((flat >> np.uint64(k - start)) & bit == zero)
    return shared


@compiled
def jaccard(ids: Ints, starts: Ints, rows: Ints, n_ids: int, out: Floats) -> None:
    """Write distinct tokens in common per distinct token of either, of each pair of texts."""
    n_prompts, size = rows.shape
    seen = np.zeros(n_ids, dtype=np.int64)
    stamp = 0
    for i in range(n_prompts):
        for a in range(size):
            for b in range(a + 1):
                alike = np.nan
                if rows[i, a] >= 0 and rows[i, b] >= 0:
                    one = ids[starts[rows[i, a]] : starts[rows[i, a] + 1]]
                    other = ids[starts[rows[i, b]] : starts[rows[i, b] + 1]]
                    stamp += 2
                    both, either = 0, 0
                    for token in one:
                        either += int(seen[token] != stamp)
                        seen[token] = stamp
                    for token in other:
                        both += int(seen[token] == stamp)
                        either += int(seen[token] < stamp)
                        seen[token] = stamp + 1
                    alike = both / either if either > 0 else 1.0
                out[i, a, b] = alike
                out[i, b, a] = alike
