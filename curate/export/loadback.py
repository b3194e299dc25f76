"""Files as the real `datasets` reads them, without a network, a cache that stays, or a bar."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from curate.export.writers import Row, Unfit

__all__ = ["Reader", "features_of", "opened", "refuse_rounding", "rounded", "write_parquet"]

Features = Any
"""A `datasets.Features`."""


class Reader:
    """Loads files through a cache folder of its own."""

    def __init__(self, cache: str):
        self._cache = cache

    def file(self, path: Path, features: Features | None = None) -> list[Row]:
        """Return the rows of a .jsonl or .parquet file."""
        import datasets

        kind = "parquet" if path.suffix == ".parquet" else "json"
        loaded = datasets.load_dataset(
            kind, data_files={"train": str(path)}, cache_dir=self._cache, features=features
        )
        return list(loaded["train"])

    def card(self, folder: Path, config: str) -> dict[str, int]:
        """Return split to number of rows, as the folder's dataset card leads to them."""
        import datasets

        loaded = datasets.load_dataset(str(folder), config, cache_dir=self._cache)
        return {split: len(rows) for split, rows in loaded.items()}


@contextlib.contextmanager
def opened() -> Iterator[Reader]:
    """Give a reader; `datasets` asks no hub, counts no download and draws no bar meanwhile."""
    import datasets

    config, logs = datasets.config, datasets.utils.logging
    before = config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS, logs.get_verbosity()
    bars = not datasets.are_progress_bars_disabled()
    config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS = True, False
    logs.set_verbosity(logs.CRITICAL)
    datasets.disable_progress_bars()
    try:
        with tempfile.TemporaryDirectory(prefix="curate-loadback-") as cache:
            yield Reader(cache)
    finally:
        config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS = before[:2]
        logs.set_verbosity(before[2])
        if bars:
            datasets.enable_progress_bars()


def features_of(rows: Sequence[Row], *, safe: bool = False) -> Features:
    """Return the features under which `datasets` keeps rows as they are.

    Objects whose keys or kinds differ from row to row are kept as JSON, so that no null is
    filled in.

    Args:
        rows: All rows of all splits of a format, with the same columns.
        safe: Keep every object as JSON, even where all are alike. A JSON Lines file needs it
            where all texts of a column look like dates: Arrow would read them as dates.
    """
    import datasets

    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row[name] for row in rows if name in row] for name in names}
    return datasets.Features({name: _feature(v, safe) for name, v in columns.items()})


def write_parquet(rows: Sequence[Row], path: Path, features: Features) -> None:
    """Write rows as Parquet, the same bytes for the same rows."""
    import datasets

    names = list(features)
    table = {name: [row.get(name) for row in rows] for name in names}
    datasets.Dataset.from_dict(table, features=features).to_parquet(str(path))


def refuse_rounding(row: Row) -> None:
    """Check that `datasets` keeps the numbers of a row.

    Raises:
        Unfit: If it would change one: JSON values go through a codec of 10 decimals.
    """
    if rounded(row) != row:
        raise Unfit("a number in a tool call would be rounded by datasets")


def rounded(row: Row) -> Row:
    """Return a row as it comes out of the codec by which `datasets` keeps JSON values."""
    from datasets.utils.json import ujson_dumps, ujson_loads

    try:
        kept: Row = ujson_loads(ujson_dumps(row))
    except (ValueError, OverflowError, RecursionError):
        return {}
    return kept


def _feature(values: Sequence[Any], safe: bool) -> Any:
    import datasets

    kinds = {type(value) for value in values}
    if kinds == {str}:
        return datasets.Value("string")
    if kinds == {bool}:
        return datasets.Value("bool")
    if kinds == {list}:
        inner = [value for many in values for value in many]
        return datasets.List(_feature(inner, safe) if inner else datasets.Json())
    if kinds == {dict} and not safe:
        return _struct(values)
    return datasets.Json()


def _struct(values: Sequence[Row]) -> Any:
    import datasets

    names = list(values[0])
    if not names or any(value.keys() != values[0].keys() for value in values):
        return datasets.Json()
    fields = {name: _feature([value[name] for value in values], False) for name in names}
    if any(isinstance(field, datasets.Json) for field in fields.values()):
        return datasets.Json()
    return fields
