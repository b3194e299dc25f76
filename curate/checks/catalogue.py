"""All checks by name, in the order in which they are listed and run."""

from __future__ import annotations

from curate.checks.check import Check
from curate.registry import Registry

__all__ = ["CHECKS"]

CHECKS = Registry[Check](
    "check",
    {
        "exact-duplicates": "curate.checks.duplicates.exact:CHECK",
        "near-duplicates": "curate.checks.duplicates.near:CHECK",
        "semantic-duplicates": "curate.checks.duplicates.semantic:CHECK",
        "split-leakage": "curate.checks.duplicates.splits:CHECK",
        "contradictions": "curate.checks.duplicates.contradictions:CHECK",
        "contamination": "curate.checks.contamination.texts:CHECK",
        "semantic-contamination": "curate.checks.contamination.semantic:CHECK",
        "doubtful-preferences": "curate.checks.labels.preferences:CHECK",
        "preference-cycles": "curate.checks.labels.cycles:CHECK",
        "outvoted-answers": "curate.checks.labels.outvoted:CHECK",
        "doubtful-answers": "curate.checks.labels.answers:CHECK",
        "verdict-mismatch": "curate.checks.labels.verdicts:CHECK",
        "length-bias": "curate.checks.bias.length:CHECK",
        "position-bias": "curate.checks.bias.position:CHECK",
        "style-bias": "curate.checks.bias.style:CHECK",
        "wording-bias": "curate.checks.bias.wording:CHECK",
        "source-imbalance": "curate.checks.bias.sources:CHECK",
        "annotator-bias": "curate.checks.bias.annotators:CHECK",
        "refusals": "curate.checks.quality.refusals:CHECK",
        "boilerplate": "curate.checks.quality.boilerplate:CHECK",
        "truncated": "curate.checks.quality.truncated:CHECK",
        "repetition": "curate.checks.quality.repetition:CHECK",
        "wrong-language": "curate.checks.quality.language:WRONG",
        "answer-language": "curate.checks.quality.language:ANSWER",
        "empty-turns": "curate.checks.quality.empty:CHECK",
        "echoes": "curate.checks.quality.echoes:CHECK",
        "broken-code": "curate.checks.quality.code:CHECK",
        "mojibake": "curate.checks.quality.encoding:CHECK",
        "template-tokens": "curate.checks.quality.templates:CHECK",
        "personal-data": "curate.checks.personal.check:PERSONAL",
        "secrets": "curate.checks.personal.check:SECRETS",
        "format": "curate.checks.watch:FORMAT",
        "mixed-schema": "curate.checks.watch:SCHEMA",
        "too-long": "curate.checks.length:CHECK",
        "missing-from-training": "curate.checks.coverage.holes:MISSING",
        "missing-from-logs": "curate.checks.coverage.holes:UNSEEN",
        "drift": "curate.checks.coverage.drift:CHECK",
        "effective-size": "curate.checks.coverage.effective:CHECK",
        "class-balance": "curate.checks.coverage.classes:CHECK",
        "provenance": "curate.checks.provenance.columns:CHECK",
        "manifest": "curate.checks.provenance.manifest:CHECK",
    },
)
"""`Registry` of `Check`s; an own one is added with ``CHECKS.add(name, check)``."""
