"""The audit on real data: label errors, contamination, near-duplicates, personal data, speed.

Each part is a benchmark of its own (`benchmarks.audit_labels`, …) and is run in a process of its
own, so that its memory is its own. Peers live in an environment of their own, named by
`CURATE_PEER_PYTHON` (``pip install rensa cleanlab presidio-analyzer detect-secrets``). What a part
needs, and how its rules were chosen, stands in its docstring.

    python -m benchmarks.audit [PART ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.table import Row, finish

__all__ = ["PARTS", "rows"]

PARTS = ("labels", "contamination", "duplicates", "personal", "quality", "speed")


def rows(parts: Sequence[str] = PARTS) -> list[Row]:
    """Run the parts one after the other."""
    return [row for part in parts for row in _rows_of(part)]


def _rows_of(part: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.json")
        command = [sys.executable, "-m", f"benchmarks.audit_{part}", "--json", path.as_posix()]
        subprocess.run(command, check=True, stdout=sys.stderr)
        said = json.loads(path.read_text(encoding="utf-8"))
    numbers = {field.name for field in fields(Row) if field.type == "float"}
    for row in said:
        cells: dict[str, Any] = {
            name: math.nan if value is None and name in numbers else value
            for name, value in row.items()
        }
        yield Row(**cells)


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
