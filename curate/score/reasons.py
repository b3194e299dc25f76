"""What is known of candidates, and why a score of theirs can be NaN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.score.columns import Why
from curate.score.committee import ENOUGH, PANEL, SEATS
from curate.score.comparing import Compared
from curate.score.lexical import spoken
from curate.score.reading import Read
from curate.score.samples import SAMPLED, Sampled

__all__ = ["Known", "why"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of candidates; one value each."""

    record: Ints
    """Row in the records, -1 = none."""
    models: Ints
    """Number of the model, -1 = unknown."""
    read: Read
    compared: Compared
    sampled: Sampled


def why(known: Known, *, embedded: bool) -> list[Why]:
    """Say why scores can be NaN, the most telling reason first.

    Args:
        known: What is known of candidates.
        embedded: Whether prompts have vectors.
    """
    everywhere = np.ones(len(known.record), dtype=bool)
    few = np.nan_to_num(known.compared.verdicts.n_answers)
    nothing_near = "nothing was reviewed yet" if embedded else "prompts were not embedded"
    return [
        Why((*_OF_A_PROMPT, "novelty"), known.record < 0, "its record is missing"),
        Why(_OF_A_PROMPT, _unseated(known), f"of its prompt's answers {SEATS} were compared"),
        *_incomparable(known, everywhere),
        Why((*_COMMITTEE, *_OWN), few == 1, "only one member answered"),
        Why((*_COMMITTEE, "doubt"), few == 0, "no member's answer could be compared"),
        *_no_panel(known, everywhere),
        *known.sampled.reasons,
        Why(_LEXICAL, ~spoken(known.read.texts), "the answer is empty"),
        Why(_LEXICAL, everywhere, "only one member answered"),
        Why(("novelty",), everywhere, nothing_near),
    ]


def _unseated(known: Known) -> Mask:
    return np.isnan(known.compared.verdicts.n_answers) & (known.record >= 0)


def _no_panel(known: Known, everywhere: Mask) -> list[Why]:
    n_named = np.nan_to_num(known.compared.verdicts.n_named)
    return [
        Why(("doubt",), known.models < 0, "its model is not known"),
        Why(("doubt",), n_named < PANEL, f"fewer than {PANEL} models answered"),
        Why(("doubt",), everywhere, f"fewer than {ENOUGH} prompts were answered by {PANEL} models"),
    ]


_COMMITTEE = ("vote_entropy", "margin_uncertainty", "contradiction", "contradiction_weighted")
_OWN = ("contradiction", "contradiction_weighted", "doubt", "dissimilarity")
_LEXICAL = ("lexical_dissimilarity", "lexical_outlier")
_OF_A_PROMPT = (*_COMMITTEE, *_OWN, *SAMPLED, *_LEXICAL, "predictive_entropy")


def _incomparable(known: Known, everywhere: Mask) -> list[Why]:
    """Say why an answer cannot be compared with others."""
    own, by = (*_OWN, *SAMPLED), known.read.extract
    if known.compared.missing:
        return [Why((*_COMMITTEE, *own), everywhere, known.compared.missing)]
    unembedded = Why(("dissimilarity",), everywhere, f"not embedded: answers were compared by {by}")
    unread = "the answer is empty" if by == "embedding" else _unread(known.read)
    return [
        *([] if by == "embedding" else [unembedded]),
        _unsettled(known.compared.unsettled, own, len(everywhere)),
        Why(own, np.isnan(known.compared.verdicts.group), unread),
    ]


def _unread(read: Read) -> str:
    by = "text" if read.extract in ("entailment", "nli") else read.extract
    return f"no answer could be read by {by}"


def _unsettled(unsettled: Mapping[int, str], columns: tuple[str, ...], n: int) -> Why:
    rows = np.zeros(n, dtype=bool)
    rows[list(unsettled)] = True
    return Why(columns, rows, "it could not be compared", unsettled)
