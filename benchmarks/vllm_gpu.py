"""vLLM's offline engine through our client, beside `LLM.chat` called by itself: tokens a second.

For a machine with a GPU, and an interpreter with vLLM; a small model runs on a CPU as well::

    python -m benchmarks.vllm_gpu --model Qwen/Qwen2.5-7B-Instruct --prompts 1000
    python -m benchmarks.vllm_gpu --model FOLDER --prompts 32 --max-tokens 48 \
        --engine '{"max_model_len": 1024, "gpu_memory_utilization": 0.2}'

Both ask the same engine, in turn, for as many samples of each prompt, with log-probabilities. The
prompts are GSM8K's test questions. What comes back is checked: an answer to each call, a
log-probability to each token, and that a prompt longer than the context fails alone.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import Row, data_file, finish, race
from curate.config import MemberConfig
from curate.llm.calls import Call, Reply
from curate.llm.vllm_engine import EngineClient, sampling_of

__all__ = ["main"]

Engine = Any


def main(argv: Sequence[str] | None = None) -> None:
    """Race, check, print."""
    args = _arguments(argv)
    member = MemberConfig(model=args.model, client="vllm", engine=json.loads(args.engine))
    client = EngineClient(member, chunk=args.chunk)
    calls = _calls(args, _prompts(args.prompts))
    engine = client.start(calls[0])
    try:
        finish([_speed(client, engine, calls, args), _contract(client, calls, args)], args.json)
    finally:
        client.close()


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="name or folder")
    parser.add_argument("--engine", default="{}", help="arguments of vllm.LLM, as JSON")
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--chunk", type=int, default=512, help="calls that the client takes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=None, help="also write the rows here")
    return parser.parse_args(argv)


def _prompts(n: int) -> list[str]:
    path = data_file("H_gsm8k_test.jsonl")
    if path is None:
        return [f"What is {i} + {2 * i + 1}? Explain your steps." for i in range(n)]
    with path.open(encoding="utf-8") as lines:
        return [str(json.loads(line)["question"]) for line, _ in zip(lines, range(n), strict=False)]


def _calls(args: argparse.Namespace, prompts: Sequence[str]) -> list[Call]:
    params = {"temperature": 0.7, "max_tokens": args.max_tokens, "logprobs": True}
    return [
        Call(
            model=args.model,
            base_url="vllm:",
            messages=({"role": "user", "content": text},),
            params=params,
            sample=sample,
        )
        for text in prompts
        for sample in range(args.samples)
    ]


def _speed(
    client: EngineClient, engine: Engine, calls: Sequence[Call], args: argparse.Namespace
) -> Row:
    ours, bare = _Counted(lambda: _by_client(client, calls)), _Counted(_bare(engine, calls, args))
    ours()
    bare()
    ours.tokens = bare.tokens = 0
    seconds, peer, faster = race(ours, bare, args.rounds)
    ratio = faster * ours.tokens / bare.tokens
    return Row(
        step=f"{len(calls):,} completions, {args.samples} a prompt, tokens/s",
        ours=ours.tokens / args.rounds / seconds,
        peer=bare.tokens / args.rounds / peer,
        ratio=ratio,
        target=">= 0.95x",
        met=ratio >= 0.95,
        note=f"peer: LLM.chat by itself; {_machine(args.model)}",
    )


class _Counted:
    """Something to run that gives the number of tokens it generated."""

    def __init__(self, run: Callable[[], int]):
        self._run = run
        self.tokens = 0

    def __call__(self) -> None:
        self.tokens += self._run()


def _by_client(client: EngineClient, calls: Sequence[Call]) -> int:
    return sum(reply.completion_tokens for _, reply in client.complete(calls))


def _bare(engine: Engine, calls: Sequence[Call], args: argparse.Namespace) -> Callable[[], int]:
    vllm = importlib.import_module("vllm")
    params = vllm.SamplingParams(n=args.samples, **sampling_of(calls[0].params))
    chats = [list(call.messages) for call in calls[:: args.samples]]

    def run() -> int:
        outputs = engine.chat(chats, params, use_tqdm=False)
        return sum(len(one.token_ids) for output in outputs for one in output.outputs)

    return run


def _contract(client: EngineClient, calls: Sequence[Call], args: argparse.Namespace) -> Row:
    long = Call(
        model=args.model,
        base_url="vllm:",
        messages=({"role": "user", "content": "word " * 1_000_000},),
    )
    few = list(calls[: 20 * args.samples])
    began = time.perf_counter()
    replies = {call.key: reply for call, reply in client.complete([long, *few])}
    seconds = time.perf_counter() - began
    kept = [_is_whole(replies[call.key]) for call in few]
    alone = replies[long.key].why_failed is not None
    return Row(
        step="calls answered, each token with its log-probability; one too long fails alone",
        ours=seconds,
        peer=float("nan"),
        ratio=float("nan"),
        quality_ours=sum(kept) / len(kept),
        target="all",
        met=all(kept) and alone,
        note=f"ours: seconds; quality: share; refused: {replies[long.key].why_failed}",
    )


def _is_whole(reply: Reply) -> bool:
    return reply.why_failed is None and len(reply.logprobs) == reply.completion_tokens > 0


def _machine(model: str) -> str:
    torch, vllm = importlib.import_module("torch"), importlib.import_module("vllm")
    has_gpu = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if has_gpu else f"CPU, {torch.get_num_threads()} threads"
    return f"{Path(model).name}, vLLM {vllm.__version__}, {device}"


if __name__ == "__main__":
    main()
