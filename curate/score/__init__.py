"""What makes a candidate worth a person's time.

In: records and candidates as Arrow tables, a function from texts to vectors, and what was reviewed
before. Out: one row of scores a candidate (`SCORES`, each column explained in `COLUMNS`), or a
pair (`PAIR_SCORES`, `PAIR_COLUMNS`). A score that does not apply is NaN, and the row says why.
"""

from curate.score.answers import normalised, reader_for
from curate.score.columns import COLUMNS, PAIR_COLUMNS, PAIR_SCORES, SCORES, Column
from curate.score.pairs import score_pairs
from curate.score.recommended import RECOMMENDED, Recommendation
from curate.score.scoring import score

__all__ = [
    "COLUMNS",
    "PAIR_COLUMNS",
    "PAIR_SCORES",
    "RECOMMENDED",
    "SCORES",
    "Column",
    "Recommendation",
    "normalised",
    "reader_for",
    "score",
    "score_pairs",
]
