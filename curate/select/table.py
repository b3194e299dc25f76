"""The columns of a pool by name: what caps, quotas and rules may speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from curate.config import SelectConfig
from curate.select.pool import Pool
from curate.select.regions import regions
from curate.where.cells import Column
from curate.where.language import parse

__all__ = ["OWN_COLUMNS", "Table", "columns_needed"]

OWN_COLUMNS = ("cluster", "id", "minutes", "need")
"""Columns that every pool has by itself."""


class Table(Mapping[str, Column]):
    """The columns of a pool, scores and `OWN_COLUMNS` included; clusters are found on demand.

    Args:
        pool: What is on offer.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._cluster: Column | None = pool.clusters

    def __getitem__(self, name: str) -> Column:
        pool = self._pool
        if name in pool.columns:
            return pool.columns[name]
        if name in pool.scores:
            return pool.scores[name]
        if name == "cluster":
            self._cluster = regions(pool) if self._cluster is None else self._cluster
            return self._cluster
        own: dict[str, Column] = {"id": pool.ids, pool.need_name: pool.need, "need": pool.need}
        if pool.minutes is not None:
            own["minutes"] = pool.minutes
        return own[name]

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        pool = self._pool
        hidden = {"minutes"} if pool.minutes is None else set()
        names = (*pool.columns, *pool.scores, pool.need_name, *OWN_COLUMNS)
        return iter(dict.fromkeys(name for name in names if name not in hidden))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def columns_needed(config: SelectConfig) -> set[str]:
    """Return the names of the columns that a configuration speaks of, but for `OWN_COLUMNS`.

    Raises:
        ConfigError: If a rule cannot be read.

    >>> columns_needed(SelectConfig(never=[{"where": "prompt ~ 'test' or cluster == 3"}]))
    {'prompt'}
    """
    rules = (*config.always, *config.never, *config.cold_start.seeds)
    names = {cap.column for cap in config.caps} | {quota.column for quota in config.quotas}
    names |= set() if config.strata is None else {config.strata}
    return names.union(*(parse(rule.where).columns for rule in rules)) - set(OWN_COLUMNS)
