"""Rows that are always, or never, asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from curate.config import SelectConfig
from curate.errors import ConfigError
from curate.select.pool import Pool
from curate.select.table import Table
from curate.where.language import Rule, parse

__all__ = ["read", "withhold"]


def read(where: str, key: str) -> Rule:
    """Read a rule, and name the key of the configuration where it cannot be.

    Raises:
        ConfigError: If it is not a rule.
    """
    try:
        return parse(where)
    except ConfigError as error:
        raise ConfigError(f"`select.{key}`: {error}") from error


def withhold(pool: Pool, config: SelectConfig) -> Pool:
    """Return the pool with all that is never asked left out, each with its reason.

    Those are the rows of `never` rules, and the protected ones with their groups. `choose` does
    the same; do it before where `composition` and `explain_row` should know of it too.

    Args:
        pool: What is on offer.
        config: The section.

    Raises:
        ConfigError: If a rule cannot be read, or speaks of a column that is not there.
    """
    out = _protected(pool) | _never(pool, config)
    new = {row: why for row, why in out.items() if row not in pool.left_out}
    return replace(pool, left_out=dict(pool.left_out) | new) if new else pool


def _protected(pool: Pool) -> dict[int, str]:
    fellow = "in one group with a prompt that is never asked"
    return {
        row: _SIDES.get(pool.protected[row], "protected, never asked")
        if row in pool.protected
        else fellow
        for row in np.flatnonzero(pool.shielded).tolist()
    }


_SIDES = {
    "test": "its prompt was in the test split, never asked",
    "calibration": "its prompt was in the calibration slice, never asked",
}


def _never(pool: Pool, config: SelectConfig) -> dict[int, str]:
    out: dict[int, str] = {}
    table = Table(pool)
    for rule in (read(r.where, "never") for r in config.never):
        rows = np.flatnonzero(rule.holds(table))
        out = dict.fromkeys(rows.tolist(), f"never asked where {rule}") | out
    return out
