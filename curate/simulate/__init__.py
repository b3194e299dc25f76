"""Strategies against random on labelled data: learning curves, label efficiency, a verdict.

In: arrays of data whose labels are known (classes, good and bad answers, or preferences), and
names of strategies of `curate.select`. Out: `Curves`, the metric against the answers asked for,
each strategy on each seed, and what follows from them.

    test = frozen(groups, test_share=0.2)                     # whole groups, never asked
    curves = classes(vectors, labels, test=test, strategies=["hybrid", "bald"], seeds=10)
    curves = preferences(features, pairs, outcomes, test=test, prompts=prompts)
    curves = queues(vectors, need, wrong, sizes=(100, 200))   # one queue by a fixed need
    curves = rewrites(vectors, wrong, need=need)              # rounds, a head learns the errors

    curves.label_efficiency(0.9, "hybrid")   # Efficiency: ratio, low, high, saving, labels
    curves.label_efficiency_at(200, "hybrid")
    curves.area("hybrid"), curves.mean("hybrid"), curves.band("hybrid")
    curves.verdict("hybrid")                 # "saves 34 % [12, 51] of the labels at 90 % of …"
    curves.as_json()

What is simulated is what the tool does: every round goes through `select.choose` with a project's
default settings (random slice included), the first by the cold start, the others with a head of
`curate.learn` fitted on all answers so far. Seeds differ in what is on offer (`pool_share` of the
groups), in every draw and in the noise of the answers, and share these across strategies, so that
intervals are paired. For a strategy without its surroundings give
`config=SelectConfig(random_share=0, near_identical=1)`.
"""

from curate.simulate.classes import classes
from curate.simulate.curves import THRESHOLDS, Area, Curves
from curate.simulate.efficiency import Efficiency
from curate.simulate.frozen import frozen
from curate.simulate.preferences import preferences
from curate.simulate.rewrites import queues, rewrites

__all__ = [
    "THRESHOLDS",
    "Area",
    "Curves",
    "Efficiency",
    "classes",
    "frozen",
    "preferences",
    "queues",
    "rewrites",
]
