"""The YAML of a project: one strict model a stage, keys = stages, unknown keys refused."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from curate.errors import ConfigError

__all__ = [
    "AdaptiveConfig",
    "AnswerConfig",
    "CommitteeMemberConfig",
    "Config",
    "EmbedConfig",
    "ExportConfig",
    "GenerateConfig",
    "IngestConfig",
    "JudgeConfig",
    "JudgeMemberConfig",
    "MemberConfig",
    "PriceConfig",
    "ProjectConfig",
    "PullConfig",
    "PushConfig",
    "ReportConfig",
    "ResolveConfig",
    "ScoreConfig",
    "SelectConfig",
    "SpendConfig",
    "load",
    "presets",
    "read_preset",
]

Share = Annotated[float, Field(ge=0, le=1)]
ExportFormat = Literal[
    "trl-messages",
    "trl-prompt-completion",
    "trl-preference",
    "trl-preference-implicit",
    "trl-unpaired",
    "openai-sft",
    "openai-dpo",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectConfig(_Strict):
    """What the project is."""

    name: str = "curate"
    """Names the datasets on the desk and the exported card."""
    task: Literal["rewrite", "rank"] = "rewrite"
    """rewrite: people correct one answer; rank: people compare answers."""
    seed: int = 7
    """Every draw of the run follows from it."""


class IngestConfig(_Strict):
    """Files to records and candidates."""

    paths: list[str] = Field(min_length=1)
    """Files, folders or globs, relative to the configuration file."""
    format: str = "auto"
    """A reader's name, or auto."""
    columns: dict[str, str] = {}
    """For plain tables: which column is prompt, completion, model, system, group, time, id."""
    turns: Literal["last", "every"] = "last"
    """Which assistant turns become candidates: the last one, or each with what came before it."""


class MemberConfig(_Strict):
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


class AdaptiveConfig(_Strict):
    """When to stop sampling a prompt before all samples are taken."""

    stop: Literal["never", "bucket", "selection"] = "never"
    """never; bucket: its entropy bucket is settled; selection: whether it would be chosen is."""
    least: int = Field(default=3, ge=2)
    """Samples taken of every prompt."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """How sure the rule must be of the decision."""


class GenerateConfig(_Strict):
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


class JudgeConfig(_Strict):
    """Models that judge the candidates."""

    judges: list[JudgeMemberConfig] = []
    reference: str | None = None
    """Where the right answer stands, for `prompt: reference`: metadata.NAME of the record."""
    limit: int | None = Field(default=None, ge=1)
    """Judge only the answers to so many prompts, evenly spread over the pool: for a try."""


class PriceConfig(_Strict):
    """Money for a million tokens."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class SpendConfig(_Strict):
    """What may be spent on models in all: over it nothing is sent, and all stays resumable."""

    money: float | None = Field(default=None, ge=0)
    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    currency: str = "USD"
    prices: dict[str, PriceConfig] = {}
    """Model to price; over the table that comes with the package. Own servers: 0."""


class EmbedConfig(_Strict):
    """Texts to vectors."""

    encoder: str = "minilm"
    """minilm (offline default), or any sentence-transformers name or folder."""
    batch_tokens: int = Field(default=4096, ge=256)
    """Most tokens in one batch, padding included."""


class AnswerConfig(_Strict):
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


class ScoreConfig(_Strict):
    """What makes a candidate worth a person's time."""

    target: list[str] = []
    """Models whose answers may be chosen for review; empty = every model."""
    answer: AnswerConfig = AnswerConfig()
    uncertainty: str = "auto"
    """Score that the column `uncertainty` repeats; auto: the recommended one, row by row."""
    tokenizer: Literal["o200k_base", "cl100k_base"] = "o200k_base"
    """For token counts."""


class BudgetConfig(_Strict):
    """How much may be asked in one round."""

    items: int = Field(default=200, ge=1)
    """Size of the queue, random slice included."""


class CapConfig(_Strict):
    """No more than `most` items of one value of a column."""

    column: str
    """source, group, model, record_id, or metadata.NAME."""
    most: int = Field(ge=1)


