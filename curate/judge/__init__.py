"""What judges make of candidates and pairs.

In: items, judges, and something that answers calls. Out: verdicts as Arrow; a reply that cannot be
read is unscored, with its reason.
"""

from curate.judge.items import Items
from curate.judge.judges import Judge, judge_from, judges_from
from curate.judge.judging import Asker, calls, failed, judge, judged
from curate.judge.reading import Reading, read_p_true, read_verdict

__all__ = [
    "Asker",
    "Items",
    "Judge",
    "Reading",
    "calls",
    "failed",
    "judge",
    "judge_from",
    "judged",
    "judges_from",
    "read_p_true",
    "read_verdict",
]
