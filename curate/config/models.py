"""Models that are asked: to answer, to judge, and for how much."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from curate.config.strict import Strict

__all__ = [
    "AdaptiveConfig",
    "CommitteeMemberConfig",
    "GenerateConfig",
    "JudgeConfig",
    "JudgeMemberConfig",
    "MemberConfig",
    "PriceConfig",
    "SpendConfig",
]


class MemberConfig(Strict):
    """One model that is asked: where it is, how it is sampled, how fast it may be asked."""

    model: str
    """As the server knows it; for the offline engine a name or folder."""
    name: str | None = None
    """What its answers are filed under; null = `model`."""
    client: Literal["openai", "openai-batch", "vllm"] = "openai"
    """openai: any compatible server; openai-batch: the Batch API; vllm: the offline engine."""
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str | None = "OPENAI_API_KEY"
    """Environment variable with the key; a server on this machine needs none."""
    params: dict[str, Any] = {}
    """Goes into each request as it is: temperature, top_p, max_tokens, seed, …"""
    engine: dict[str, Any] = {}
    """vllm: arguments of the engine, e.g. {max_model_len: 4096}."""
    logprobs: bool = True
    """Ask for token log-probabilities; servers without them do no harm."""
    samples_per_request: int = Field(default=1, ge=1)
    """Samples asked for in one request (`n`); the prompt is then paid once for all of them."""
    concurrency: int = Field(default=8, ge=1)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    timeout: float = Field(default=300, gt=0)
    """Seconds for one request."""
    retries: int = Field(default=6, ge=0)
    """How often a failed request is sent again."""

    @field_validator("base_url")
    @classmethod
    def _without_a_slash_at_its_end(cls, url: str) -> str:
        return url.rstrip("/")

    @property
    def label(self) -> str:
        """What its answers are filed under."""
        return self.name or self.model

    @property
    def address(self) -> str:
        """Where it is served, as the ledger knows it.

        For the offline engine ``vllm:`` and what of `engine` can change an answer.
        """
        if self.client != "vllm":
            return self.base_url
        telling = {k: v for k, v in self.engine.items() if k not in _RESOURCES}
        return "vllm:" + (json.dumps(telling, sort_keys=True, default=str) if telling else "")


_RESOURCES = frozenset(
    "gpu_memory_utilization max_num_seqs max_num_batched_tokens enforce_eager swap_space "
    "cpu_offload_gb tensor_parallel_size pipeline_parallel_size disable_log_stats".split()
)
"""Arguments of vLLM's engine that say what it may take, not what it answers."""


class CommitteeMemberConfig(MemberConfig):
    """A model that answers the prompts."""

    samples: int = Field(default=1, ge=1)
    """Answers to each prompt; several need a temperature above 0."""


class AdaptiveConfig(Strict):
    """When to stop sampling a prompt before all samples are taken."""

    stop: Literal["never", "bucket", "selection"] = "never"
    """never; bucket: its entropy bucket is settled; selection: whether it would be chosen is."""
    least: int = Field(default=3, ge=2)
    """Samples taken of every prompt."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """How sure the rule must be of the decision."""


class GenerateConfig(Strict):
    """Models that answer the records' prompts."""

    members: list[CommitteeMemberConfig] = []
    """Empty: nothing is asked, the logs' own answers are the committee."""
    adaptive: AdaptiveConfig = AdaptiveConfig()
    limit: int | None = Field(default=None, ge=1)
    """Ask only so many prompts, evenly spread over the pool: for a try."""

    @model_validator(mode="after")
    def _names_differ(self) -> GenerateConfig:
        labels = [member.label for member in self.members]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"two members are called {twice[0]!r}; give each a `name:`")
        return self


class JudgeMemberConfig(MemberConfig):
    """A model that judges answers."""

    prompt: str = "rubric"
    """rubric, compare, reference, p_true, or a Markdown file (.md) of one's own."""
    structured: Literal["auto", "json_schema", "off"] = "auto"
    """Hold the reply to a schema: where the server can, always, or never."""


class JudgeConfig(Strict):
    """Models that judge the candidates."""

    judges: list[JudgeMemberConfig] = []
    reference: str | None = None
    """Where the right answer stands, for `prompt: reference`: metadata.NAME of the record."""
    limit: int | None = Field(default=None, ge=1)
    """Judge only the answers to so many prompts, evenly spread over the pool: for a try."""


class PriceConfig(Strict):
    """Money for a million tokens."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class SpendConfig(Strict):
    """What may be spent on models in all: over it nothing is sent, and all stays resumable."""

    money: float | None = Field(default=None, ge=0)
    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    currency: str = "USD"
    prices: dict[str, PriceConfig] = {}
    """Model to price; over the table that comes with the package. Own servers: 0."""
