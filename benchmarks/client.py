"""The client beside plain `openai.AsyncOpenAI`, against a local server that does next to nothing.

The peer is written as its own examples have it: a semaphore, one task a request, and gather. Both
ask for log-probabilities and turn the answer into text and log-probabilities. CPU seconds are the
client's own (the server has a process of its own); memory is the peak of a fresh process.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.echo_server import echo_server
from benchmarks.table import Row, finish
from curate.config import MemberConfig
from curate.llm.calls import Call
from curate.llm.openai_client import OpenAIClient

__all__ = ["main"]

CHAT = (
    {"role": "system", "content": "You are terse."},
    {"role": "user", "content": "What is the capital of France? " * 4},
)
PARAMS: dict[str, Any] = {"temperature": 0.7, "max_tokens": 64, "logprobs": True}
ROUNDS = 3
FLAT_MB = 5.0
HAS_PEER = importlib.util.find_spec("openai") is not None
PEER = (
    "peer: openai.AsyncOpenAI with a semaphore and gather"
    if HAS_PEER
    else "peer openai is not installed"
)
Lap = Callable[[str, int, int], None]


def main(argv: Sequence[str] | None = None) -> None:
    """Race, print; with ``--grow`` print the memory of one way only."""
    asked = _options(argv)
    if asked.grow:
        print(*_peaks(_WAYS[asked.grow], asked.url, asked.at))
        return
    with echo_server() as url:
        rows = [row for most in (8, 64, 256) for row in _speed(url, asked.requests, most)]
        finish([*rows, _memory(url, asked.memory)], asked.json)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, default=None, help="also write the rows here")
    parser.add_argument("--requests", type=int, default=2_000, help="requests a lap")
    parser.add_argument("--memory", type=int, default=100_000, help="requests for memory")
    parser.add_argument("--grow", choices=sorted(_WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--at", type=int, nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _ours(url: str, n: int, most: int) -> None:
    member = MemberConfig(model="echo", base_url=url, api_key_env=None, concurrency=most)
    read = 0
    for _, reply in OpenAIClient(member).complete(_calls(url, n)):
        read += bool(reply.text and reply.logprobs)
    _check(read, n)


def _calls(url: str, n: int) -> Iterator[Call]:
    for sample in range(n):
        yield Call(model="echo", base_url=url, messages=CHAT, params=PARAMS, sample=sample)


def _peer(url: str, n: int, most: int) -> None:
    _check(asyncio.run(_gathered(url, n, most)), n)


async def _gathered(url: str, n: int, most: int) -> int:
    import openai

    room = asyncio.Semaphore(most)
    client: Any
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def one() -> bool:
            async with room:
                said = await client.chat.completions.create(
                    model="echo", messages=list(CHAT), **PARAMS
                )
            choice = said.choices[0]
            logprobs = [row.logprob for row in choice.logprobs.content]
            return bool(choice.message.content and logprobs)

        return sum(await asyncio.gather(*(one() for _ in range(n))))


_WAYS: dict[str, Lap] = {"ours": _ours, "peer": _peer}


def _check(read: int, n: int) -> None:
    if read != n:
        raise RuntimeError(f"{n - read} of {n} requests were not answered")


def _speed(url: str, n: int, most: int) -> list[Row]:
    """Run both in turn, the first time to warm up; return requests a CPU second and a second."""
    ours_laps, peer_laps = [], []
    for _ in range(1 + ROUNDS):
        ours_laps.append(_seconds(_ours, url, n, most))
        peer_laps.append(_seconds(_peer, url, n, most))
    rows = []
    for unit, clock in (("a second of client CPU", 0), ("a second", 1)):
        mine = [lap[clock] for lap in ours_laps[1:]]
        theirs = [lap[clock] for lap in peer_laps[1:]]
        ours, peer = n / statistics.median(mine), n / statistics.median(theirs)
        ratio = statistics.median(b / a for a, b in zip(mine, theirs, strict=True))
        rows.append(
            Row(
                step=f"requests {unit}, {most} at once",
                ours=ours,
                peer=peer,
                ratio=ratio,
                target=">= 500",
                met=ours >= 500,
                note=PEER,
            )
        )
    return rows


def _seconds(lap: Lap, url: str, n: int, most: int) -> tuple[float, float]:
    """Return the CPU seconds and the seconds of a lap; NaN where its package is not installed."""
    if lap is _peer and not HAS_PEER:
        return math.nan, math.nan
    cpu, wall = time.process_time(), time.perf_counter()
    lap(url, n, most)
    return time.process_time() - cpu, time.perf_counter() - wall


def _memory(url: str, n: int) -> Row:
    """Return by how much the peak grows from a tenth of the requests to all of them."""
    few = max(n // 10, 1)
    ours = _grown(url, "ours", few, n)
    peer = _grown(url, "peer", few // 10, few) if HAS_PEER else math.nan
    return Row(
        step=f"peak memory, growth in MB: ours {few:,} to {n:,} requests, peer {few // 10:,} to "
        f"{few:,}",
        ours=ours,
        peer=peer,
        ratio=float("nan"),
        target=f"<= {FLAT_MB:g}",
        met=ours <= FLAT_MB,
        note="64 at once; " + PEER + ", over a tenth of the requests, as it is slower",
    )


def _grown(url: str, way: str, few: int, many: int) -> float:
    command = [sys.executable, "-m", "benchmarks.client", "--grow", way, "--url", url]
    found = subprocess.run(
        [*command, "--at", str(few), str(many)], capture_output=True, text=True, check=True
    )
    before, after = map(float, found.stdout.split())
    return after - before


def _peaks(lap: Lap, url: str, at: Sequence[int]) -> Iterator[float]:
    """Give the peak resident memory, in MB, after each number of requests, each a run."""
    for n in at:
        lap(url, n, 64)
        yield _peak()


def _peak() -> float:
    """Return this process's own peak; that of `getrusage` counts its parent's as well."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
