"""The whole configuration."""

from __future__ import annotations

from curate.config.choosing import LearnConfig, SelectConfig, StreamConfig
from curate.config.cleaning import CleanConfig
from curate.config.models import GenerateConfig, JudgeConfig, SpendConfig
from curate.config.stages import (
    EmbedConfig,
    ExportConfig,
    IngestConfig,
    ProjectConfig,
    PullConfig,
    PushConfig,
    ReportConfig,
    ResolveConfig,
    ScoreConfig,
)
from curate.config.strict import Strict

__all__ = [
    "Config",
]


class Config(Strict):
    """The whole configuration, one section a stage."""

    project: ProjectConfig = ProjectConfig()
    ingest: IngestConfig
    clean: CleanConfig = CleanConfig()
    generate: GenerateConfig = GenerateConfig()
    judge: JudgeConfig = JudgeConfig()
    budget: SpendConfig = SpendConfig()
    embed: EmbedConfig = EmbedConfig()
    score: ScoreConfig = ScoreConfig()
    select: SelectConfig = SelectConfig()
    learn: LearnConfig = LearnConfig()
    stream: StreamConfig = StreamConfig()
    push: PushConfig = PushConfig()
    pull: PullConfig = PullConfig()
    resolve: ResolveConfig = ResolveConfig()
    export: ExportConfig = ExportConfig()
    report: ReportConfig = ReportConfig()
