"""A whole audit of many rows, from the command to its files: time, memory, the same bytes again.

Rows are the answers and pairs of the real data in `CURATE_DATA`; beyond as many as these are,
copies of them with a third of their words exchanged for words of other rows.

    python -m benchmarks.audit_speed [--rows 100000] [--json FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import Row, data_file, finish
from curate.audit import read_rows

__all__ = ["real_rows", "rows"]

Json = dict[str, Any]
SETS = (
    "A_C_committee_gsm8k_12models.jsonl.gz",
    "D_truthfulqa_pairs_human_truth.jsonl.gz",
    "B_D_ukpconvarg_pairs_5votes.jsonl.gz",
    "A_C_committee_cruxeval_10models.jsonl.gz",
    "E_truthfulqa_human_truth_info_labels.jsonl.gz",
    "H_gsm8k_train.jsonl.gz",
    "A_C_gsm8k_openai_4models_correct.jsonl.gz",
    "C_aqua_codex_selfconsistency_programs.jsonl.gz",
    "A_oasst_sampling_reports_3models.jsonl.gz",
    "A_committee_selfinstruct252_8models.jsonl.gz",
    "A_judge_repeats_vicuna_mtbench_4models_3xgpt4.jsonl.gz",
)
BENCHMARKS = ("H_vicuna80_questions.jsonl", "H_mt_bench_questions.jsonl", "H_gsm8k_test.jsonl")


def rows(n_rows: int = 100_000) -> list[Row]:
    """Audit a file of `n_rows` rows twice, without embedding."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.jsonl")
        size = _write(path, n_rows)
        against = [found for name in BENCHMARKS if (found := data_file(name)) is not None]
        first = _audit(path, against, Path(folder, "a"))
        second = _audit(path, against, Path(folder, "b"))
        same = _digests(Path(folder, "a")) == _digests(Path(folder, "b"))
    nan = float("nan")
    limit = 60.0 if n_rows <= 100_000 else nan
    about = f"audit of {n_rows:,} rows ({size / 1e6:.0f} MB), no embedding, wall s"
    return [
        Row(
            step=about,
            ours=min(first[0], second[0]),
            peer=nan,
            ratio=nan,
            target="< 60 s" if n_rows <= 100_000 else "",
            met=min(first[0], second[0]) < limit if n_rows <= 100_000 else None,
            note=f"{first[0]:.1f} and {second[0]:.1f} s; CPU {first[1]:.1f} and {second[1]:.1f} s",
        ),
        Row(
            step="its peak memory, GB (the larger process)",
            ours=max(first[2], second[2]),
            peer=nan,
            ratio=nan,
            target="< 6 GB",
            met=max(first[2], second[2]) < 6,
        ),
        Row(
            step="the second run's files hold the same bytes (1 = yes)",
            ours=float(same),
            peer=nan,
            ratio=nan,
            target="1",
            met=same,
        ),
    ]


def _audit(path: Path, against: Sequence[Path], out: Path) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and peak gigabytes of one audit."""
    command = [sys.executable, "-m", "curate.cli", "audit", path.as_posix(), "--no-embed"]
    command += ["--out", out.as_posix(), "--fail-on", "error:1"]
    for name in against:
        command += ["--against", name.as_posix()]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.monotonic() - began
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, after.ru_maxrss / 1e6


def _digests(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.iterdir()) if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _write(path: Path, n_rows: int) -> int:
    """Write the rows and return how many bytes they are."""
    with path.open("w", encoding="utf-8") as file:
        for row in real_rows(n_rows):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path.stat().st_size


def real_rows(n_rows: int) -> Iterator[Json]:
    """Yield training rows made from the real data, chats and pairs."""
    real = [row for name in SETS if (path := data_file(name)) for row in _rows_of(path)]
    rng = random.Random(7)
    rng.shuffle(real)
    yield from real[:n_rows]
    words = [word for row in real[:20_000] for word in row[_answer_key(row)].split()[:40]]
    for n in range(max(n_rows - len(real), 0)):
        yield _varied(real[n % len(real)], words, rng)


def _rows_of(path: Path) -> list[Json]:
    held = read_rows([path]).rows
    columns = (held.prompt, held.answer, held.rejected, held.column("model"))
    cells = zip(*(column.to_pylist() for column in columns), strict=True)
    return [_row(path.name, *cell) for cell in cells if cell[1]]


def _row(source: str, prompt: str, answer: str, rejected: str | None, model: str | None) -> Json:
    row: Json = {"prompt": prompt, "source": source.split(".")[0], "model": model}
    if rejected:
        return row | {"chosen": answer, "rejected": rejected}
    return row | {"completion": answer}


def _answer_key(row: Json) -> str:
    return "chosen" if "chosen" in row else "completion"


def _varied(row: Json, words: Sequence[str], rng: random.Random) -> Json:
    texts = {key: row[key] for key in ("prompt", "chosen", "rejected", "completion") if key in row}
    return row | {key: _exchanged(text, words, rng) for key, text in texts.items()}


def _exchanged(text: str, words: Sequence[str], rng: random.Random) -> str:
    said = text.split(" ")
    for place in range(0, len(said), 3):
        said[place] = words[int(rng.random() * len(words))]
    return " ".join(said)


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", type=Path, default=None, help="also write the rows here")
    asked = parser.parse_args(argv)
    finish(rows(asked.rows), asked.json)


if __name__ == "__main__":
    main()
