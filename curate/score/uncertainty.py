"""The one score that ranks candidates: a named one, or the recommended one row by row."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.errors import ConfigError
from curate.score.columns import COLUMNS, Why
from curate.score.recommended import Situation, recommend

__all__ = ["Uncertain", "check", "uncertain"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """The score that ranks candidates; one value each."""

    value: Floats
    source: pa.Array
    """Name of the score; null where there is none."""
    reasons: list[Why]
    """Those that were given, and why `value` is NaN."""


def check(name: str) -> None:
    """Look whether a score of that name can be `uncertainty`.

    Raises:
        ConfigError: If there is none.
    """
    known = [n for n, column in COLUMNS.items() if column.need and n != "uncertainty"]
    if name in ("auto", *known):
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ConfigError(
        f"`score.uncertainty`: no score named {name!r}; {hint}known: auto, {', '.join(known)}"
    )


def uncertain(
    name: str, scores: Mapping[str, Floats], situation: Situation, reasons: Sequence[Why]
) -> Uncertain:
    """Return the score called `name`, or with ``auto`` the one recommended for each candidate.

    Args:
        name: A column of `COLUMNS` that says a need, or auto.
        scores: Shape (n_candidates,) each.
        situation: What is known of each candidate.
        reasons: Why scores are NaN.
    """
    auto = name == "auto"
    value, source = recommend(situation, scores) if auto else _named(name, scores[name])
    stands_for = "contradiction_weighted" if auto else name
    ending = ", and no log-probability was given" if auto else ""
    own = [why.of(("uncertainty",), ending) for why in reasons if stands_for in why.columns]
    return Uncertain(value=value, source=source, reasons=[*reasons, *own])


def _named(name: str, values: Floats) -> tuple[Floats, pa.Array]:
    which = pa.array(np.zeros(len(values), dtype=np.int8), mask=np.isnan(values))
    return values, pa.array([name], pa.string()).take(which)
