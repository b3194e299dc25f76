"""What arrays say: disagreement, agreement, reliability, similarity.

In: numpy arrays; one ratings matrix ``(n_items, n_raters)``, NaN = not rated, serves models and
people alike. Out: numpy arrays. Nothing here knows a record. The loops are compiled on first
call, and kept on disk for the next process; importing the package costs no more than numpy.
"""

from curate.measure.agreement import (
    bootstrap_interval,
    item_agreement,
    krippendorff_alpha,
    percent_agreement,
    rater_agreement,
)
from curate.measure.clusters import cluster_answers
from curate.measure.dawid_skene import DawidSkene, dawid_skene
from curate.measure.disagreement import (
    EntropySplit,
    contradiction,
    entropy_split,
    jensen_shannon,
    margin,
    variation_ratio,
    vote_entropy,
)
from curate.measure.redundancy import Redundancy, rank_correlations, redundancy
from curate.measure.reliability import log_odds, reliability
from curate.measure.similarity import (
    cosine,
    cosine_by_item,
    dissimilarity,
    nearest,
    novelty,
    unit,
)
from curate.measure.vendi import vendi, vendi_of_similarity

__all__ = [
    "DawidSkene",
    "EntropySplit",
    "Redundancy",
    "bootstrap_interval",
    "cluster_answers",
    "contradiction",
    "cosine",
    "cosine_by_item",
    "dawid_skene",
    "dissimilarity",
    "entropy_split",
    "item_agreement",
    "jensen_shannon",
    "krippendorff_alpha",
    "log_odds",
    "margin",
    "nearest",
    "novelty",
    "percent_agreement",
    "rank_correlations",
    "rater_agreement",
    "redundancy",
    "reliability",
    "unit",
    "variation_ratio",
    "vendi",
    "vendi_of_similarity",
    "vote_entropy",
]
