"""Whether what was found is above the bar: `--fail-on CHECK[:RATE]`."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from curate.checks.catalogue import CHECKS
from curate.checks.check import Check, Family, Found
from curate.errors import ConfigError
from curate.records import Severity

__all__ = ["DEFAULT_BAR", "UNREADABLE", "Bar", "above", "parse_bar", "split_bar"]

UNREADABLE = "unreadable"
"""What rows that cannot be read are filed under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The share of rows at fault that is let pass."""

    name: str
    """A check, a family, or a severity, which stands for each of its checks."""
    rate: float = 0.0
    """Above it the audit fails, in [0, 1]."""

    def __str__(self) -> str:
        if not self.rate:
            return f"no row with {_article(self.name)}"
        return f"{self.name} in at most {self.rate:.2%} of the rows"


def _article(name: str) -> str:
    return {"error": "an error", "warning": "a warning", "info": "a note"}.get(name, name)


DEFAULT_BAR = (Bar(name="error"),)
"""Any error fails."""


def parse_bar(text: str) -> Bar:
    """Read a bar as given on the command line.

    Raises:
        ConfigError: If there is no such check, family or severity, or the rate is none.

    >>> parse_bar("near-duplicates:0.02")
    Bar(name='near-duplicates', rate=0.02)
    >>> parse_bar("error")
    Bar(name='error', rate=0.0)
    """
    name, rate = split_bar(text)
    known = (*get_args(Severity), *get_args(Family), UNREADABLE, *CHECKS)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ConfigError(
            f"--fail-on {text}: no check, family or severity named {name!r}{hint} "
            "`curate audit --list` lists them"
        )
    return Bar(name=name, rate=rate)


def split_bar(text: str) -> tuple[str, float]:
    """Return a bar's name and rate, ``NAME[:RATE]``.

    Raises:
        ConfigError: If the rate is no share.
    """
    name, colon, rate = text.partition(":")
    try:
        share = float(rate) if colon else 0.0
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise ConfigError(f"--fail-on {text}: the rate must be a share from 0 to 1, not {rate!r}")
    return name, share


def above(
    bars: Sequence[Bar], checks: Sequence[Check], found: Sequence[Found], unreadable: float
) -> dict[str, str]:
    """Return the checks that are above the bar, each with why in a sentence.

    A check without rows at fault is above it too where it says something of the whole set: a
    finding without rows counts as a rate of 1.

    Args:
        bars: The bars; the strictest that names a check counts.
        checks: The checks that ran.
        found: What each found.
        unreadable: Share of the raw rows that could not be read.
    """
    said: dict[str, str] = {}
    worst = min((bar.rate for bar in bars if bar.name in (UNREADABLE, "error")), default=None)
    if worst is not None and unreadable > worst:
        said[UNREADABLE] = f"{unreadable:.2%} of the rows cannot be read; {_passes(worst)}"
    for check, one in zip(checks, found, strict=True):
        rates = [bar.rate for bar in bars if bar.name in _names(check, one)]
        rate = _rate(one)
        if rates and one.findings and rate > min(rates):
            said[check.name] = f"{_share(one)}; {_passes(min(rates))}"
    return said


def _passes(rate: float) -> str:
    return f"{rate:.2%} may pass" if rate else "none may pass"


def _names(check: Check, found: Found) -> set[str]:
    """Return what a bar may call a check: its worst finding counts, where these differ."""
    severities = {finding.severity for finding in found.findings} or {check.severity}
    return {check.name, check.family, *severities}


def _rate(found: Found) -> float:
    return found.rate if found.n_rows and found.looked_at else 1.0


def _share(found: Found) -> str:
    if not found.n_rows:
        return f"{len(found.findings):,} findings on the whole set"
    return f"{found.n_rows:,} of {found.looked_at:,} rows"
