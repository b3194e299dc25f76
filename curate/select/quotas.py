"""At least so many rows of a value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.config import QuotaConfig
from curate.errors import ConfigError
from curate.where.cells import Column, codes

__all__ = ["Quotas"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quota:
    name: str
    labels: list[str]
    codes: Ints
    """Value of each row, -1 = none, shape (n_rows,)."""
    least: Ints
    """Rows wanted of each value, shape (n_labels,)."""
    got: Ints
    """Rows picked of each value; changes in place."""

    @property
    def missing(self) -> Ints:
        return np.asarray(np.maximum(self.least - self.got, 0), np.int64)


class Quotas:
    """How many rows of which values a queue still wants.

    Args:
        configs: The quotas.
        columns: Name to one cell a row.
        k: Size of the queue, for shares.
        open_rows: Rows that may be picked, shape (n_rows,): a quota on each value is one on each
            that occurs among them.

    Raises:
        ConfigError: If a column is not known.
    """

    def __init__(
        self,
        configs: Iterable[QuotaConfig],
        columns: Mapping[str, Column],
        k: int,
        open_rows: Bools,
    ) -> None:
        self._quotas = [_quota(config, columns, k, open_rows) for config in configs]
        self._had = [np.bincount(_known(q.codes[open_rows])) for q in self._quotas]

    @property
    def missing(self) -> int:
        """How many rows are wanted still; one that serves two quotas is counted twice."""
        return sum(int(quota.missing.sum()) for quota in self._quotas)

    def count(self, rows: Ints) -> None:
        """Count rows as picked."""
        for quota in self._quotas:
            np.add.at(quota.got, _known(quota.codes[rows]), 1)

    def wants(self, rows: Ints) -> Bools:
        """Say for each row whether a quota wants it still, shape (len(rows),)."""
        wanted = np.zeros(len(rows), bool)
        for quota in self._quotas:
            code = quota.codes[rows]
            lacking = np.append(quota.missing > 0, False)
            wanted |= lacking[code]
        return wanted

    def serves(self, row: int) -> str:
        """Say which quotas want a row."""
        return ", ".join(
            f"quota of {quota.least[code]} on {quota.name} {quota.labels[code]!r}"
            for quota in self._quotas
            if (code := int(quota.codes[row])) >= 0 and quota.missing[code] > 0
        )

    def notes(self, left: Bools) -> list[str]:
        """Say which quotas were not filled, and why.

        Args:
            left: Rows that could still have been picked at the end, shape (n_rows,).
        """
        said = [
            self._said(n, code, left)
            for n, quota in enumerate(self._quotas)
            for code in np.flatnonzero(quota.missing).tolist()
        ]
        more = f"{len(said) - _MOST_NOTES:,} more quotas were not filled"
        return said if len(said) <= _MOST_NOTES else [*said[:_MOST_NOTES], more]

    def _said(self, n: int, code: int, left: Bools) -> str:
        quota = self._quotas[n]
        had = int(self._had[n][code]) if code < len(self._had[n]) else 0
        remain = int((quota.codes[left] == code).sum())
        why = f"of {had:,} that could be asked {remain:,} were left when the queue was complete"
        if not remain:
            why = f"all that could be asked of {had:,}" if had else "none could be asked"
        return (
            f"quota of {quota.least[code]} on {quota.name} {quota.labels[code]!r}: "
            f"{quota.got[code]} picked, {why}"
        )


_MOST_NOTES = 5


def _quota(config: QuotaConfig, columns: Mapping[str, Column], k: int, open_rows: Bools) -> _Quota:
    if config.column not in columns:
        raise ConfigError(
            f"`select.quotas`: no column {config.column!r} in this project; "
            f"known: {', '.join(columns)}"
        )
    number, labels = codes(columns[config.column])
    least = config.least or math.ceil((config.share or 0.0) * k - _ROUNDING)
    if config.value is None:
        wanted = np.bincount(_known(number[open_rows]), minlength=len(labels)) > 0
    else:
        labels = labels if config.value in labels else [*labels, config.value]
        wanted = np.array([label == config.value for label in labels], bool)
    each = np.where(wanted, least, 0).astype(np.int64)
    return _Quota(
        name=config.column, labels=labels, codes=number, least=each, got=np.zeros_like(each)
    )


_ROUNDING = 1e-9


def _known(codes: Ints) -> Ints:
    return codes[codes >= 0]
