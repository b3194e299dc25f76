"""What a model's own samples, and their probabilities, say of each of its answers.

Samples are the answers of one model to one prompt. Answers of unknown models are nobody's samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate import measure
from curate.score.columns import Why
from curate.score.committee import Seats, seats
from curate.score.comparing import Compared

__all__ = ["SAMPLED", "Sampled", "sampled"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What samples say; one value an answer."""

    n_samples: Floats
    """Samples that can be compared; 0 where the model is unknown."""
    logprob_mean: Floats
    """NaN where there is none, or none that can be."""
    scores: Mapping[str, Floats]
    reasons: list[Why]


def sampled(candidates: pa.Table, record: Ints, models: Ints, compared: Compared) -> Sampled:
    """Score each answer by its model's samples.

    Args:
        candidates: Table of `records.CANDIDATES`.
        record: Each candidate's prompt, -1 = none.
        models: Each candidate's model, -1 = unknown.
        compared: Which answers say the same.
    """
    n = len(candidates)
    own = seats(_own_prompt(record, models), np.zeros(n, dtype=np.int64))
    means = _means(candidates)
    groups, probable = own.spread(compared.verdicts.group), own.spread(means)
    by_prompt = {
        "semantic_entropy": measure.semantic_entropy(groups, correction="chao_shen"),
        "semantic_entropy_rao": measure.semantic_entropy_rao(groups, probable),
        "predictive_entropy": measure.length_normalised_entropy(probable),
        "cocoa": _cocoa(own, groups, probable, compared),
    }
    scores = {name: own.gather(values, n) for name, values in by_prompt.items()}
    apart = np.isnan(compared.verdicts.group)
    scores |= {name: np.where(apart, np.nan, scores[name]) for name in SAMPLED}
    n_samples = np.nan_to_num(own.gather((~np.isnan(groups)).sum(axis=1), n))
    return Sampled(
        n_samples=n_samples,
        logprob_mean=means,
        scores=scores | {"perplexity": measure.perplexity(means)},
        reasons=_reasons(candidates, models, n_samples),
    )


SAMPLED = ("semantic_entropy", "semantic_entropy_rao", "cocoa")
"""Scores that compare a model's samples."""

_ROUNDING = 1e-6
"""Servers round; a log-probability this little above 0 is 0."""
_CELLS = 50_000
"""How many answers are laid out at once."""


def _own_prompt(record: Ints, models: Ints) -> Ints:
    """Number the prompts of each model; -1 = no prompt, or an unknown model."""
    known = (record >= 0) & (models >= 0)
    return np.where(known, record * (int(models.max(initial=0)) + 1) + models, -1)


def _cocoa(own: Seats, groups: Floats, probable: Floats, compared: Compared) -> Floats:
    """Return CoCoA by cosine where answers were embedded, else by saying the same or not."""
    doubtful = np.full(groups.shape, np.nan)
    known = ~np.isnan(groups) & ~np.isnan(probable)
    rows = np.flatnonzero(((~np.isnan(groups)).sum(axis=1) > 1) & known.any(axis=1))
    step = max(1, _CELLS // max(1, groups.shape[1]))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        near = _same(groups[part])
        if compared.similarities is not None:
            at = np.where(np.isnan(groups[part]), -1, own.answers[part])
            near = np.clip(compared.similarities(at), 0.0, 1.0)
        doubtful[part] = measure.cocoa_ppl(probable[part], near)
    return doubtful


def _same(groups: Floats) -> Floats:
    there = ~np.isnan(groups)
    both = there[:, :, None] & there[:, None, :]
    return np.where(both, groups[:, :, None] == groups[:, None, :], np.nan)


def _given(candidates: pa.Table) -> Floats:
    given = candidates["logprob_mean"].cast(pa.float64()).fill_null(np.nan)
    return np.asarray(given.to_numpy(), dtype=np.float64)


def _means(candidates: pa.Table) -> Floats:
    """Return mean log-probabilities; NaN for what cannot be one."""
    given = _given(candidates)
    return np.where(np.isfinite(given) & (given <= _ROUNDING), np.minimum(given, 0.0), np.nan)


def _reasons(candidates: pa.Table, models: Ints, n_samples: Floats) -> list[Why]:
    everywhere = np.ones(len(models), dtype=bool)
    own_chance = ("cocoa", "perplexity")
    no_number = ~np.isnan(_given(candidates)) & np.isnan(_means(candidates))
    return [
        Why(own_chance, no_number, "its log-probability is not a number up to 0"),
        Why(("perplexity",), everywhere, "no log-probability was given"),
        Why((*SAMPLED, "predictive_entropy"), models < 0, "its model is not known"),
        Why(SAMPLED, n_samples < 2, "only one answer of its model can be compared"),
        Why(("cocoa", "predictive_entropy"), everywhere, "no log-probability was given"),
        Why(("semantic_entropy_rao",), everywhere, "log-probabilities of two samples are needed"),
    ]
