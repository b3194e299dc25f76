"""A judge: a model, and the prompt it judges by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.config import JudgeConfig, JudgeMemberConfig
from curate.errors import ConfigError
from curate.judge.scales import SCALES
from curate.llm import prompts
from curate.llm.params import check_params
from curate.llm.prompts import Prompt
from curate.records import Task

__all__ = ["Judge", "judge_from", "judges_from"]

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A model that judges by a prompt."""

    member: JudgeMemberConfig
    prompt: Prompt
    reference: str | None = None
    """Where the right answer stands: metadata.NAME of the record."""

    @property
    def name(self) -> str:
        """What its verdicts are filed under."""
        return self.member.label

    @property
    def task(self) -> Task:
        """Which items it takes: single answers (rewrite) or pairs (rank)."""
        return "rank" if self.prompt.kind == "pairwise" else "rewrite"

    @property
    def params(self) -> Mapping[str, Json]:
        """What goes into each request, the reply's schema left aside.

        Temperature 0 and 512 tokens unless the configuration says otherwise; null takes a
        parameter out, for models that refuse it.
        """
        given = self.member.params
        most = {} if "max_completion_tokens" in given else {"max_tokens": _MOST_TOKENS}
        params = {"temperature": 0, **most, **given}
        if self.prompt.kind == "p_true":
            params |= {"max_tokens": 1, "logprobs": True, "top_logprobs": _LIKELIEST}
        return {name: value for name, value in params.items() if value is not None}

    @property
    def schema(self) -> Mapping[str, Json] | None:
        """The reply's schema, as a request's ``response_format``; None: it is not to be sent."""
        if self.member.structured == "off" or self.prompt.reply is None:
            return None
        inner = {"name": self.prompt.kind, "strict": True, "schema": dict(self.prompt.reply)}
        return {"type": "json_schema", "json_schema": inner}


def judges_from(config: JudgeConfig, *, folder: Path | None = None) -> list[Judge]:
    """Return the judges of a configuration.

    Args:
        config: Its section `judge`.
        folder: What relative paths of prompts start from.

    Raises:
        ConfigError: If a prompt does not exist or is not as it must be, a parameter cannot be
            sent, two judges have one name, or a judge needs a reference and none is named.
    """
    names = [member.label for member in config.judges]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"`judge.judges`: two are called {twice!r}; give each a `name:`")
    where = config.reference
    if where is not None and not where.startswith("metadata."):
        raise ConfigError(f"`judge.reference`: expected metadata.NAME, not {where!r}")
    return [judge_from(member, folder=folder, reference=where) for member in config.judges]


def judge_from(
    member: JudgeMemberConfig, *, folder: Path | None = None, reference: str | None = None
) -> Judge:
    """Return one judge; see `judges_from`."""
    prompt = prompts.load("judge", member.prompt, folder=folder)
    _check_prompt(prompt)
    check_params(member, "judge.judges", elsewhere=_ELSEWHERE)
    if "reference" in prompt.inputs and reference is None:
        raise ConfigError(
            f"`judge.reference`: {member.label} compares with the right answer; say where it "
            "stands, e.g. metadata.answer"
        )
    return Judge(member=member, prompt=prompt, reference=reference)


_MOST_TOKENS = 512
_LIKELIEST = 20

_INPUTS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "pointwise": (("answer",), ("question", "reference")),
    "pairwise": (("answer_a", "answer_b"), ("question", "reference")),
    "reference": (("answer", "reference"), ("question",)),
    "p_true": (("answer",), ("question", "reference")),
}
"""Kind to the texts that its prompts must show, and those that they may."""

_ELSEWHERE = {
    "n": "a judge is asked once an item (pairwise: once in each order); leave it out",
    "stream": "replies are read whole; leave it out",
    "model": "say it with `model:`",
    "messages": "they come from the prompt; leave it out",
    "response_format": "it comes from the prompt's `reply:`; see `structured:`",
}


def _check_prompt(prompt: Prompt) -> None:
    if prompt.kind not in _INPUTS:
        known = ", ".join(_INPUTS)
        raise ConfigError(f"{prompt.file}: `kind:` is {prompt.kind!r}; a judge's is one of {known}")
    needed, allowed = _INPUTS[prompt.kind]
    missing = [name for name in needed if name not in prompt.inputs]
    unknown = [name for name in prompt.inputs if name not in (*needed, *allowed)]
    if missing or unknown:
        raise ConfigError(
            f"{prompt.file}: a {prompt.kind} prompt's `inputs:` are {', '.join(needed)} and, if "
            f"wanted, {', '.join(allowed)}; " + _odd(missing, unknown)
        )
    scale = SCALES.get(prompt.kind)  # type: ignore[call-overload]
    if scale is not None and prompt.reply is not None:
        fields = prompt.reply.get("properties")
        if not isinstance(fields, dict) or scale.field not in fields:
            raise ConfigError(f"{prompt.file}: `reply:` has no property {scale.field!r}")


def _odd(missing: Sequence[str], unknown: Sequence[str]) -> str:
    return f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is not known"
