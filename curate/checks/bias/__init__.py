"""What bends the preferences, or the answers, of a set as a whole.

In: rows. Out: shares and effect sizes with intervals; a finding only where a bias is both beyond
its threshold and beyond chance. Nothing here is mended by taking out rows.
"""

from __future__ import annotations

from curate.checks.bias.annotators import annotator_bias, directions_apart
from curate.checks.bias.length import length_bias, length_only_scores, lengths_by
from curate.checks.bias.markers import MARKERS, Marker, mark_spans, marked, marker_rates
from curate.checks.bias.position import chosen_positions, position_bias
from curate.checks.bias.sources import model_only_accuracy, source_balance
from curate.checks.bias.style import MarkEffect, style_effects
from curate.checks.bias.wording import WordTrace, word_only_scores, word_traces

__all__ = [
    "MARKERS",
    "MarkEffect",
    "Marker",
    "WordTrace",
    "annotator_bias",
    "chosen_positions",
    "directions_apart",
    "length_bias",
    "length_only_scores",
    "lengths_by",
    "mark_spans",
    "marked",
    "marker_rates",
    "model_only_accuracy",
    "position_bias",
    "source_balance",
    "style_effects",
    "word_only_scores",
    "word_traces",
]
