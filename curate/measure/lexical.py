"""How alike a prompt's answers are word by word.

In: answers as numbers that stand for their tokens, and which answers belong to which prompt. Out:
similarities, shape (n_prompts, n, n), ready for `cluster_answers`, `cocoa` and the scores of the
graph; or one number a prompt, higher = more worth a person's time. No model is needed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.measure.spectral import degree

__all__ = [
    "TokenIds",
    "jaccard_by_item",
    "lexical_dissimilarity",
    "rouge_l_by_item",
    "token_ids",
    "words",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class TokenIds(NamedTuple):
    """Texts as numbers, one after the other: text k is ``ids[starts[k]:starts[k + 1]]``."""

    ids: Ints
    """Whole numbers from 0, equal for equal tokens, shape (n_tokens,)."""
    starts: Ints
    """Shape (n_texts + 1,)."""


def words(text: str) -> list[str]:
    """Split a text into lower-case words: runs of letters and digits, whatever the script.

    On ASCII text these are the tokens of Google's ``rouge_score`` without its stemmer. Scripts
    that put no spaces between words (Chinese, Japanese, Thai and their neighbours) are split into
    characters.

    >>> words("It's 3.5 km, 東京")
    ['it', 's', '3', '5', 'km', '東', '京']
    """
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def token_ids(texts: Iterable[str], *, split: Callable[[str], Sequence[str]] = words) -> TokenIds:
    """Turn texts into numbers, one a distinct token.

    Args:
        texts: Any number of texts.
        split: Splits a text into tokens.

    Returns:
        Numbers in the order in which tokens are first met.

    >>> token_ids(["to be", "or not to be"]).ids.tolist()
    [0, 1, 2, 3, 0, 1]
    """
    known: dict[str, int] = {}
    coded = [[known.setdefault(token, len(known)) for token in split(text)] for text in texts]
    starts = np.zeros(len(coded) + 1, dtype=np.int64)
    np.cumsum([len(ids) for ids in coded], out=starts[1:])
    return TokenIds(np.fromiter((i for ids in coded for i in ids), dtype=np.int64), starts)


def rouge_l_by_item(tokens: TokenIds, rows: npt.ArrayLike) -> Floats:
    """Return ROUGE-L of each prompt's answers with each other (Lin, 2004).

    The F-measure over the longest common subsequence of tokens, ``2 LCS / (|a| + |b|)``. Two
    answers without a token are alike.

    Args:
        tokens: Of all answers.
        rows: Which answers belong to each prompt, shape (n_prompts, n), -1 = none.

    Returns:
        Shape (n_prompts, n, n), in [0, 1], 1 for equal answers; NaN in the rows and columns of
        missing ones.

    Raises:
        ValueError: If a row names an answer that is not there.

    >>> tokens = token_ids(["the cat sat", "the cat ran off"])
    >>> rouge_l_by_item(tokens, [[0, 1]])[0].round(4).tolist()
    [[1.0, 0.5714], [0.5714, 1.0]]
    """
    from curate.measure import _lexical_loops as loops

    return _by_item(tokens, rows, loops.rouge_l)


def jaccard_by_item(tokens: TokenIds, rows: npt.ArrayLike) -> Floats:
    """Return the share of distinct tokens that two of a prompt's answers have in common.

    Args:
        tokens: Of all answers.
        rows: Which answers belong to each prompt, shape (n_prompts, n), -1 = none.

    Returns:
        Shape (n_prompts, n, n), in [0, 1], as `rouge_l_by_item`.

    Raises:
        ValueError: If a row names an answer that is not there.

    >>> tokens = token_ids(["the cat sat", "the cat ran off"])
    >>> jaccard_by_item(tokens, [[0, 1]])[0].tolist()
    [[1.0, 0.4], [0.4, 1.0]]
    """
    from curate.measure import _lexical_loops as loops

    return _by_item(tokens, rows, loops.jaccard)


def lexical_dissimilarity(tokens: TokenIds, rows: npt.ArrayLike) -> Floats:
    """Return the mean of 1 - ROUGE-L over a prompt's pairs of answers: 0 = word for word the same.

    Lexical similarity (Fomicheva et al., 2020), turned so that higher = less sure; lm-polygraph's
    ``LexicalSimilarity_rougeL``, which stems words, plus 1.

    Args:
        tokens: Of all answers.
        rows: Which answers belong to each prompt, shape (n_prompts, n), -1 = none.

    Returns:
        Shape (n_prompts,), in [0, 1]; NaN where fewer than two answers are there.

    Raises:
        ValueError: If a row names an answer that is not there.

    >>> tokens = token_ids(["the cat sat", "the cat ran off", "the cat sat."])
    >>> lexical_dissimilarity(tokens, [[0, 1], [0, 2]]).round(4).tolist()
    [0.4286, 0.0]
    """
    return degree(rouge_l_by_item(tokens, rows), normalise=True)


_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai and Lao, Burmese, Khmer, kana, Chinese characters."""

_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
"""Accents, and the vowel signs of Hebrew, Arabic and the scripts of India: parts of words."""

_WORD = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+(?:[{_MARKS}]+[^\\W_{_UNSPACED}]*)*")

_Loop = Callable[[Ints, Ints, Ints, int, Floats], None]


def _by_item(tokens: TokenIds, rows: npt.ArrayLike, loop: _Loop) -> Floats:
    at = np.ascontiguousarray(rows, dtype=np.int64)
    if at.ndim != 2 or at.max(initial=-1) >= len(tokens.starts) - 1:
        raise ValueError(
            f"rows name answers 0 to {len(tokens.starts) - 2} in the shape (n_prompts, n)"
        )
    ids, starts = (np.ascontiguousarray(part, dtype=np.int64) for part in tokens)
    out = np.empty((*at.shape, at.shape[1]))
    loop(ids, starts, at, int(ids.max(initial=-1)) + 1, out)
    return out
