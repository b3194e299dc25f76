"""vLLM's offline engine as a client: no server, no key, a whole chunk of calls in one batch.

In: calls. Out: their replies. Calls that differ only in their sample are one request with ``n``
completions, whose prompt is computed once. vLLM is imported, and its engine started, with the
first call.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from curate.config import MemberConfig
from curate.errors import ConfigError, CurateError, MissingExtraError, ModelError
from curate.llm.calls import Call, Reply
from curate.records import Message

__all__ = ["EngineClient", "read_output", "requests_of", "sampling_of"]

Json = Any
Engine = Any
"""``vllm.LLM``."""


class EngineClient:
    """Answers calls with a model that runs in this process and its children.

    A chunk of calls is sent whole, as `LLM.chat` does, but call by call, so that one which the
    engine refuses (a prompt longer than the context, a chat that the template does not know)
    fails alone. A chunk of which nothing came back, as the process was killed, is asked again.

    Args:
        member: `model` is a name or folder, `engine` goes to `vllm.LLM` as it is.
        chunk: How many calls are taken at once. More keep the engine fuller, fewer lose less to a
            kill.
    """

    def __init__(self, member: MemberConfig, *, chunk: int = 512):
        self._member = member
        self._chunk = chunk
        self._engine: Engine = None

    def complete(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Reply]]:
        """Give the replies chunk by chunk, each with its call.

        `Reply.seconds` is a call's share of its chunk's time, so that they add up to the engine's.

        Raises:
            ConfigError: If a parameter is none that the engine knows.
            MissingExtraError: If vLLM is not installed; the message has the install line.
            ModelError: If the engine does not start, or dies.
        """
        rest = iter(calls)
        while chunk := list(islice(rest, self._chunk)):
            yield from self._answered(chunk)

    def start(self, first: Call) -> Engine:
        """Return the engine (`vllm.LLM`), started where it is not; `first` decides its seed."""
        if self._engine is None:
            self._engine = _start(self._member, seed=_seed(first))
        return self._engine

    def close(self) -> None:
        """End the engine and give its memory back; the next call starts another."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.llm_engine.engine_core.shutdown()
            del engine
            gc.collect()

    def _answered(self, chunk: Sequence[Call]) -> Iterator[tuple[Call, Reply]]:
        kwargs = [sampling_of(call.params, call.sample) for call in chunk]
        engine = self.start(chunk[0])
        began = time.monotonic()
        defaults = _defaults(engine)
        requests = requests_of(zip(chunk, ({**defaults, **one} for one in kwargs), strict=True))
        try:
            refusals = [_queue(engine, *request) for request in requests]
            outputs = engine.wait_for_completion(use_tqdm=False)
        except BaseException as bad:
            self.close()
            _tell(bad, self._member)
            raise
        share = (time.monotonic() - began) / len(chunk)
        for request, output in _matched(requests, refusals, outputs):
            replies = _replies(request, output, self._member.model, share)
            yield from zip(request[0], replies, strict=True)


_Request = tuple[tuple[Call, ...], Mapping[str, Json]]
"""Calls that one request answers, and the sampling of the first of them."""

_SAMPLING = frozenset(
    "temperature top_p top_k min_p seed stop stop_token_ids presence_penalty frequency_penalty "
    "repetition_penalty min_tokens ignore_eos bad_words allowed_token_ids logit_bias "
    "skip_special_tokens include_stop_str_in_output spaces_between_special_tokens".split()
)
"""Parameters that mean the same to a server and to `vllm.SamplingParams`."""
_READ_HERE = frozenset(
    "max_tokens max_completion_tokens logprobs top_logprobs response_format "
    "structured_outputs".split()
)
_OF_THE_CHAT = frozenset(("tools", "chat_template_kwargs"))
_OF_THE_MODEL = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
"""What a model's `generation_config.json` may say, and a server would follow."""


def sampling_of(params: Mapping[str, Json], sample: int = 0) -> dict[str, Json]:
    """Return a request's parameters as arguments of `vllm.SamplingParams`.

    `structured_outputs` stands in the result as the arguments of `StructuredOutputsParams`. No
    limit means up to the context, as with a server (the engine's own default is 16 tokens). With a
    seed, sample i is drawn with seed + i.

    Raises:
        ConfigError: If there is no such parameter.

    >>> sampling_of({"temperature": 0.7, "logprobs": True, "max_completion_tokens": 8})
    {'temperature': 0.7, 'max_tokens': 8, 'flat_logprobs': True, 'logprobs': 0}
    >>> sampling_of({"response_format": {"type": "json_object"}})
    {'max_tokens': None, 'structured_outputs': {'json_object': True}}
    """
    _check(params)
    found = {k: value for k, value in params.items() if k in _SAMPLING and value is not None}
    found["max_tokens"] = params.get("max_completion_tokens", params.get("max_tokens"))
    if params.get("logprobs"):
        found |= {"flat_logprobs": True, "logprobs": params.get("top_logprobs") or 0}
    if isinstance(found.get("seed"), int):
        found["seed"] += sample
    if shape := _structure(params):
        found["structured_outputs"] = shape
    return found


