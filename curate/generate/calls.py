"""Which calls a member is to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from curate.config import CommitteeMemberConfig
from curate.errors import ConfigError
from curate.generate.prompts import Prompt, prompts
from curate.llm.calls import Call
from curate.llm.params import check_params

__all__ = ["call_of", "calls", "check", "copies", "notes"]

Json = Any


def calls(
    records: pa.Table, member: CommitteeMemberConfig, *, samples: range | None = None
) -> Iterator[Call]:
    """Give the calls that a member is to answer: record by record, in each sample by sample.

    The same records and member give the same calls, in the same order, on every machine; a record
    that cannot be asked has none (`refused` says why).

    Args:
        records: Table of `records.RECORDS`.
        member: Who is asked, and how.
        samples: Which samples; None = all that the member is to give.

    Raises:
        ConfigError: If the member's parameters cannot be sent (see `check`).
    """
    check(member)
    wanted = range(member.samples) if samples is None else samples
    for prompt in prompts(records):
        if prompt.why_not is None:
            yield from (call_of(prompt, member, sample) for sample in wanted)


def call_of(prompt: Prompt, member: CommitteeMemberConfig, sample: int) -> Call:
    """Return the call for one sample of one prompt.

    A `seed` stands in it as it was given: clients send ``seed + sample``, as with one seed for
    all a server that honours it would give the same answer every time.
    """
    params: dict[str, Json] = {**({"logprobs": True} if member.logprobs else {}), **member.params}
    if prompt.tools:
        params["tools"] = list(prompt.tools)
    return Call(
        model=member.model,
        base_url=member.address,
        messages=prompt.messages,
        params=params,
        sample=sample,
    )


def check(member: CommitteeMemberConfig) -> None:
    """Look whether a member's parameters can be asked with, before anything is paid.

    Raises:
        ConfigError: If a parameter belongs to another key or cannot be sent, or several samples
            are asked for at temperature 0.
    """
    check_params(member, "generate.members", elsewhere=_ELSEWHERE)
    if member.samples > 1 and _temperature(member.params) == 0:
        raise ConfigError(
            f"`generate.members`: {member.label}: temperature-0 samples repeat each other; "
            "set `params.temperature` above 0, or `samples: 1`"
        )


def notes(member: CommitteeMemberConfig) -> list[str]:
    """Return what a person should know of a member before it is asked."""
    if member.samples > 1 and "temperature" not in member.params:
        return [
            f"{member.label}: no `params.temperature`, so the server's default decides how far "
            f"the {member.samples} samples differ; at 0 they would repeat each other"
        ]
    return []


def copies(members: Sequence[CommitteeMemberConfig]) -> list[str]:
    """Return which members ask for the very same, so that they could never disagree.

    >>> twin = {"model": "m", "params": {"temperature": 0.7}}
    >>> [note.partition(":")[0] for note in copies(
    ...     [CommitteeMemberConfig(name=name, **twin) for name in ("ada", "bob")]
    ... )]
    ['ada and bob ask for the same']
    """
    asked: dict[str, str] = {}
    said = []
    for member in members:
        first = asked.setdefault(call_of(_BLANK, member, 0).key, member.label)
        if first != member.label:
            said.append(
                f"{first} and {member.label} ask for the same: each answer is paid once and counts "
                "for both, which then never disagree; say `samples:` for several answers of one "
                "model, or give each its own `seed`"
            )
    return said


_BLANK = Prompt(record_id="", messages=())

_ELSEWHERE = {
    "n": "say how many answers with `samples:`",
    "stream": "answers are read whole; leave it out",
    "model": "say it with `model:`",
    "messages": "they come from the records; leave it out",
}


def _temperature(params: Mapping[str, Json]) -> float | None:
    value = params.get("temperature")
    return float(value) if isinstance(value, int | float) else None
