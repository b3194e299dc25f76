"""What bends the preferences, or the answers, of a set as a whole.

In: rows. Out: shares and effect sizes with intervals; a finding only where a bias is both beyond
its threshold and beyond chance. Nothing here is mended by taking out rows.
"""

from __future__ import annotations

from curate.checks.bias.length import length_bias, length_only_scores, lengths_by

__all__ = ["length_bias", "length_only_scores", "lengths_by"]
