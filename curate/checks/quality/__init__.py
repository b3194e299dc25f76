"""What is poor about answers themselves: refusals, loops, cut ends, damage, the wrong language.

In: `Rows`; for notebooks one text, or texts. Out: `Found`, one finding a row, with the characters
that show it; for one text a `Fault`, or None. A quick filter over the Arrow columns (RE2, numba)
leaves few texts for the judgements, which are plain Python.
"""

from __future__ import annotations

from curate.checks.quality.boilerplate import Phrase, shared_phrases
from curate.checks.quality.code import code_fault
from curate.checks.quality.echoes import echo
from curate.checks.quality.empty import blank
from curate.checks.quality.encoding import damage
from curate.checks.quality.judging import Fault
from curate.checks.quality.refusals import refusal
from curate.checks.quality.repetition import loop, repeated_share
from curate.checks.quality.templates import leftover
from curate.checks.quality.truncated import cut_off, ending

__all__ = [
    "Fault",
    "Phrase",
    "blank",
    "code_fault",
    "cut_off",
    "damage",
    "echo",
    "ending",
    "leftover",
    "loop",
    "refusal",
    "repeated_share",
    "shared_phrases",
]
