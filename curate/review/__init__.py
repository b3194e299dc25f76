"""To people and back: items go to a desk, what each person answered comes back.

In: a `Batch` of `records.Item` with its `Guideline`. Out: `Pushed` (what the desk took, and in
which order each item's answers stand there), then `Pulled` (`records.Response` rows, mapped
back to candidates). People see neither model names nor why a row was chosen.

`desk` holds the words and the protocol, `argilla.ArgillaDesk` is the desk that there is,
`server` starts an Argilla on this machine, `annotator.Annotator` answers as a person would.
"""

from curate.review.desk import Asked, Batch, Desk, Progress, Pulled, Pushed, batch_name
from curate.review.effort import estimate
from curate.review.guidelines import Guideline, guideline

__all__ = [
    "Asked",
    "Batch",
    "Desk",
    "Guideline",
    "Progress",
    "Pulled",
    "Pushed",
    "batch_name",
    "estimate",
    "guideline",
]
