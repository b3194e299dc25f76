"""The other stages: reading, embedding, scoring, the desk, and what comes out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from curate.config.models import MemberConfig
from curate.config.strict import Share, Strict

__all__ = [
    "AnswerConfig",
    "EmbedConfig",
    "ExportConfig",
    "ExportFormat",
    "IngestConfig",
    "OverlapConfig",
    "ProjectConfig",
    "PullConfig",
    "PushConfig",
    "ReportConfig",
    "ResolveConfig",
    "ScoreConfig",
]

ExportFormat = Literal[
    "trl-messages",
    "trl-prompt-completion",
    "trl-preference",
    "trl-preference-implicit",
    "trl-unpaired",
    "openai-sft",
    "openai-dpo",
]


class ProjectConfig(Strict):
    """What the project is."""

    name: str = "curate"
    """Names the datasets on the desk and the exported card."""
    task: Literal["rewrite", "rank"] = "rewrite"
    """rewrite: people correct one answer; rank: people compare answers."""
    seed: int = 7
    """Every draw of the run follows from it."""
    rounds: int | None = Field(default=1, ge=1)
    """`curate run` begins the next round by itself until so many are closed; null = always.
    Beyond them it does so with --next-round only."""


class IngestConfig(Strict):
    """Files to records and candidates."""

    paths: list[str] = Field(min_length=1)
    """Files, folders or globs, relative to the configuration file."""
    format: str = "auto"
    """A reader's name, or auto."""
    columns: dict[str, str] = {}
    """For plain tables: which column is prompt, completion, model, system, group, time, id."""
    turns: Literal["last", "every"] = "last"
    """Which assistant turns become candidates: the last one, or each with what came before it."""


class EmbedConfig(Strict):
    """Texts to vectors."""

    encoder: str = "minilm"
    """minilm (offline default), or any sentence-transformers name or folder."""
    batch_tokens: int = Field(default=4096, ge=256)
    """Most tokens in one batch, padding included."""


class AnswerConfig(Strict):
    """How an answer is read out of a completion, so that answers can be compared."""

    extract: Literal[
        "pattern",
        "number",
        "boxed",
        "option",
        "text",
        "embedding",
        "entailment",
        "nli",
        "auto",
    ] = "auto"
    """pattern (give one), last number, last \\boxed{}, option letter, normalised text,
    embedding similarity, a model's yes or no to "does one imply the other", a cross-encoder's;
    auto: the first but these two that reads most completions, else embedding."""
    pattern: str | None = None
    """Regular expression; its group `answer`, else group 1, of the last match is the answer."""
    similarity: Share = 0.85
    """extract: embedding: answers at least this similar (cosine) are one answer."""
    entailment: MemberConfig | None = None
    """extract: entailment: the model that is asked whether one answer implies another."""
    nli: str | None = None
    """extract: nli: a cross-encoder for sentence-transformers, by name or folder."""

    @model_validator(mode="after")
    def _what_extract_needs_is_given(self) -> AnswerConfig:
        for needs in ("pattern", "entailment", "nli"):
            if self.extract == needs and not getattr(self, needs):
                raise ValueError(f"extract: {needs} needs `{needs}:`")
        return self


class ScoreConfig(Strict):
    """What makes a candidate worth a person's time."""

    target: list[str] = []
    """Models whose answers may be chosen for review; empty = every model."""
    answer: AnswerConfig = AnswerConfig()
    uncertainty: str = "auto"
    """Score that the column `uncertainty` repeats; auto: the recommended one, row by row."""
    tokenizer: Literal["o200k_base", "cl100k_base"] = "o200k_base"
    """For token counts."""


class OverlapConfig(Strict):
    """How many people answer one item."""

    share: Share = 0.2
    """Share of the queue that gets `annotators` answers; the rest gets one."""
    annotators: int = Field(default=2, ge=1)


class PushConfig(Strict):
    """The queue to the desk."""

    url: str | None = None
    """Argilla's address; null = the one that `curate argilla up` started (or ARGILLA_API_URL)."""
    api_key_env: str = "ARGILLA_API_KEY"
    """Environment variable with the key; not used for the embedded server."""
    workspace: str = "curate"
    dataset: str | None = None
    """null = the project's name; rounds and overlaps are added to it."""
    guidelines: str | None = None
    """Markdown file; null = the one that comes with the task."""
    overlap: OverlapConfig = OverlapConfig()
    ranking: Literal["pair", "full"] = "pair"
    """rank: A, B, tie, both bad; or order all answers of a prompt."""


class PullConfig(Strict):
    """Answers from the desk."""

    wait_for: Share = 1.0
    """`curate run` goes on once this share of the queue has enough answers."""


class ResolveConfig(Strict):
    """Responses to settled rows."""

    method: Literal["majority", "dawid_skene"] = "majority"
    min_support: Share = 0.5
    """Outcomes with no more support than this stay undecided (a tie for rank)."""
    bootstrap: int = Field(default=1000, ge=100)
    """Resamples behind each confidence interval."""


class ExportConfig(Strict):
    """Training files."""

    formats: list[ExportFormat] = []
    """Empty = those that fit the task."""
    files: list[Literal["jsonl", "parquet"]] = ["jsonl", "parquet"]
    splits: dict[str, Annotated[float, Field(gt=0, le=1)]] = {"train": 0.9, "validation": 0.1}
    """Shares by group; they add up to 1."""
    license: str = "other"
    """Of the data that goes out, for the card."""
    language: list[str] = []

    @model_validator(mode="after")
    def _shares_add_up(self) -> ExportConfig:
        if abs(sum(self.splits.values()) - 1) > 1e-9:
            raise ValueError(f"shares of `splits` add up to {sum(self.splits.values()):g}, not 1")
        return self


class ReportConfig(Strict):
    """The page that people look at."""

    title: str | None = None
    truth: str | None = None
    """metadata.NAME of the answers where it is known whether each is right (true, false): the
    committee's estimated reliabilities are then shown beside true accuracies."""
    show_text: bool = True
    """false leaves prompts and answers out of the page."""
