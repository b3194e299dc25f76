"""The columns of the score tables: what each says, and whether more of it asks for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = [
    "COLUMNS",
    "PAIR_COLUMNS",
    "PAIR_SCORES",
    "SCORES",
    "Column",
    "Why",
    "why_nan",
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a score table."""

    help: str
    """What it says, in a sentence."""
    need: bool = False
    """True: higher = more worth a person's time. False: describes the row."""


COLUMNS: Mapping[str, Column] = {
    "candidate_id": Column("Which completion."),
    "record_id": Column("Which prompt."),
    "is_target": Column("Whether this answer may be chosen for review (`score.target`)."),
    "answer": Column("What was read out of the completion, in its one spelling; null: nothing."),
    "answer_source": Column("How answers were compared: an extractor's name, or embedding."),
    "answer_group": Column(
        "Which of the prompt's distinct answers this is, 0 = the first met; null: none."
    ),
    "n_members": Column("How many models gave an answer that can be compared."),
    "n_answers": Column("How many answers can be compared, repeated samples included."),
    "n_samples": Column("How many answers of its own model to the prompt can be compared."),
    "uncertainty": Column(
        "The score named in `uncertainty_from`; where answers have different ones, its place "
        "among those of the same score, from 0 to 1.",
        True,
    ),
    "uncertainty_from": Column("Which score `uncertainty` repeats (`score.uncertainty`)."),
    "vote_entropy": Column(
        "How evenly the prompt's answers are spread: 0 = all the same, 1 = all different.", True
    ),
    "margin_uncertainty": Column(
        "1 - (share of the most frequent answer - share of the second): 1 = a tie, 0 = one mind.",
        True,
    ),
    "contradiction": Column("Share of the other models that answer something else.", True),
    "contradiction_weighted": Column(
        "Share of the other models that answer something else, each weighted by its reliability, "
        "which is estimated without labels.",
        True,
    ),
    "doubt": Column(
        "How likely this answer is wrong by the consensus of three or more models, in log-odds (0 "
        "= as likely as not); how good each is and how hard each prompt is are estimated without "
        "labels.",
        True,
    ),
    "dissimilarity": Column(
        "Mean of 1 - cosine to the other models' answers; only where answers were embedded.", True
    ),
    "semantic_entropy": Column(
        "Entropy of what its model's samples say (nats; Chao-Shen's correction for few samples): "
        "0 = all the same.",
        True,
    ),
    "semantic_entropy_rao": Column(
        "Entropy of what its model's samples say, each weighted by its probability per token "
        "(nats): 0 = all the same.",
        True,
    ),
    "predictive_entropy": Column(
        "How improbable its model's samples are, per token (nats, mean): 0 = certain.", True
    ),
    "perplexity": Column(
        "Between how many tokens, in effect, the model hesitated when it wrote this answer: 1 = "
        "none.",
        True,
    ),
    "cocoa": Column(
        "How improbable this answer is, per token, times how much its model's other samples "
        "differ from it: 0 = certain, or all the same.",
        True,
    ),
    "lexical_dissimilarity": Column(
        "How differently the prompt's answers are worded: mean of 1 - ROUGE-L over their pairs.",
        True,
    ),
    "lexical_outlier": Column(
        "How differently this answer is worded than the prompt's others: mean of 1 - ROUGE-L.",
        True,
    ),
    "judge_grade": Column(
        "Mean grade of the judges, from 1 to 5, each judge's leniency removed; 5 = best."
    ),
    "judge_spread": Column(
        "How far the judges' grades are apart, each judge's leniency removed (standard "
        "deviation): 0 = of one mind.",
        True,
    ),
    "novelty": Column("1 - cosine of the prompt to the nearest prompt that was reviewed.", True),
    "answer_tokens": Column("Length of the completion in tokens."),
    "prompt_tokens": Column("Length of the whole prompt in tokens, system prompt included."),
    "answer_characters": Column("Length of the completion in characters."),
    "why_nan": Column("JSON: column that is NaN here, and why; null: none is."),
}
"""Columns of `SCORES`."""

PAIR_COLUMNS: Mapping[str, Column] = {
    "pair_id": Column("Which pair."),
    "a": Column("First candidate's id."),
    "b": Column("Second candidate's id."),
    "record_id": Column("Which prompt."),
    "pair_dissimilarity": Column("1 - cosine of the two answers.", True),
    "pair_dispute": Column(
        "How the committee is split between the two: twice the smaller share of its answers; 1 = "
        "half says a and half says b, 0 = both say the same.",
        True,
    ),
    "panel_entropy": Column(
        "How evenly the judges' verdicts on the pair are spread over a, b and tie: 0 = of one "
        "mind, 1 = evenly; the vote of one that goes by the answers' places is halved.",
        True,
    ),
    "position_inconsistency": Column(
        "Share of the judges that change their verdict when the two answers change places."
    ),
    "length_ratio": Column("Characters of the longer answer per character of the shorter."),
    "degenerate": Column("Whether comparing teaches nothing: an answer is empty, refused or cut."),
    "why_degenerate": Column("Which answer, and what is wrong with it; null: nothing."),
    "why_nan": Column("JSON: column that is NaN here, and why; null: none is."),
}
"""Columns of `PAIR_SCORES`."""

