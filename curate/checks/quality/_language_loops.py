"""The loops of `languages`, compiled by numba on first use and kept on disk.

Text k is ``data[starts[k]:starts[k + 1]]``, UTF-8. The model is that of py3langid: a machine over
bytes that names a feature at some of its states, and a weight of each feature for each language.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["Machine", "identify"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
SPACE, TICK = 32, 96


class Machine(NamedTuple):
    """The arrays of a model."""

    step: npt.NDArray[np.uint32]
    """State by row and byte, shape (n_rows * 256,)."""
    row: npt.NDArray[np.uint32]
    """Row of each state."""
    feature: npt.NDArray[np.int32]
    """Feature that a state names; -1 = none."""
    weight: Floats
    """Shape (n_features, n_languages)."""
    prior: Floats
    """Shape (n_languages,)."""


@compiled
def identify(
    data: Bytes, starts: Ints, most: int, model: Machine, best: Ints, sure: Floats, letters: Ints
) -> None:
    """Write the most likely language of each text, how sure it is, and how many letters it has.

    Read are the first `most` bytes that are letters or the spaces between words; code, links and
    numbers are not language; where the first half leaves no doubt, the second is not read. A text
    without a letter has the language -1.
    """
    buffer = np.zeros(most + 8, np.uint8)
    counts = np.zeros(model.weight.shape[0], np.int32)
    touched = np.zeros(most + 8, np.int64)
    scores = np.zeros(model.prior.size, np.float32)
    for k in range(starts.size - 1):
        n, letters[k] = _letters(data, starts[k], starts[k + 1], buffer, most)
        best[k], sure[k] = -1, np.float32(0)
        if letters[k] > 0:
            best[k], sure[k] = _classify(buffer[: n // 2], model, counts, touched, scores)
            if n < most or sure[k] < 0.98:
                best[k], sure[k] = _classify(buffer[:n], model, counts, touched, scores)


@compiled
def _letters(data: Bytes, begin: int, end: int, buffer: Bytes, most: int) -> tuple[int, int]:
    """Write the words of a text, in lower case where it has no other; return bytes and letters."""
    n, letters, lower, at = 0, 0, 0, begin
    while at < end and n < most:
        skipped = _skipped(data, at, end)
        if skipped > at:
            at = skipped
            n = _space(buffer, n)
            continue
        byte = data[at]
        width = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        if _is_letter(data, at, end, width):
            for j in range(at, min(at + width, end)):
                buffer[n] = data[j]
                n += 1
            letters += 1
            lower += byte >= 0x61
        elif byte == 39 and n > 0 and buffer[n - 1] != SPACE:
            buffer[n], n = byte, n + 1
        else:
            n = _space(buffer, n)
        at += width
    if lower == 0:
        for j in range(n):
            if 65 <= buffer[j] <= 90:
                buffer[j] += np.uint8(32)
    return n, letters


@compiled
def _space(buffer: Bytes, n: int) -> int:
    if n > 0 and buffer[n - 1] != SPACE:
        buffer[n] = SPACE
        return n + 1
    return n


@compiled
def _is_letter(data: Bytes, at: int, end: int, width: int) -> bool:
    """Return whether a character is a letter, or a sign that belongs to one."""
    byte = data[at]
    if width == 1:
        return bool(65 <= byte <= 90 or 97 <= byte <= 122)
    if width == 4 or at + width > end:
        return False
    if width == 2:
        return byte >= 0xC3 and not (
            byte == 0xC3 and (data[at + 1] == 0x97 or data[at + 1] == 0xB7)
        )
    if byte == 0xE2 or byte == 0xEF:
        return False
    return not (byte == 0xE3 and data[at + 1] == 0x80)


@compiled
def _skipped(data: Bytes, at: int, end: int) -> int:
    """Return where a code block, a code span or a link ends that begins here; else where it is."""
    byte = data[at]
    if byte == TICK:
        fence = at + 2 < end and data[at + 1] == TICK and data[at + 2] == TICK
        size = 3 if fence else 1
        stop = at + size
        while stop < end and (fence or data[stop] != 10):
            if data[stop] == TICK and (
                not fence or (stop + 2 < end and data[stop + 1] == TICK and data[stop + 2] == TICK)
            ):
                return stop + size
            stop += 1
        return end if fence else at
    if byte == 104 and at + 7 < end and data[at + 1] == 116 and data[at + 3] == 112:
        if data[at + 4] == 58 or data[at + 5] == 58:
            while at < end and data[at] > SPACE:
                at += 1
    return at


@compiled
def _classify(
    text: Bytes, model: Machine, counts: npt.NDArray[np.int32], touched: Ints, scores: Floats
) -> tuple[int, float]:
    """Return the most likely language, and its share of a softmax at the root of the length."""
    state, n = np.uint32(0), 0
    for byte in text:
        state = model.step[np.int64(model.row[state]) * 256 + byte]
        feature = model.feature[state]
        if feature >= 0:
            if counts[feature] == 0:
                touched[n] = feature
                n += 1
            counts[feature] += 1
    scores[:] = model.prior
    for i in range(n):
        feature = touched[i]
        much = np.float32(np.log1p(np.float32(counts[feature])))
        counts[feature] = 0
        weights = model.weight[feature]
        for j in range(scores.size):
            scores[j] += much * weights[j]
    if n == 0:
        return -1, 0.0
    cool = 1.0 / np.sqrt(text.size)
    best = 0
    for j in range(scores.size):
        if scores[j] > scores[best]:
            best = j
    total = 0.0
    for j in range(scores.size):
        total += np.exp((scores[j] - scores[best]) * cool)
    return best, 1.0 / total
