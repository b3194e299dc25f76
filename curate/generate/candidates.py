"""Replies as candidates."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from curate.config import CommitteeMemberConfig
from curate.generate.prompts import Prompt
from curate.llm.calls import Call, Reply
from curate.records import CANDIDATES, Message, candidate_id, message_row

__all__ = ["Repeats", "batch", "candidate", "token_entropy"]

Json = Any
Row = dict[str, Json]


class Repeats:
    """How many identical answers of a model to a prompt came before each."""

    def __init__(self, logged: pa.Table | None, label: str):
        """Count the answers that the logs hold of this model, so that none is taken for another.

        Args:
            logged: Table of `records.CANDIDATES`, or None.
            label: What the model's answers are filed under.
        """
        self._seen: Counter[str] = Counter()
        for row in _of(logged, label):
            self.number(row["record_id"], label, row["message"])

    def number(self, record: str, label: str, message: Mapping[str, Json]) -> int:
        """Return the number of identical answers so far, and count this one."""
        name = candidate_id(record, label, message)
        self._seen[name] += 1
        return self._seen[name] - 1


def _of(logged: pa.Table | None, label: str) -> Iterable[Row]:
    if logged is None:
        return
    needed = logged.select(["record_id", "model", "message"])
    for rows in needed.to_batches(max_chunksize=_ROWS):
        yield from (row for row in rows.to_pylist() if row["model"] == label)


_ROWS = 10_000


def candidate(
    prompt: Prompt, member: CommitteeMemberConfig, call: Call, reply: Reply, repeats: Repeats
) -> Row:
    """Return a reply that came back as a row of `records.CANDIDATES`.

    Nothing in it depends on when or how fast the reply came. An empty answer is an answer:
    it is kept with its `finish_reason`, which says whether the model stopped or was cut off.
    """
    message = _storable(message_row(reply.message or Message(role="assistant", content="")))
    repeat = repeats.number(prompt.record_id, member.label, message)
    total = math.fsum(reply.logprobs) if reply.logprobs else math.nan
    return {
        "id": candidate_id(prompt.record_id, member.label, message, repeat),
        "record_id": prompt.record_id,
        "message": message,
        "model": member.label,
        "origin": "committee" if member.samples == 1 else "sample",
        "repeat": repeat,
        "params": _text(_params(call)),
        "logprob_sum": total,
        "logprob_mean": total / max(len(reply.logprobs), 1),
        "finish_reason": reply.finish_reason,
        "source": prompt.source,
        "time": None,
        "group": prompt.group,
        "metadata": _text(_metadata(member, reply)),
    }


def batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """Return rows as a batch of `records.CANDIDATES`."""
    return pa.RecordBatch.from_pylist(list(rows), schema=CANDIDATES)


def token_entropy(alternatives: Sequence[Mapping[str, float]]) -> float:
    """Return the mean entropy of the next token, in nats; NaN where no alternatives were given.

    Only the likeliest tokens are known. What probability they leave is counted as one more
    token, so this is a lower bound of the entropy over the whole vocabulary.

    Args:
        alternatives: For each generated token, log-probabilities of the likeliest tokens.

    >>> round(token_entropy([{"a": math.log(0.5), "b": math.log(0.25)}]), 6)
    1.039721
    """
    known = [_entropy(list(likeliest.values())) for likeliest in alternatives if likeliest]
    return math.fsum(known) / len(known) if known else math.nan


def _entropy(logprobs: Sequence[float]) -> float:
    shares = [math.exp(min(logprob, 0.0)) for logprob in logprobs]
    shares.append(max(0.0, 1.0 - math.fsum(shares)))
    return -math.fsum(share * math.log(share) for share in shares if share > 0)


def _storable(value: Json) -> Json:
    """Return a message as UTF-8 can hold it: half a surrogate pair becomes U+FFFD.

    A server that cuts an answer at its token limit may leave half an emoji.
    """
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value


_SURROGATE = re.compile("[\ud800-\udfff]")


def _params(call: Call) -> Row:
    """Return what the answer was sampled with; the tools stand in the record.

    The seed is the sample's own, which clients send: ``seed + sample``.
    """
    sent = {key: value for key, value in call.params.items() if key not in ("tools", "logprobs")}
    if isinstance(sent.get("seed"), int):
        sent["seed"] += call.sample
    return {**sent, "sample": call.sample}


def _metadata(member: CommitteeMemberConfig, reply: Reply) -> Row:
    entropy = token_entropy(reply.alternatives)
    other = reply.served_by not in ("", member.model)
    return {
        **({"n_tokens": n} if (n := len(reply.logprobs) or reply.completion_tokens) else {}),
        **({"token_entropy": entropy} if not math.isnan(entropy) else {}),
        **({"served_by": reply.served_by} if other else {}),
    }


def _text(value: Mapping[str, Json]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
