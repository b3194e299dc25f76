"""Labels that other evidence contradicts: preferences, answers, verdicts.

In: `Rows`, and vectors where a check needs them; raw rows for `votes_of` and `given_answer`. Out:
log-odds or scores row by row, NaN where nothing can be said; a few findings drawn by lot to be
looked at (`ranked_sample`), and how right the ranked list is by what was said of them.
"""

from curate.checks.labels.answers import doubtful_answers, polarity
from curate.checks.labels.cycles import preference_cycles
from curate.checks.labels.final import comparable, final_answer
from curate.checks.labels.outvoted import outvoted_answers
from curate.checks.labels.preferences import doubtful_preferences, votes_against
from curate.checks.labels.sample import Precision, Sample, precision_at, ranked_sample
from curate.checks.labels.verdicts import Mismatch, mismatches
from curate.checks.labels.votes import choices_of, given_answer, votes_of

__all__ = [
    "Mismatch",
    "Precision",
    "Sample",
    "choices_of",
    "comparable",
    "doubtful_answers",
    "doubtful_preferences",
    "final_answer",
    "given_answer",
    "mismatches",
    "outvoted_answers",
    "polarity",
    "precision_at",
    "preference_cycles",
    "ranked_sample",
    "votes_against",
    "votes_of",
]
