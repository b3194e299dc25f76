"""Near-duplicates by rensa, in its own environment: the peer's side of `audit_duplicates`.

Called as ``PYTHON audit_duplicates_peer.py TEXTS OUT WAY BANDS ROWS WIDTH``; TEXTS holds one JSON
string a line. Writes {cpu, wall, peak, pairs or flags} as JSON. Needs rensa only.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["main"]

_WORD = re.compile("[a-z0-9]+")
_PART = 20_000
_SEED = 42


def main(argv: list[str]) -> None:
    """Read, find, write."""
    texts = [json.loads(line) for line in Path(argv[0]).read_text(encoding="utf-8").splitlines()]
    bands, rows, width = (int(value) for value in argv[3:6])
    cpu, wall = time.process_time(), time.perf_counter()
    found = _WAYS[argv[2]](texts, bands, rows, width)
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(argv[1]).write_text(json.dumps({**spent, "peak": peak, **found}), encoding="utf-8")


def _pairs(texts: list[str], bands: int, rows: int, width: int) -> dict[str, Any]:
    """Put everything into the index, then ask it for what is like each text."""
    rensa = import_module("rensa")
    index = rensa.RMinHashLSH(threshold=0.8, num_perm=bands * rows, num_bands=bands)
    kept = list[Any]()
    for part in _parts(texts, width):
        hashes = rensa.RMinHash.from_token_sets(part, bands * rows, _SEED)
        index.insert_many(hashes, len(kept))
        kept += hashes
    pairs = [
        (other, start + row)
        for start in range(0, len(kept), _PART)
        for row, like in enumerate(index.query_all(kept[start : start + _PART]))
        for other in like
        if other < start + row
    ]
    return {"pairs": pairs}


def _flags(texts: list[str], bands: int, rows: int, width: int) -> dict[str, Any]:
    """Only tell which texts have a like: rensa's fastest way."""
    rensa = import_module("rensa")
    index = rensa.RMinHashLSH(threshold=0.8, num_perm=bands * rows, num_bands=bands)
    every = (part for part in _shingled(texts, width))
    matrix = rensa.RMinHash.digest_matrix_from_token_sets(every, bands * rows, _SEED)
    flags = index.query_duplicate_flags_matrix_one_shot(matrix)
    return {"flags": [int(flag) for flag in flags]}


_WAYS: dict[str, Callable[[list[str], int, int, int], dict[str, Any]]] = {
    "pairs": _pairs,
    "flags": _flags,
}


def _parts(texts: list[str], width: int) -> Iterator[list[set[str]]]:
    for start in range(0, len(texts), _PART):
        yield list(_shingled(texts[start : start + _PART], width))


def _shingled(texts: Iterable[str], width: int) -> Iterator[set[str]]:
    for text in texts:
        words = _WORD.findall(text.lower())
        runs = zip(*(words[k:] for k in range(width)), strict=False)
        yield {" ".join(run) for run in runs}


if __name__ == "__main__":
    main(sys.argv[1:])
