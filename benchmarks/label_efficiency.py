"""Does choosing beat random? Label efficiency on real data, every strategy, the losing ones too.

1. Finding what to rewrite: each of 22 models as the production model (`_rewrites`).
2. Classes: Banking77, and CLINC150 with out-of-scope as the rare class (`_classes`).
3. Preferences: UKP arguments, TruthfulQA, WMT en-de, PandaLM (`_preferences`).

A ratio is labels that random needs / labels that the strategy needs. One set of default
parameters for all sets.

    python -m benchmarks.label_efficiency [PART ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from benchmarks.table import Row, finish

__all__ = ["main"]

PARTS = ("rewrites", "classes", "preferences")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the parts asked for and print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; default: all")
    parser.add_argument("--json", type=Path, default=None, help="also write the rows here")
    asked = parser.parse_args(argv)
    unknown = sorted(set(asked.parts) - set(PARTS))
    if unknown:
        parser.error(f"no part named {', '.join(unknown)}; known: {', '.join(PARTS)}")
    finish([row for part in asked.parts or PARTS for row in _rows(part)], asked.json)


def _rows(part: str) -> list[Row]:
    name = f"benchmarks.label_efficiency_{part}"
    if importlib.util.find_spec(name) is None:
        print(f"{name}: missing, left out")
        return []
    rows: list[Row] = list(importlib.import_module(name).rows())
    return rows


if __name__ == "__main__":
    main()
