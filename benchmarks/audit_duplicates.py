"""Near-duplicates in a million short documents, beside rensa at the same bands and shingles.

The documents are runs of real sentences (UKP arguments, GSM8K, TruthfulQA and the committees'
answers), drawn with a seed to 20 to 80 words; to three in ten an edited copy is added: words taken
out, put in or replaced by words of other documents, one edit in every 12 to 120 words, so that the
true Jaccard similarities spread from .5 to 1. The truth is computed pair by pair with Python
sets. Both sides read the same ASCII words, the same runs of three, and have as many permutations
in as many bands; ours sorts 12 more bands, of the same permutations taken across the others, and
proves each pair, rensa's pairs are candidates. Those 12 were chosen on the 100,000 documents of
the seed used here. Seconds are CPU seconds of the process but for reading the file, compiled code
included, its compilation not.

CURATE_PEER_PYTHON names an interpreter that has rensa.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, finish, json_path
from benchmarks.vectors import cache_folder, lines

__all__ = ["main", "rows"]

Ints = npt.NDArray[np.int64]
THRESHOLD = 0.8
WIDTH = 3
SIZES = (100_000, 1_000_000)
_WORD = re.compile("[a-z0-9]+")


def main() -> None:
    """Race, print."""
    finish(rows(), json_path())


def rows() -> list[Row]:
    """Return speed, recall, precision and memory at each size."""
    sentences = _sentences()
    if not sentences:
        return []
    return [row for n in SIZES for row in _rows(n, sentences)]


def _sentences() -> list[str]:
    """Return the distinct sentences of the real texts."""
    texts = [row["question"] + " " + row["answer"] for row in lines("H_gsm8k_train.jsonl.gz")]
    texts += [
        row[side]
        for row in lines("B_D_ukpconvarg_pairs_5votes.jsonl.gz")
        for side in ("response_a", "response_b")
    ]
    texts += [row["response"] for row in lines("E_truthfulqa_human_truth_info_labels.jsonl.gz")]
    texts += [
        answer["text"]
        for name in ("A_C_committee_gsm8k_12models", "A_committee_selfinstruct252_8models")
        for row in lines(f"{name}.jsonl.gz")
        for answer in row["completions"]
    ]
    plain = " ".join(dict.fromkeys(texts)).encode("ascii", "ignore").decode().replace("_", " ")
    parts = re.split(r"(?<=[.!?])\s+", plain)
    return [part for part in dict.fromkeys(parts) if 4 <= len(part.split()) <= 40]


def _rows(n: int, sentences: Sequence[str]) -> Iterable[Row]:
    folder = cache_folder() / f"duplicates-{n}"
    if not (folder / "truth.npy").exists():
        _write(folder, n, sentences)
    truth = np.load(folder / "truth.npy")
    with (folder / "texts.jsonl").open(encoding="utf-8") as file:
        texts = [json.loads(line) for line in file]
    ours = _ours(folder)
    found = np.load(folder / "ours.npy")
    recall, precision = _quality(_reported(found), truth, texts, same=found[0])
    note = f"{len(truth):,} planted copies, {int((truth[:, 2] >= THRESHOLD).sum()):,} at .8 or more"
    pairs, flags = _peer(folder, "pairs"), _peer(folder, "flags")
    peer_recall, peer_precision = _peer_quality(pairs, truth, texts)
    ratio = pairs["cpu"] / ours["cpu"]
    yield Row(
        step=f"near-duplicates with pairs, {n:,} documents, CPU s",
        ours=ours["cpu"],
        peer=pairs["cpu"],
        ratio=ratio,
        quality_ours=recall,
        quality_peer=peer_recall,
        target=">= 5x, recall no lower",
        met=None if np.isnan(ratio) else bool(ratio >= 5 and recall >= peer_recall),
        note=f"peer: rensa, index and query_all; quality: recall of pairs; {note}",
    )
    yield _share("precision of pairs", n, precision, peer_precision, "rensa's are candidates")
    yield _flag_row(n, ours["cpu"], flags, truth)
    yield _memory(n, ours, pairs)


def _share(what: str, n: int, ours: float, peer: float, note: str) -> Row:
    return Row(
        step=f"near-duplicates, {what}, {n:,} documents",
        ours=ours,
        peer=peer,
        ratio=ours / peer,
        target="no lower",
        met=None if np.isnan(peer) else ours >= peer,
        note=note,
    )


def _flag_row(n: int, seconds: float, flags: dict[str, Any], truth: npt.NDArray[Any]) -> Row:
    alike = truth[truth[:, 2] >= THRESHOLD, :2].astype(int)
    flagged = np.array(flags.get("flags", []), bool)
    recall = float(flagged[alike].all(axis=1).mean()) if len(flagged) else float("nan")
    return Row(
        step=f"near-duplicates, flags only, {n:,} documents, CPU s",
        ours=seconds,
        peer=flags["cpu"],
        ratio=flags["cpu"] / seconds,
        quality_peer=recall,
        note="peer: rensa's fastest way, which does not tell whose copy; ours tells; quality: "
        "share of pairs with both flagged",
    )


def _memory(n: int, ours: dict[str, Any], peer: dict[str, Any]) -> Row:
    return Row(
        step=f"near-duplicates, peak memory, {n:,} documents, MB",
        ours=ours["peak"],
        peer=peer["peak"],
        ratio=peer["peak"] / ours["peak"],
        target="< 1,000 MB",
        met=ours["peak"] < 1000,
        note=f"process as a whole, texts included; CPU/wall {ours['cpu'] / ours['wall']:.2f}",
    )


def _write(folder: Path, n: int, sentences: Sequence[str]) -> None:
    """Write texts, and as truth the rows of each planted pair and its Jaccard similarity."""
    import pyarrow as pa

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    n_copies = 3 * n // 13
    texts = [_document(rng, sentences) for _ in range(n - n_copies)]
    of = rng.permutation(len(texts))[:n_copies]
    texts += [_edited(rng, texts[k], texts[rng.integers(len(texts))]) for k in of]
    place = rng.permutation(n)
    shuffled = [""] * n
    for at, text in zip(place.tolist(), texts, strict=True):
        shuffled[at] = text
    copies = np.arange(len(of)) + len(texts) - n_copies
    pairs = np.sort(np.stack([place[of], place[copies]], axis=1), axis=1)
    jaccard = [_jaccard(shuffled[a], shuffled[b]) for a, b in pairs.tolist()]
    with (folder / "texts.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(text) + "\n" for text in shuffled)
    column = pa.chunked_array([pa.array(shuffled, pa.large_string())])
    table = pa.table({"text": column})
    with pa.ipc.new_file(str(folder / "texts.arrow"), table.schema) as arrow:
        arrow.write_table(table)
    np.save(folder / "truth.npy", np.column_stack([pairs, jaccard]))


def _document(rng: np.random.Generator, sentences: Sequence[str]) -> str:
    length, wanted, parts = 0, int(rng.integers(20, 80)), list[str]()
    while length < wanted:
        parts.append(sentences[int(rng.integers(len(sentences)))])
        length += len(parts[-1].split())
    return " ".join(parts)


def _edited(rng: np.random.Generator, text: str, other: str) -> str:
    words, foreign = text.split(), other.split()
    share = 1 / rng.integers(12, 120)
    for _ in range(max(1, round(share * len(words)))):
        at, new = rng.integers(len(words)), foreign[rng.integers(len(foreign))]
        kind = rng.integers(3)
        words[at : at + (kind != 1)] = [new] if kind else []
        words = words or [new]
    return " ".join(words)


def _jaccard(one: str, other: str) -> float:
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / max(len(a | b), 1)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return set(zip(*(words[k:] for k in range(WIDTH)), strict=False))


def _ours(folder: Path) -> dict[str, Any]:
    asked = [sys.executable, "-m", "benchmarks.audit_duplicates", "--child", str(folder)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _child(folder: Path) -> None:
    """Find near-duplicates in a process of its own, and tell what it took."""
    import pyarrow as pa

    from curate.measure.minhash import near_duplicates

    near_duplicates(["compile the loops first"] * 2 + ["and the other ones as well please"])
    near_duplicates([f"{k} the one and only line that is told {k}" for k in range(2)] * 2, 0.1)
    with pa.memory_map(str(folder / "texts.arrow")) as file:
        texts = pa.ipc.open_file(file).read_all().column("text")
    cpu, wall = time.process_time(), time.perf_counter()
    found = near_duplicates(texts, THRESHOLD, width=WIDTH)
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.save(folder / "ours.npy", np.stack([found.clusters, found.near]))
    print(json.dumps({**spent, "peak": peak}))


def _peer(folder: Path, way: str) -> dict[str, Any]:
    """Ask rensa, once for each set of texts."""
    from curate.measure.minhash import banding

    python = os.environ.get("CURATE_PEER_PYTHON")
    if not python:
        return {"cpu": float("nan"), "wall": float("nan"), "peak": float("nan")}
    bands, length = banding(THRESHOLD)
    out = folder / f"rensa-{way}-{bands}x{length}.json"
    if not out.exists():
        script = Path(__file__).with_name("audit_duplicates_peer.py")
        plan = [way, str(bands), str(length), str(WIDTH)]
        asked = [python, str(script), str(folder / "texts.jsonl"), str(out), *plan]
        subprocess.run(asked, check=True)
    told: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return told


def _reported(found: Ints) -> Ints:
    rows = np.flatnonzero(found[1] >= 0)
    return np.stack([found[1][rows], rows], axis=1)


def _quality(
    pairs: Ints, truth: npt.NDArray[Any], texts: Sequence[str], *, same: Ints | None = None
) -> tuple[float, float]:
    """Return which share of true pairs was found, and which share of what was found is true."""
    alike = truth[truth[:, 2] >= THRESHOLD, :2].astype(np.int64)
    if same is None:
        size = len(texts)
        hit = np.isin(alike[:, 0] * size + alike[:, 1], pairs[:, 0] * size + pairs[:, 1])
    else:
        hit = same[alike[:, 0]] == same[alike[:, 1]]
    right = [_jaccard(texts[a], texts[b]) >= THRESHOLD for a, b in pairs.tolist()]
    return float(hit.mean()), float(np.mean(right))


def _peer_quality(
    told: dict[str, Any], truth: npt.NDArray[Any], texts: Sequence[str]
) -> tuple[float, float]:
    if "pairs" not in told:
        return float("nan"), float("nan")
    return _quality(np.array(told["pairs"], np.int64).reshape(-1, 2), truth, texts)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(Path(sys.argv[2]))
    else:
        main()