class SelectConfig(_Strict):
    """Which candidates go to people this round."""

    strategy: str = "hybrid"
    """hybrid, random, uncertainty, k_center or facility_location."""
    need: str | None = None
    """Score column that says how much a row needs a person; null = the task's default."""
    cover: Literal["facility_location", "k_center"] = "facility_location"
    """hybrid: how the pre-filtered rows are thinned to cover the prompts."""
    prefilter: float = Field(default=1.1, ge=1)
    """hybrid: the `prefilter` x budget neediest rows go on to the cover."""
    budget: BudgetConfig = BudgetConfig()
    random_share: Share = 0.1
    """Share of the queue drawn at random from all that was on offer."""
    near_identical: Annotated[float, Field(gt=0, le=1)] = 0.97
    """Of rows whose texts are at least this similar (cosine), one may be asked."""
    caps: list[CapConfig] = []
    test_share: Share = 0.1
    """Share of groups frozen as test split, never asked."""
    calibration_share: Share = 0.05
    """Share of groups kept for calibration, never asked."""
    pairs: Literal["logged", "any"] = "any"
    """rank: pairs that stood side by side in the source, or any two answers to one prompt."""
    pairs_per_prompt: int = Field(default=1, ge=1)
    """rank: most pairs of one prompt in one round."""


class OverlapConfig(_Strict):
    """How many people answer one item."""

    share: Share = 0.2
    """Share of the queue that gets `annotators` answers; the rest gets one."""
    annotators: int = Field(default=2, ge=1)


class PushConfig(_Strict):
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


class PullConfig(_Strict):
    """Answers from the desk."""

    wait_for: Share = 1.0
    """`curate run` goes on once this share of the queue has enough answers."""


class ResolveConfig(_Strict):
    """Responses to settled rows."""

    method: Literal["majority", "dawid_skene"] = "majority"
    min_support: Share = 0.5
    """Outcomes with no more support than this stay undecided (a tie for rank)."""
    bootstrap: int = Field(default=1000, ge=100)
    """Resamples behind each confidence interval."""


class ExportConfig(_Strict):
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


class ReportConfig(_Strict):
    """The page that people look at."""

    title: str | None = None
    truth: str | None = None
    """metadata.NAME of the answers where it is known whether each is right (true, false): the
    committee's estimated reliabilities are then shown beside true accuracies."""
    show_text: bool = True
    """false leaves prompts and answers out of the page."""


class Config(_Strict):
    """The whole configuration, one section a stage."""

    project: ProjectConfig = ProjectConfig()
    ingest: IngestConfig
    generate: GenerateConfig = GenerateConfig()
    judge: JudgeConfig = JudgeConfig()
    budget: SpendConfig = SpendConfig()
    embed: EmbedConfig = EmbedConfig()
    score: ScoreConfig = ScoreConfig()
    select: SelectConfig = SelectConfig()
    push: PushConfig = PushConfig()
    pull: PullConfig = PullConfig()
    resolve: ResolveConfig = ResolveConfig()
    export: ExportConfig = ExportConfig()
    report: ReportConfig = ReportConfig()


def load(path: str | Path) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: If the file is missing, is no YAML, or has a key or value that does not fit;
            the message names the key, and for an unknown one the nearest known.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; write one with: curate init {path.parent} --preset NAME"
        ) from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder; name its file: {path / 'curate.yaml'}") from None
    except (OSError, UnicodeDecodeError) as bad:
        raise ConfigError(f"{path}: cannot be read ({bad})") from bad
    except yaml.YAMLError as bad:
        raise ConfigError(f"{path}: not valid YAML: {_one_line(bad)}") from bad
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{path}: expected sections such as `ingest:`, found {type(raw).__name__}"
        )
    try:
        return Config.model_validate({k: {} if v is None else v for k, v in raw.items()})
    except ValidationError as bad:
        raise ConfigError(f"{path}: " + "; ".join(_sentence(e) for e in bad.errors())) from None


def presets() -> list[str]:
    """Return the names of the configurations that come with the package."""
    return sorted(p.stem for p in _PRESETS.glob("*.yaml"))


def read_preset(name: str) -> str:
    """Return a preset's YAML text, each key explained.

    Raises:
        ConfigError: If there is none of that name.
    """
    path = _PRESETS / f"{name}.yaml"
    if name not in presets():
        near = difflib.get_close_matches(name, presets(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ";"
        raise ConfigError(f"no preset named {name!r}{hint} known: {', '.join(presets())}")
    return path.read_text(encoding="utf-8")


_PRESETS = Path(__file__).parent / "configs"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _sentence(error: Any) -> str:
    where = tuple(error["loc"])
    key = ".".join(str(part) for part in where)
    if error["type"] != "extra_forbidden":
        return f"`{key}`: {error['msg'].removeprefix('Value error, ')}"
    known = _known_keys(where[:-1])
    near = difflib.get_close_matches(str(where[-1]), known, n=1, cutoff=0.5)
    hint = f"; did you mean `{near[0]}`?" if near else f"; known here: {', '.join(known)}"
    return f"unknown key `{key}`{hint}"


def _known_keys(where: tuple[Any, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, Union, UnionType):
        return next((m for a in get_args(annotation) if (m := _model_in(a))), None)
    return None
