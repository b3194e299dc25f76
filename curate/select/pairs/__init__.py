"""Which completions to put side by side: answers and pairs in, rows of pairs out.

In: `Answers` (features, reward with its standard deviation, length, posterior covariance) and
pairs, shape (n_pairs, 2), as rows of them; of one prompt or of two. Out: rows of `pairs` in the
order of picking. Swapping the sides of a pair changes nothing. One rule a purpose, none for all:

===================  =============================================================================
`d_optimal`          teaches a reward model most: largest gain in log det of the weights' precision
`batch_bald`         the same by information: what the label tells of the weights, in nats
`infomax`            widest span of chances between the bounds of both rewards
`moderate_gap`       by lot among the pairs that one side may, but need not, win
`delta_ucb`          largest gap that may still be: for DPO, with a floor on the better answer
`drts`               best of one draw of the posterior beside the worst of another: for DPO
`connected`          compares everything with everything, directly or not, then doubtful orders
`double_thompson`    best of one draw beside the best of another
`confident_gap`      largest predicted gap (APL)
===================  =============================================================================

`unfit` says which pairs are not worth asking at all. By name in a configuration, `pairs` takes the
rule of `select.objective`: reward_model, dpo or ranking.
"""

from curate.select.pairs.connected import connected
from curate.select.pairs.delta_ucb import delta_ucb
from curate.select.pairs.design import batch_bald, d_optimal, log_det_gains
from curate.select.pairs.gaps import Gaps, gaps
from curate.select.pairs.objective import RULES
from curate.select.pairs.rules import confident_gap, infomax, moderate_gap
from curate.select.pairs.thompson import double_thompson, drts
from curate.select.pairs.unfit import unfit

__all__ = [
    "RULES",
    "Gaps",
    "batch_bald",
    "confident_gap",
    "connected",
    "d_optimal",
    "delta_ucb",
    "double_thompson",
    "drts",
    "gaps",
    "infomax",
    "log_det_gains",
    "moderate_gap",
    "unfit",
]
