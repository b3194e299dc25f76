"""The audit on real data: label errors, contamination, near-duplicates, personal data, speed.

Each part is a benchmark of its own (`benchmarks.audit_labels`, …), with peers in environments of
their own, named by `CURATE_PEER_PYTHON`; what a part needs and how its rules were chosen stands in
its docstring.

    python -m benchmarks.audit [PART ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.table import Row, finish

__all__ = ["PARTS", "rows"]

PARTS = ("labels", "contamination", "duplicates", "personal", "quality", "speed")


def rows(parts: Sequence[str] = PARTS) -> list[Row]:
    """Run the parts one after the other."""
    return [
        row for part in parts for row in importlib.import_module(f"benchmarks.audit_{part}").rows()
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; default: all")
    parser.add_argument("--json", type=Path, default=None, help="also write the rows here")
    asked = parser.parse_args(argv)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part named {', '.join(sorted(unknown))}")
    finish(rows(asked.parts or PARTS), asked.json)


if __name__ == "__main__":
    main()