def _check(params: Mapping[str, Json]) -> None:
    known = _SAMPLING | _READ_HERE | _OF_THE_CHAT
    if unknown := sorted(set(params) - known):
        raise ConfigError(
            f"`params.{unknown[0]}`: the offline engine knows no such parameter; "
            f"known: {', '.join(sorted(known))}"
        )


def _structure(params: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """Return the arguments of `StructuredOutputsParams` that a request asks for."""
    if params.get("structured_outputs"):
        return dict(params["structured_outputs"])
    form = params.get("response_format") or {}
    if form.get("type") == "json_schema":
        return {"json": form.get("json_schema", {}).get("schema")}
    return {"json_object": True} if form.get("type") == "json_object" else None


def requests_of(pairs: Iterable[tuple[Call, Mapping[str, Json]]]) -> list[_Request]:
    """Return the requests that answer calls: one for all samples of a chat where that can be.

    The engine gives the i-th of n completions the seed ``seed + i``, so that calls whose seeds
    follow on each other are one request too. Greedy calls stand alone: it takes no n for them.

    Args:
        pairs: Calls, each with its arguments of `vllm.SamplingParams`.
    """
    alike: dict[str, list[tuple[Call, Mapping[str, Json]]]] = {}
    for call, kwargs in pairs:
        alike.setdefault(_apart_from_seed(call), []).append((call, kwargs))
    return [request for group in alike.values() for request in _runs(group)]


def _apart_from_seed(call: Call) -> str:
    params = {name: value for name, value in call.params.items() if name != "seed"}
    return json.dumps([call.messages, params], sort_keys=True, default=dict)


def _runs(group: Sequence[tuple[Call, Mapping[str, Json]]]) -> Iterator[_Request]:
    """Give calls that differ in sample and seed as few requests."""
    kwargs = group[0][1]
    seeds = [own.get("seed") for _, own in group]
    if _is_greedy(kwargs.get("temperature")):
        yield from (((call,), own) for call, own in group)
    elif all(isinstance(seed, int) for seed in seeds):
        yield from _in_a_row(sorted(group, key=lambda pair: int(pair[1]["seed"])))
    else:
        yield tuple(call for call, _ in group), kwargs


def _is_greedy(temperature: Json) -> bool:
    """Whether the engine takes the likeliest token; it does so below 0.00001."""
    return isinstance(temperature, int | float) and temperature < 1e-5


def _in_a_row(group: Sequence[tuple[Call, Mapping[str, Json]]]) -> Iterator[_Request]:
    start = 0
    for end in range(1, len(group) + 1):
        if end == len(group) or group[end][1]["seed"] != group[end - 1][1]["seed"] + 1:
            yield tuple(call for call, _ in group[start:end]), group[start][1]
            start = end


def read_output(
    output: Any, asked: int, *, likeliest: int = 0, served_by: str = "", seconds: float = math.nan
) -> list[Reply]:
    """Return what the engine generated for one request.

    The prompt's tokens stand on the first reply, 0 on the others.

    Args:
        output: A `vllm.RequestOutput`.
        asked: How many completions were asked for.
        likeliest: How many of the likeliest tokens were asked for at each position.
        served_by: The model.
        seconds: What each completion took.

    Returns:
        `asked` replies in the order of the completions; one that is missing says so.
    """
    found = {one.index: one for one in output.outputs}
    prompt = len(output.prompt_token_ids or ())
    replies = [
        _completion(found[i], likeliest)
        if i in found
        else Reply.failed(f"the engine gave {len(found)} of {asked} answers")
        for i in range(asked)
    ]
    return [
        replace(
            reply,
            prompt_tokens=prompt if i == 0 else 0,
            served_by=served_by,
            seconds=seconds,
        )
        for i, reply in enumerate(replies)
    ]


def _completion(one: Any, likeliest: int) -> Reply:
    if one.finish_reason in _UNFINISHED:
        return Reply.failed(f"the engine broke the answer off: {one.finish_reason}")
    positions = list(one.logprobs or ())
    return Reply(
        message=Message(role="assistant", content=one.text),
        finish_reason=one.finish_reason,
        logprobs=_of_tokens(one.token_ids, positions),
        alternatives=tuple(_alternatives(at, likeliest) for at in positions) if likeliest else (),
        completion_tokens=len(one.token_ids),
    )


_UNFINISHED = (None, "abort", "error")


def _of_tokens(tokens: Sequence[int], positions: Sequence[Mapping[int, Any]]) -> tuple[float, ...]:
    """Return the log-probability of each token; nothing if one of them has none."""
    found = [at[token].logprob for token, at in zip(tokens, positions, strict=False) if token in at]
    return tuple(map(float, found)) if len(found) == len(tokens) else ()


def _alternatives(at: Mapping[int, Any], likeliest: int) -> dict[str, float]:
    """Return token to log-probability; of tokens that are written alike, the likelier.

    The engine adds the token that it drew, and where a grammar leaves fewer, some that could
    not be drawn (-inf); neither is among the likeliest.
    """
    found: dict[str, float] = {}
    for one in at.values():
        if one.rank <= likeliest and one.logprob > -math.inf:
            token = one.decoded_token or ""
            found[token] = max(float(one.logprob), found.get(token, -math.inf))
    return found


def _start(member: MemberConfig, seed: int) -> Engine:
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    vllm = _vllm()
    try:
        return vllm.LLM(**{"model": member.model, "seed": seed, **member.engine})
    except Exception as bad:
        raise ModelError(
            f"{member.label}: vLLM cannot start {member.model!r} ({_said(bad)}); what it printed "
            "above has the cause; its arguments stand under `engine:`"
        ) from bad


def _vllm() -> Any:
    try:
        return importlib.import_module("vllm")
    except ImportError as miss:
        raise MissingExtraError(
            f"client 'vllm' needs the package 'vllm' ({miss}); "
            "install it with: pip install 'curate-llm[vllm]'"
        ) from miss


def _seed(first: Call) -> int:
    """Return the seed of a run that begins with this call.

    With the same seed in each process, a sample that is asked for by a later run would repeat the
    one that an earlier run drew for the same prompts.
    """
    return int(first.key[1:8], 16)


def _defaults(engine: Engine) -> dict[str, Json]:
    own = engine.get_default_sampling_params()
    return {name: getattr(own, name) for name in _OF_THE_MODEL}


def _queue(engine: Engine, calls: Sequence[Call], sampling: Mapping[str, Json]) -> str | None:
    """Queue a request; return why the engine refuses it, or None."""
    first = calls[0]
    try:
        engine.enqueue_chat(
            [[dict(message) for message in first.messages]],
            _sampling_params(sampling, n=len(calls)),
            use_tqdm=False,
            **{name: first.params[name] for name in _OF_THE_CHAT if first.params.get(name)},
        )
    except Exception as bad:
        if type(bad).__name__ == "EngineDeadError":
            raise
        return f"the engine refuses the call: {_said(bad)}"
    return None


def _sampling_params(sampling: Mapping[str, Json], n: int) -> Any:
    vllm, arguments = _vllm(), dict(sampling)
    if shape := arguments.get("structured_outputs"):
        arguments["structured_outputs"] = vllm.sampling_params.StructuredOutputsParams(**shape)
    if bias := arguments.get("logit_bias"):
        arguments["logit_bias"] = {int(token): value for token, value in bias.items()}
    return vllm.SamplingParams(n=n, **arguments)


def _tell(bad: BaseException, member: MemberConfig) -> None:
    """Raise an engine's failure as ours; what comes from the person or from us goes through."""
    if isinstance(bad, Exception) and not isinstance(bad, CurateError):
        raise ModelError(
            f"{member.label}: the engine of {member.model!r} died ({_said(bad)}); what it printed "
            "above has the cause. The same command goes on with what is left"
        ) from bad


def _matched(
    requests: Sequence[_Request], refusals: Sequence[str | None], outputs: Sequence[Any]
) -> Iterator[tuple[_Request, Any]]:
    """Give each request with its output, or with the reason why there is none.

    Outputs come in the order in which their requests were queued.
    """
    queued = refusals.count(None)
    lost = f"the engine gave {len(outputs)} answers to {queued} requests"
    rest = iter(outputs)
    for request, why in zip(requests, refusals, strict=True):
        if why is None and len(outputs) == queued:
            yield request, next(rest)
        else:
            yield request, why or lost


def _replies(request: _Request, output: Any, model: str, seconds: float) -> list[Reply]:
    calls, sampling = request
    if isinstance(output, str):
        return [Reply.failed(output)] * len(calls)
    likeliest = sampling.get("logprobs") or 0
    return read_output(output, len(calls), likeliest=likeliest, served_by=model, seconds=seconds)


def _said(bad: BaseException) -> str:
    line = " ".join(str(bad).split())
    return f"{type(bad).__name__}: {line[:_SHOWN]}"


_SHOWN = 300
