"""The contract of a strategy, and the strategies by name.

A strategy is one file: a plain array function for notebooks, and a `picker` that offers rows
one at a time. What surrounds every strategy (the random slice, caps, near-identical rows,
reasons) takes or closes each row it offers, so it works the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from curate.config import SelectConfig
from curate.registry import Registry
from curate.select.gate import Gate
from curate.select.pool import Pool

__all__ = ["Offer", "Picker", "Strategy", "strategies"]


class Picker(Protocol):
    """Offers open rows, best first, and learns what became of each."""

    @property
    def refused(self) -> Mapping[int, str]:
        """Rows that the strategy itself will never offer: reason."""

    def offer(self) -> int:
        """Return the best row that is still open, or -1 when none is left; ties: lowest index."""

    def take(self, row: int) -> str:
        """Note that `row` was picked, and return in one sentence why it was offered."""

    def close(self, rows: npt.NDArray[np.int64]) -> None:
        """Never offer `rows` (again)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """All that a strategy may look at."""

    vectors: npt.NDArray[np.float32]
    """Unit rows (or zero rows), shape (n_rows, n_dims)."""
    need: npt.NDArray[np.float64]
    """Shape (n_rows,); NaN where it could not be scored."""
    need_name: str
    open: npt.NDArray[np.bool_]
    """Rows that may be offered, shape (n_rows,)."""
    covered: npt.NDArray[np.int64]
    """Rows reviewed or queued in earlier rounds."""
    drawn: npt.NDArray[np.int64]
    """This round's random slice; no longer open."""
    k: int
    """How many rows will be taken at most."""
    gate: Gate
    """Who gets in; `gate.loosened(share)` serves to try a larger queue."""
    cover: str
    """Name of the strategy that a mixed one covers with."""
    prefilter: float
    """How many times `k` a mixed strategy short-lists by need (`auto` settled)."""
    rng: np.random.Generator
    config: SelectConfig
    """The whole section, for strategies with settings of their own."""
    pool: Pool
    """All that is known of the rows: scores, beliefs, pairs, minutes."""

    @property
    def centres(self) -> npt.NDArray[np.int64]:
        """Rows that count as picked: covered and drawn."""
        return np.concatenate([self.covered, self.drawn])


Strategy = Callable[[Offer], Picker]

strategies: Registry[Strategy] = Registry(
    "strategy",
    {
        "hybrid": "curate.select.hybrid:picker",
        "random": "curate.select.random:picker",
        "uncertainty": "curate.select.uncertainty:picker",
        "k_center": "curate.select.k_center:picker",
        "facility_location": "curate.select.facility_location:picker",
        "least_confidence": "curate.select.least_confidence:picker",
        "margin": "curate.select.margin:picker",
        "entropy": "curate.select.entropy:picker",
        "committee": "curate.select.committee:picker",
        "bald": "curate.select.bald:picker",
        "expected_model_change": "curate.select.expected_model_change:picker",
        "badge": "curate.select.badge:picker",
        "typical": "curate.select.typical:picker",
        "prob_cover": "curate.select.prob_cover:picker",
        "dpp": "curate.select.dpp:picker",
        "mmr": "curate.select.mmr:picker",
        "mix": "curate.select.mix:picker",
        "cluster_margin": "curate.select.cluster_margin:picker",
        "cluster_uncertain": "curate.select.cluster_uncertain:picker",
        "stratified": "curate.select.stratified:picker",
        "sampled": "curate.select.sampled:picker",
        "pairs": "curate.select.pairs.objective:picker",
        "d_optimal": "curate.select.pairs.design:picker",
        "batch_bald": "curate.select.pairs.design:bald_picker",
        "infomax": "curate.select.pairs.rules:infomax_picker",
        "moderate_gap": "curate.select.pairs.rules:moderate_picker",
        "confident_gap": "curate.select.pairs.rules:confident_picker",
        "delta_ucb": "curate.select.pairs.delta_ucb:picker",
        "drts": "curate.select.pairs.thompson:drts_picker",
        "double_thompson": "curate.select.pairs.thompson:dts_picker",
        "connected": "curate.select.pairs.connected:picker",
    },
)
