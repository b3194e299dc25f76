"""How many tokens rows have, and which have more than a trainer takes.

In: rows, and a limit. Out: the rows over it with how much of them would be cut, and how lengths
are spread: counted on all rows, or on 20,000 drawn by lot. Whether a row is over is never
estimated: a text has no more tokens than bytes, so only rows of more bytes are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.quality.judging import matching, taken
from curate.checks.rows import Rows
from curate.records import Evidence, Finding
from curate.tokens import Tokenizer, count

__all__ = ["CHECK", "Lengths", "lengths"]

Ints = npt.NDArray[np.int64]
_SAMPLE = 20_000
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


class Lengths(NamedTuple):
    """Tokens of some rows, without the marks that a chat template puts around turns."""

    prompt: Ints
    answer: Ints
    """The longer one of the answers of a preference; 0 where there is none."""

    @property
    def row(self) -> Ints:
        """Prompt and answer."""
        return self.prompt + self.answer


def lengths(rows: Rows, at: Ints | None = None, *, tokenizer: Tokenizer = "o200k_base") -> Lengths:
    """Count the tokens of rows.

    Args:
        rows: The rows.
        at: Which of them; None = all.
        tokenizer: As `curate.tokens.count` takes it.

    Returns:
        Each shape (n_rows,), in the order of `at`.
    """
    where = np.arange(len(rows), dtype=np.int64) if at is None else at
    answer, rejected = (_counted(some, where, tokenizer) for some in (rows.answer, rows.rejected))
    return Lengths(_counted(rows.prompt, where, tokenizer), np.maximum(answer, rejected))


def _counted(texts: pa.Array, at: Ints, tokenizer: Tokenizer) -> Ints:
    if texts.null_count == len(texts):
        return np.zeros(len(at), np.int64)
    return count((text or "" for _, text in taken(at, texts)), tokenizer=tokenizer)


def _run(rows: Rows, context: Context) -> Found:
    drawn = _drawn(len(rows), context.seed)
    spread = lengths(rows, drawn, tokenizer=context.tokenizer)
    limit = context.token_limit
    over, long = _over(rows, limit, drawn, spread, context.tokenizer)
    findings = [
        _finding(rows, int(row), int(prompt), int(answer), int(limit or 0))
        for row, prompt, answer in zip(over, long.prompt, long.answer, strict=True)
    ]
    return Found(
        check=CHECK.name,
        findings=tuple(findings),
        looked_at=len(rows) if limit else 0,
        skipped="" if limit else "no limit: name the trainer's with --token-limit",
        figures={
            **_spread(rows, spread),
            "counted": len(drawn),
            "drawn_by_lot": len(drawn) < len(rows),
            "tokenizer": context.tokenizer,
            **(_cut(long, len(rows), limit) if limit else {}),
        },
    )


def _drawn(n: int, seed: int) -> Ints:
    if n <= _SAMPLE:
        return np.arange(n, dtype=np.int64)
    picked = np.random.default_rng(seed).choice(n, _SAMPLE, replace=False)
    return np.sort(picked).astype(np.int64)


def _over(
    rows: Rows, limit: int | None, drawn: Ints, spread: Lengths, tokenizer: Tokenizer
) -> tuple[Ints, Lengths]:
    """Return the rows of more tokens than the limit, and their lengths."""
    none = np.zeros(0, np.int64)
    if not limit or not len(rows):
        return none, Lengths(none, none)
    may_be = np.flatnonzero(_bytes_of(rows) > limit)
    known = np.isin(may_be, drawn, assume_unique=True)
    prompt, answer = np.zeros((2, len(may_be)), np.int64)
    place = np.searchsorted(drawn, may_be[known])
    prompt[known], answer[known] = spread.prompt[place], spread.answer[place]
    prompt[~known], answer[~known] = lengths(rows, may_be[~known], tokenizer=tokenizer)
    over = prompt + answer > limit
    return may_be[over], Lengths(prompt[over], answer[over])


def _bytes_of(rows: Rows) -> Ints:
    """Return the most bytes that each row may be of: no fewer than its tokens."""
    prompt, answer, rejected = (
        pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
        for texts in (rows.prompt, rows.answer, rows.rejected)
    )
    total: Ints = prompt + np.maximum(answer, rejected)
    return total


def _finding(rows: Rows, row: int, prompt: int, answer: int, limit: int) -> Finding:
    total = prompt + answer
    gone = min(total - limit, answer) if answer else total - limit
    lost = prompt >= limit and answer > 0
    what = (
        f"the prompt alone fills it ({prompt:,}), and nothing of the answer is left"
        if lost
        else f"the last {total - limit:,} are cut ({gone / (answer or prompt):.0%} of the "
        f"{'answer' if answer else 'prompt'})"
    )
    return Finding(
        check=CHECK.name,
        severity="error" if lost else CHECK.severity,
        message=f"The row has {total:,} tokens, the limit is {limit:,}: {what}; shorten it, or "
        "drop it",
        rows=(row,),
        score=total / limit,
        evidence=(_evidence(rows, row, answer, gone),),
    )


def _evidence(rows: Rows, row: int, answer: int, gone: int) -> Evidence:
    """Show about where a row would be cut."""
    texts = rows.answer if answer and rows.answer[row].is_valid else rows.prompt
    size = len(texts[row].as_py() or "")
    share = gone / max(answer, gone, 1)
    start = max(min(int(size * (1 - share)), size - 1), 0)
    return Evidence(
        row=row,
        field="answer" if texts is rows.answer else "prompt",
        spans=((start, size),) if size else (),
        note=f"about the last {gone:,} tokens",
    )


def _spread(rows: Rows, spread: Lengths) -> dict[str, Any]:
    blank = int(matching(rows.answer, r"^\s*$").size)
    parts = {"row": spread.row, "prompt": spread.prompt, "answer": spread.answer}
    return {
        "quantiles": {name: _quantiles(values) for name, values in parts.items()},
        "histogram": _histogram(spread.row),
        "empty_answers": blank,
        "no_answers": int(rows.answer.null_count),
    }


def _quantiles(values: Ints) -> dict[str, float]:
    if not len(values):
        return {}
    at = np.quantile(values, _QUANTILES).tolist()
    named = {f"{q:.0%}": value for q, value in zip(_QUANTILES, at, strict=True)}
    return {**named, "mean": float(values.mean()), "most": float(values.max())}


def _histogram(values: Ints) -> dict[str, Sequence[float]]:
    """Count rows between powers of the root of two."""
    most = max(int(values.max(initial=1)), 1)
    edges = np.unique(np.floor(2 ** np.arange(0, np.log2(most) + 1, 0.5)))
    counts, _ = np.histogram(values, np.append(np.append(0.0, edges), np.inf))
    return {"edges": [0.0, *edges.tolist()], "counts": counts.tolist()}


def _cut(long: Lengths, n: int, limit: int) -> dict[str, Any]:
    return {
        "limit": limit,
        "over": len(long.row),
        "share_over": len(long.row) / n if n else None,
        "tokens_cut": int((long.row - limit).sum()),
        "answers_lost": int(((long.prompt >= limit) & (long.answer > 0)).sum()),
    }


CHECK = Check(
    name="too-long",
    family="format",
    about="Rows of more tokens than the trainer takes (--token-limit).",
    severity="warning",
    threshold=float("nan"),
    run=_run,
    by_row=True,
)
