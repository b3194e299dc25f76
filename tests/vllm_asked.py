"""What the real engine answers, by our client and bare: run by vLLM's interpreter.

`python tests/vllm_asked.py MODEL OUT` writes one JSON file: our replies, the engine's own outputs
field by field, and what goes wrong. `tests/data/vllm/engine.json` is the part of it under "raw".
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.config import MemberConfig
from curate.errors import CurateError
from curate.llm.calls import Call
from curate.llm.vllm_engine import EngineClient, sampling_of

ENGINE = {"max_model_len": 512, "gpu_memory_utilization": 0.15, "enforce_eager": True}
"""On a CPU the share is of the machine's memory."""
COLOUR = "Name a colour."
FRANCE = "Is Paris or London the capital of France?"
GRADE = {
    "type": "object",
    "properties": {"grade": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["grade"],
    "additionalProperties": False,
}
SEEDED = {"temperature": 0.8, "seed": 11, "max_tokens": 12, "logprobs": True, "top_logprobs": 3}
CHOICE = {
    "temperature": 0,
    "max_tokens": 8,
    "logprobs": True,
    "top_logprobs": 3,
    "structured_outputs": {"choice": ["Paris", "London"]},
}
SCHEMA = {
    "temperature": 0,
    "max_tokens": 40,
    "response_format": {"type": "json_schema", "json_schema": {"name": "grade", "schema": GRADE}},
}


def main(model: str, out: str) -> None:
    client = EngineClient(MemberConfig(model=model, client="vllm", engine=ENGINE), chunk=64)
    replies = _asked(client, _cases(model))
    raw = _bare(client.start(_call(model, COLOUR)))
    client.close()
    gap = [_call(model, COLOUR, params=SEEDED, sample=i) for i in (0, 4)]
    again = _asked(client, {"with a gap": gap})
    client.close()
    found = {"replies": {**replies, **again}, "raw": raw, "errors": _errors()}
    Path(out).write_text(json.dumps(found, indent=1))


def _cases(model: str) -> dict[str, list[Call]]:
    free = {"temperature": 0.9, "max_tokens": 12}
    wrong = {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "no"}}}}
    return {
        "seeded": [_call(model, COLOUR, params=SEEDED, sample=i) for i in range(5)],
        "free": [_call(model, COLOUR, params=free, sample=i) for i in range(5)],
        "greedy": [
            _call(model, COLOUR, params={"temperature": 0, "max_tokens": 8}, sample=i)
            for i in range(2)
        ],
        "unlimited": [_call(model, "Count from 1 to 20.", params={"temperature": 0})],
        "choice": [_call(model, FRANCE, params=CHOICE)],
        "schema": [_call(model, "Grade the answer 'Paris'.", params=SCHEMA)],
        "too long": [_call(model, "word " * 600, params=free, sample=i) for i in range(2)],
        "no chat": [Call(model=model, base_url="vllm:", messages=(), params=free)],
        "half a pair": [_call(model, "\ud83d", params=free)],
        "no schema": [_call(model, COLOUR, params={**free, **wrong})],
        "no top_p": [_call(model, COLOUR, params={"top_p": 7})],
    }


def _call(model: str, text: str, **more: Any) -> Call:
    return Call(
        model=model, base_url="vllm:", messages=({"role": "user", "content": text},), **more
    )


def _asked(client: EngineClient, cases: dict[str, list[Call]]) -> dict[str, list[Any]]:
    """Ask all at once; return the replies of each case in the order of its calls."""
    asked = [call for calls in cases.values() for call in calls]
    by_key = {call.key: reply for call, reply in client.complete(asked)}
    return {
        name: [{**asdict(by_key[c.key]), "text": by_key[c.key].text} for c in calls]
        for name, calls in cases.items()
    }


def _bare(engine: Any) -> dict[str, Any]:
    """Ask the engine itself, by `LLM.chat`."""
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    choice = sampling_of(CHOICE)
    choice["structured_outputs"] = StructuredOutputsParams(**choice["structured_outputs"])
    asked = {
        "seeded": (COLOUR, SamplingParams(n=5, **sampling_of(SEEDED))),
        "choice": (FRANCE, SamplingParams(**choice)),
    }
    chats = [[{"role": "user", "content": text}] for text, _ in asked.values()]
    outputs = engine.chat(chats, [params for _, params in asked.values()], use_tqdm=False)
    return {name: _plain(output) for name, output in zip(asked, outputs, strict=True)}


def _plain(output: Any) -> dict[str, Any]:
    return {
        "request_id": output.request_id,
        "prompt": output.prompt,
        "prompt_token_ids": output.prompt_token_ids,
        "finished": output.finished,
        "outputs": [
            {
                "index": one.index,
                "text": one.text,
                "token_ids": list(one.token_ids),
                "cumulative_logprob": one.cumulative_logprob,
                "logprobs": [
                    {token: asdict(at) for token, at in position.items()}
                    for position in one.logprobs
                ],
                "finish_reason": one.finish_reason,
                "stop_reason": one.stop_reason,
            }
            for one in output.outputs
        ],
    }


def _errors() -> dict[str, str]:
    found = {}
    for name, member in {
        "no model": {"model": "/no/such/folder"},
        "no argument": {"model": "/no/such/folder", "engine": {"no_such_argument": 1}},
    }.items():
        try:
            list(EngineClient(MemberConfig(**member)).complete([_call("m", COLOUR)]))
        except CurateError as bad:
            found[name] = f"{type(bad).__name__}: {bad}"
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
