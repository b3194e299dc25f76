"""Ingest beside pydantic: rows of a real chat log a second, and memory over a large one.

    python -m benchmarks.ingest [--json FILE] [--gb 1] [--rows 20000]

The log: answers of twelve models to GSM8K, as `request`/`response` rows of the OpenAI chat API.
The peer is what one writes by hand for such a log: pydantic models of the API's shape and
`model_validate_json` on each line. Three steps:

- parse and validate: lines to validated rows, ours by msgspec;
- the whole stage: the file to Arrow batches with content ids, repeats and duplicates found and
  metadata kept, against the peer's models followed by the same ids and `pa.array`;
- the whole stage against the peer's parsing alone, which does none of that work.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pydantic

from benchmarks.table import Row, data_file, finish, race
from curate.ingest import read
from curate.ingest.readers.openai_typed import decode_row
from curate.records import CANDIDATES, RECORDS, candidate_id, record_id

__all__ = ["main"]

Json = Any
_LOG = "A_C_committee_gsm8k_12models.jsonl.gz"
_MIB = 1 << 20


class _Text(pydantic.BaseModel):
    type: Literal["text"]
    text: str


class _Image(pydantic.BaseModel):
    type: Literal["image_url"]
    image_url: dict[str, str]


class _Function(pydantic.BaseModel):
    name: str
    arguments: str


class _Call(pydantic.BaseModel):
    id: str
    type: Literal["function"]
    function: _Function


_Part = Annotated[_Text | _Image, pydantic.Field(discriminator="type")]


class _Message(pydantic.BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    name: str | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None


class _Request(pydantic.BaseModel):
    model: str
    messages: list[_Message]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    tools: list[dict[str, Json]] | None = None
    user: str | None = None


class _Token(pydantic.BaseModel):
    token: str
    logprob: float


class _Logprobs(pydantic.BaseModel):
    content: list[_Token] | None = None
    refusal: list[_Token] | None = None


class _Choice(pydantic.BaseModel):
    index: int
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(pydantic.BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class _Response(pydantic.BaseModel):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[_Choice]
    usage: _Usage | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None


class _Logged(pydantic.BaseModel):
    request: _Request
    response: _Response


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    options = _options(argv)
    if options.read_only:
        print(json.dumps(_peak(options.read_only)))
        return
    source = data_file(_LOG)
    if source is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        _write(log, source, rows=options.rows)
        table = [*_speed(log, options.rows)]
        _write(log, source, size=int(options.gb * 1e9))
        table.append(_memory(log, options.gb))
    finish(table, options.json)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=None, help="also write the rows here")
    parser.add_argument("--gb", type=float, default=1.0, help="size of the log for memory")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the log for speed")
    parser.add_argument("--read-only", type=Path, default=None, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _speed(log: Path, n: int) -> Iterator[Row]:
    lines = log.read_bytes().splitlines()
    mb = log.stat().st_size / 1e6

    def peer() -> int:
        return sum(1 for line in lines if _Logged.model_validate_json(line).response.choices)

    def peer_whole() -> int:
        return sum(_as_arrow(lines[i : i + 2048]) for i in range(0, n, 2048))

    def checked() -> int:
        return sum(1 for line in lines if decode_row(line).response.choices)

    def whole() -> int:
        return sum(batch.candidates.num_rows for batch in read([log]))

    for step, ours, other, target, note in (
        ("parse and validate", checked, peer, ">= 2x", "pydantic models"),
        ("whole stage, to Arrow", whole, peer_whole, "", "pydantic models, ids, pa.array"),
        ("whole stage against parsing alone", whole, peer, "", "pydantic models; no other work"),
    ):
        found, found_peer = ours(), other()
        mine, theirs, ratio = race(ours, other)
        yield Row(
            step=f"{step}, {n} rows, {mb:.0f} MB [rows/s]",
            ours=n / mine,
            peer=n / theirs,
            ratio=ratio,
            quality_ours=found / n,
            quality_peer=found_peer / n,
            target=target,
            met=ratio >= 2 if target else None,
            note=f"peer: {note}; quality: share of rows read",
        )


def _as_arrow(lines: list[bytes]) -> int:
    """Do with pydantic what the stage does with a batch, in the plainest way."""
    records, candidates = [], []
    for line in lines:
        logged = _Logged.model_validate_json(line)
        messages = [m.model_dump(exclude_none=True) for m in logged.request.messages]
        answer = logged.response.choices[0].message.model_dump(exclude_none=True)
        record = record_id(messages)
        records.append({"id": record, "messages": messages, "group": record})
        candidates.append(
            {
                "id": candidate_id(record, logged.response.model, answer),
                "record_id": record,
                "message": answer,
                "model": logged.response.model,
                "finish_reason": logged.response.choices[0].finish_reason,
                "params": logged.request.model_dump_json(exclude={"messages"}, exclude_none=True),
                "metadata": logged.response.model_dump_json(exclude={"choices"}, exclude_none=True),
                "time": float(logged.response.created),
            }
        )
    pa.array(records, pa.struct(RECORDS))
    return len(pa.array(candidates, pa.struct(CANDIDATES)))


def _memory(log: Path, gb: float) -> Row:
    command = [sys.executable, "-m", "benchmarks.ingest", "--read-only", str(log)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    with log.open("rb") as file:
        n = sum(block.count(b"\n") for block in iter(lambda: file.read(_MIB), b""))
    return Row(
        step=f"peak memory over a log of {gb:g} GB, {n} rows [MB]",
        ours=found["mb"],
        peer=float("nan"),
        ratio=float("nan"),
        quality_ours=found["candidates"] / n,
        target="< 600 MB",
        met=found["mb"] < 600 and found["candidates"] == n,
        note=f"whole process, {found['seconds']:.0f} s; quality: share of rows read",
    )


def _peak(log: Path) -> dict[str, float]:
    candidates = sum(batch.candidates.num_rows for batch in read([log]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "mb": used.ru_maxrss * 1024 / 1e6,
        "candidates": candidates,
        "seconds": used.ru_utime + used.ru_stime,
    }


def _write(log: Path, source: Path, *, rows: int | None = None, size: int | None = None) -> None:
    """Write a log of so many rows or bytes; later rounds over the data get prompts of their own."""
    written = 0
    with log.open("wb") as file:
        for n, line in enumerate(_lines(source)):
            if (rows is not None and n >= rows) or (size is not None and written >= size):
                return
            written += file.write(line)


def _lines(source: Path) -> Iterator[bytes]:
    with gzip.open(source, "rt", encoding="utf-8") as file:
        data = [json.loads(line) for line in file]
    numbers = itertools.count()
    for lap in itertools.count():
        for row in data:
            for completion in row["completions"]:
                yield json.dumps(_logged(row, completion, lap, next(numbers))).encode() + b"\n"


def _logged(row: Json, completion: Json, lap: int, n: int) -> Json:
    prompt = f"{row['prompt']}\n[{lap}]" if lap else row["prompt"]
    system = {"role": "system", "content": "You are a helpful assistant."}
    message = {"role": "assistant", "content": completion["text"], "refusal": None}
    return {
        "request": {
            "model": completion["model"],
            "messages": [system, {"role": "user", "content": prompt}],
            "temperature": completion["temperature"],
            "max_tokens": 4096,
        },
        "response": {
            "id": f"chatcmpl-{n:029d}",
            "object": "chat.completion",
            "created": 1_700_000_000 + n,
            "model": completion["model"],
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 300, "completion_tokens": 200, "total_tokens": 500},
            "system_fingerprint": "fp_44709d6fcb",
            "service_tier": "default",
        },
    }


if __name__ == "__main__":
    main()
