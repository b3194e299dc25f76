"""What is taken out of the pool before anything is spent on it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from curate.config.strict import Strict

__all__ = ["CleanAction", "CleanConfig", "CleanRuleConfig", "PersonalAction"]


def _word(value: Any) -> Any:
    """Return `off` where YAML made a truth value of it."""
    return "off" if value is False else value


CleanAction = Annotated[Literal["drop", "flag", "off"], BeforeValidator(_word)]
PersonalAction = Annotated[Literal["off", "report", "redact", "remove"], BeforeValidator(_word)]


class CleanRuleConfig(Strict):
    """Rows that are dropped by what they say of themselves."""

    where: str
    """E.g. metadata.tier == 'internal'; the language of `select.never`, docs/cleaning.md."""
    reason: str = ""
    """Told with each row; empty = the rule itself."""


class CleanConfig(Strict):
    """Pool to pool: fewer rows, with a reason for each one dropped."""

    keep: str | None = None
    """Only rows of this rule stay; null = all."""
    drop: list[CleanRuleConfig] = []
    """Rows of these rules go."""
    checks: dict[str, CleanAction] = {}
    """Check (`curate audit --list`) to what becomes of its rows: drop; flag (stays as evidence, is
    never asked); off. Checks that are not named: docs/cleaning.md."""
    thresholds: dict[str, float] = {}
    """Check to its threshold, where it is not the default."""
    benchmarks: list[str] = []
    """Files, relative to the configuration, whose prompts must not be trained on."""
    languages: list[str] = []
    """Codes (en, fr) that rows are expected in; [] = the one that most rows are in."""
    personal: PersonalAction = "off"
    """Personal data and secrets: report how many; redact (pseudonyms); remove such rows; before
    any model is asked and before anything is pushed."""
    vault: str | None = None
    """personal: redact: file, relative to the configuration, that leads from pseudonyms back;
    null = nothing leads back. Its key: the environment variable CURATE_PSEUDONYM_KEY."""

    @model_validator(mode="after")
    def _vault_goes_with_redaction(self) -> CleanConfig:
        if self.vault is not None and self.personal != "redact":
            raise ValueError("`vault` goes with `personal: redact`")
        return self