SCORES = pa.schema(
    [
        ("candidate_id", pa.string()),
        ("record_id", pa.string()),
        ("is_target", pa.bool_()),
        ("answer", pa.string()),
        ("answer_source", pa.string()),
        ("answer_group", pa.int32()),
        ("n_members", pa.int32()),
        ("n_answers", pa.int32()),
        ("n_samples", pa.int32()),
        ("uncertainty", pa.float64()),
        ("uncertainty_from", pa.string()),
        ("vote_entropy", pa.float64()),
        ("margin_uncertainty", pa.float64()),
        ("contradiction", pa.float64()),
        ("contradiction_weighted", pa.float64()),
        ("doubt", pa.float64()),
        ("dissimilarity", pa.float64()),
        ("semantic_entropy", pa.float64()),
        ("semantic_entropy_rao", pa.float64()),
        ("predictive_entropy", pa.float64()),
        ("perplexity", pa.float64()),
        ("cocoa", pa.float64()),
        ("lexical_dissimilarity", pa.float64()),
        ("lexical_outlier", pa.float64()),
        ("judge_grade", pa.float64()),
        ("judge_spread", pa.float64()),
        ("novelty", pa.float64()),
        ("answer_tokens", pa.int64()),
        ("prompt_tokens", pa.int64()),
        ("answer_characters", pa.int64()),
        ("why_nan", pa.string()),
    ]
)
"""One row a candidate, in the order of the candidates."""

PAIR_SCORES = pa.schema(
    [
        ("pair_id", pa.string()),
        ("a", pa.string()),
        ("b", pa.string()),
        ("record_id", pa.string()),
        ("pair_dissimilarity", pa.float64()),
        ("pair_dispute", pa.float64()),
        ("panel_entropy", pa.float64()),
        ("position_inconsistency", pa.float64()),
        ("length_ratio", pa.float64()),
        ("degenerate", pa.bool_()),
        ("why_degenerate", pa.string()),
        ("why_nan", pa.string()),
    ]
)
"""One row a pair, in the order of the pairs."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why some columns are NaN in some rows."""

    columns: Sequence[str]
    rows: npt.NDArray[np.bool_]
    """Shape (n_rows,)."""
    reason: str
    by_row: Mapping[int, str] = field(default_factory=dict)
    """Rows that have a reason of their own."""

    def said_of(self, row: int) -> str:
        """Return the reason in a row."""
        return self.by_row.get(row, self.reason)

    def of(self, columns: Sequence[str], ending: str = "") -> Why:
        """Return that other columns are NaN for the same reason, with something added to it."""
        own = {row: reason + ending for row, reason in self.by_row.items()}
        return replace(self, columns=columns, reason=self.reason + ending, by_row=own)


def why_nan(columns: Mapping[str, npt.NDArray[np.float64]], reasons: Sequence[Why]) -> pa.Array:
    """Return, for each row, JSON of its NaN columns and the first reason given for each.

    Args:
        columns: Shape (n_rows,) each.
        reasons: The first that names the column and covers the row holds.
    """
    n_rows = len(next(iter(columns.values())))
    coded = np.zeros((n_rows, len(columns)), dtype=np.int16)
    for c, (name, values) in enumerate(columns.items()):
        for r, why in enumerate(reasons, start=1):
            if name in why.columns:
                coded[np.isnan(values) & why.rows & (coded[:, c] == 0), c] = r
    kinds, first, which = np.unique(coded, axis=0, return_index=True, return_inverse=True)
    own = sorted({row for why in reasons for row in why.by_row})
    rows = [*first.tolist(), *own]
    which = which.reshape(-1)
    which[own] = len(kinds) + np.arange(len(own))
    texts = [_as_json(list(columns), coded[row].tolist(), reasons, row) for row in rows]
    return pa.array(texts, pa.string()).take(pa.array(which))


def _as_json(
    names: Sequence[str], kind: Sequence[int], reasons: Sequence[Why], row: int
) -> str | None:
    said = {name: reasons[r - 1].said_of(row) for name, r in zip(names, kind, strict=True) if r}
    return json.dumps(said) if said else None
