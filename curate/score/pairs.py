"""One row of scores a pair of candidates."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import measure
from curate.score.columns import PAIR_SCORES, Why, why_nan
from curate.score.graded import ranked
from curate.texts import answer_text

__all__ = ["score_pairs"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


def score_pairs(
    pairs: pa.Table,
    candidates: pa.Table,
    *,
    vectors_of: Callable[[list[str]], Vectors] | None = None,
    scores: pa.Table | None = None,
    verdicts: pa.Table | None = None,
) -> pa.Table:
    """Score pairs of candidates: how far apart they are, and how disputed.

    Args:
        pairs: Table of `records.PAIRS`.
        candidates: Table of `records.CANDIDATES`.
        vectors_of: Turns answers into unit vectors; None leaves `pair_dissimilarity` NaN.
        scores: Table of `SCORES` of the same candidates; None leaves `pair_dispute` NaN.
        verdicts: Table of `records.VERDICTS` on pairs, for the judges' columns.

    Returns:
        Table of `PAIR_SCORES`, one row a pair, in their order; `PAIR_COLUMNS` explains each.
    """
    a, b = _row_of(pairs["a"], candidates["id"]), _row_of(pairs["b"], candidates["id"])
    used, (a, b) = _used(a, b)
    messages = candidates["message"].take(pa.array(used)).to_pylist()
    texts = [answer_text(message) for message in messages]
    flaws = [None, *map(_flaw, messages, texts, _finish(candidates, used))]
    characters = np.array([len(text) for text in texts], dtype=np.float64)
    judged = ranked(pairs["id"], verdicts)
    columns = {
        "pair_dissimilarity": _dissimilarity(texts, vectors_of, a, b),
        "pair_dispute": _dispute(scores, candidates, used, a, b),
        **judged.scores,
        "length_ratio": _length_ratio(characters, a, b),
    }
    why = [_pair_flaw(flaws[i + 1], flaws[j + 1]) for i, j in zip(a, b, strict=True)]
    table = {
        "pair_id": pairs["id"],
        "a": pairs["a"],
        "b": pairs["b"],
        "record_id": pairs["record_id"],
        **columns,
        "degenerate": [text is not None for text in why],
        "why_degenerate": pa.array(why, pa.string()),
        "why_nan": why_nan(
            columns, [*_reasons(a, b, vectors_of is None, scores is None), *judged.reasons]
        ),
    }
    return pa.table(table).cast(PAIR_SCORES)


_CUT = ("length", "max_tokens", "MAX_TOKENS", "max_output_tokens")
_FILTERED = ("content_filter", "SAFETY", "refusal")
_REFUSAL = re.compile(
    r"\W*(?:(?:i['’]m|i am)\s+(?:very\s+|so\s+)?sorry\b|sorry,|unfortunately,|i apologi[sz]e|"
    r"as an ai\b)?[^.!?]{0,80}?"
    r"\bi(?:['’]m|\s+am)?\s+(?:cannot|can['’]?t|won['’]?t|will not|must decline to|unable to|"
    r"not able to|not allowed to)\s+(?:(?:be able to|directly|fully|really|actually)\s+)?"
    r"(?:help|assist|comply|provide|answer|fulfil|fulfill|do that|discuss|create|give|offer)\b",
    re.IGNORECASE,
)


def _row_of(ids: pa.ChunkedArray, known: pa.ChunkedArray) -> Ints:
    at = pc.index_in(ids, value_set=known.combine_chunks()).fill_null(-1)
    return np.asarray(at.to_numpy(), dtype=np.int64)


def _used(a: Ints, b: Ints) -> tuple[Ints, tuple[Ints, Ints]]:
    """Return the candidates that occur, and the pairs as indices into them, -1 = missing."""
    both = np.concatenate([a, b])
    used = np.unique(both[both >= 0])
    at = np.where(both >= 0, np.searchsorted(used, both), -1)
    return used, (at[: len(a)], at[len(a) :])


def _finish(candidates: pa.Table, used: Ints) -> list[str | None]:
    reasons: list[str | None] = candidates["finish_reason"].take(pa.array(used)).to_pylist()
    return reasons


def _flaw(message: dict[str, object], text: str, finish: str | None) -> str | None:
    """Say what makes an answer not worth comparing; None if nothing does.

    >>> _flaw({"refusal": None}, "I'm sorry, but I can't help with that.", "stop")
    'a refusal'
    """
    if not text.strip():
        return "empty"
    if message["refusal"] or finish in _FILTERED or _REFUSAL.match(text[:300]):
        return "a refusal"
    return "cut off by the length limit" if finish in _CUT else None


def _pair_flaw(a: str | None, b: str | None) -> str | None:
    said = [f"{name} is {flaw}" for name, flaw in (("a", a), ("b", b)) if flaw]
    return "; ".join(said) or None


def _dissimilarity(
    texts: list[str], vectors_of: Callable[[list[str]], Vectors] | None, a: Ints, b: Ints
) -> Floats:
    known = (a >= 0) & (b >= 0)
    if vectors_of is None or not known.any():
        return np.full(len(a), np.nan)
    vectors = vectors_of(texts)
    return np.where(known, 1.0 - measure.cosine(vectors[a], vectors[b]), np.nan)


def _dispute(scores: pa.Table | None, candidates: pa.Table, used: Ints, a: Ints, b: Ints) -> Floats:
    """Return twice the smaller of the shares of the committee's answers that a and b stand for.

    1 = half of the committee says a, half says b; 0 where both are the same answer.
    """
    if scores is None or len(used) == 0:
        return np.full(len(a), np.nan)
    at = _row_of(candidates["id"].take(pa.array(used)), scores["candidate_id"])
    share = np.append(np.where(at >= 0, _shares(scores)[at], np.nan), np.nan)
    group = np.append(np.where(at >= 0, _floats(scores["answer_group"])[at], np.nan), np.nan)
    split = 2.0 * np.minimum(share[a], share[b])
    return np.where((group[a] == group[b]) & ~np.isnan(split), 0.0, split)


def _shares(scores: pa.Table) -> Floats:
    """Return the share of the prompt's answers that say the same; NaN where there is one answer."""
    group = _floats(scores["answer_group"])
    record = np.asarray(scores["record_id"].combine_chunks().dictionary_encode().indices)
    _, which, count = np.unique(
        np.column_stack([record, group]), axis=0, return_inverse=True, return_counts=True
    )
    n = _floats(scores["n_answers"])
    comparable = ~np.isnan(group) & (n > 1)
    return np.where(comparable, count[which.reshape(-1)] / np.maximum(n, 1), np.nan)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy(), dtype=np.float64)


def _length_ratio(characters: Floats, a: Ints, b: Ints) -> Floats:
    if len(characters) == 0:
        return np.full(len(a), np.nan)
    longer = np.maximum(characters[a], characters[b])
    shorter = np.minimum(characters[a], characters[b])
    known = (a >= 0) & (b >= 0) & (shorter > 0)
    return np.where(known, longer / np.maximum(shorter, 1), np.nan)


def _reasons(a: Ints, b: Ints, no_vectors: bool, no_scores: bool) -> list[Why]:
    everywhere = np.ones(len(a), dtype=bool)
    names = ("pair_dissimilarity", "pair_dispute", "length_ratio")
    return [
        Why(names, (a < 0) | (b < 0), "a candidate is missing"),
        *([Why(names[:1], everywhere, "answers were not embedded")] if no_vectors else []),
        *([Why(names[1:2], everywhere, "candidates were not scored")] if no_scores else []),
        Why(names[1:2], everywhere, "the committee's answers could not be compared"),
        Why(names[2:], everywhere, "an answer is empty"),
    ]
