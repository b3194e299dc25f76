"""What arrays say: disagreement, agreement, reliability, similarity, estimates, drift.

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
from curate.measure.classifier import (
    breaking_ties,
    class_entropy,
    expected_gradient_length,
    expected_reward_gradient_length,
    least_confidence,
)
from curate.measure.clusters import cluster_answers
from curate.measure.cocoa import cocoa, cocoa_msp, cocoa_mte, cocoa_ppl, cocoa_uqlm
from curate.measure.consensus import Consensus, consensus, doubt_by_group
from curate.measure.dawid_skene import DawidSkene, dawid_skene
from curate.measure.delong import auroc_interval
from curate.measure.disagreement import (
    EntropySplit,
    contradiction,
    entropy_split,
    jensen_shannon,
    margin,
    margin_uncertainty,
    variation_ratio,
    vote_entropy,
)
from curate.measure.drift import ClusterShift, Drift, cluster_shift, drift, uncovered
from curate.measure.entailment import Rule, cluster_entailed, equivalent
from curate.measure.estimates import (
    Draw,
    chance_mean,
    hajek,
    horvitz_thompson,
    over_rounds,
    stratified,
)
from curate.measure.intervals import Interval, ratio, share_interval
from curate.measure.lexical import (
    TokenIds,
    jaccard_by_item,
    lexical_dissimilarity,
    rouge_l_by_item,
    token_ids,
    words,
)
from curate.measure.likert import Correction, leniency, likert_spread, panel_grade, without_leniency
from curate.measure.panel import (
    PanelVerdict,
    item_position_inconsistency,
    judge_distributions,
    judge_reliability,
    panel_entropy,
    panel_shares,
    panel_split,
    panel_verdict,
    position_inconsistency,
    ratings_matrix,
)
from curate.measure.ranking import Estimate, auroc, average_precision, prr, ranking_quality
from curate.measure.redundancy import Redundancy, rank_correlations, redundancy
from curate.measure.reliability import log_odds, reliability
from curate.measure.sampling import (
    length_normalised_entropy,
    mean_of_answers,
    perplexity,
    predictive_entropy,
    token_entropy,
)
from curate.measure.sar import sentence_sar, sentence_sar_by_answer
from curate.measure.self_check import (
    by_answer,
    luq_by_answer,
    p_false,
    p_true,
    selfcheck_nli,
    selfcheck_support,
)
from curate.measure.semantic_entropy import (
    semantic_density_uncertainty,
    semantic_entropy,
    semantic_entropy_kuhn,
    semantic_entropy_mean,
    semantic_entropy_rao,
)
from curate.measure.sequential import THIRDS, Forecast, forecast_bucket, forecast_selection
from curate.measure.similarity import (
    cosine,
    cosine_by_item,
    dissimilarity,
    nearest,
    novelty,
    unit,
)
from curate.measure.spectral import (
    degree,
    degree_by_answer,
    eccentricity,
    eccentricity_by_answer,
    eigenvalue_sum,
    entailment_weights,
    kernel_language_entropy,
)
from curate.measure.stopping import Advice, Bars, advise, next_yield, power_law
from curate.measure.two_sample import TwoSample, two_sample
from curate.measure.vendi import vendi, vendi_of_similarity

__all__ = [
    "THIRDS",
    "Advice",
    "Bars",
    "ClusterShift",
    "Consensus",
    "Correction",
    "DawidSkene",
    "Draw",
    "Drift",
    "EntropySplit",
    "Estimate",
    "Forecast",
    "Interval",
    "PanelVerdict",
    "Redundancy",
    "Rule",
    "TokenIds",
    "TwoSample",
    "advise",
    "auroc",
    "auroc_interval",
    "average_precision",
    "bootstrap_interval",
    "breaking_ties",
    "by_answer",
    "chance_mean",
    "class_entropy",
    "cluster_answers",
    "cluster_entailed",
    "cluster_shift",
    "cocoa",
    "cocoa_msp",
    "cocoa_mte",
    "cocoa_ppl",
    "cocoa_uqlm",
    "consensus",
    "contradiction",
    "cosine",
    "cosine_by_item",
    "dawid_skene",
    "degree",
    "degree_by_answer",
    "dissimilarity",
    "doubt_by_group",
    "drift",
    "eccentricity",
    "eccentricity_by_answer",
    "eigenvalue_sum",
    "entailment_weights",
    "entropy_split",
    "equivalent",
    "expected_gradient_length",
    "expected_reward_gradient_length",
    "forecast_bucket",
    "forecast_selection",
    "hajek",
    "horvitz_thompson",
    "item_agreement",
    "item_position_inconsistency",
    "jaccard_by_item",
    "jensen_shannon",
    "judge_distributions",
    "judge_reliability",
    "kernel_language_entropy",
    "krippendorff_alpha",
    "least_confidence",
    "length_normalised_entropy",
    "leniency",
    "lexical_dissimilarity",
    "likert_spread",
    "log_odds",
    "luq_by_answer",
    "margin",
    "margin_uncertainty",
    "mean_of_answers",
    "nearest",
    "next_yield",
    "novelty",
    "over_rounds",
    "p_false",
    "p_true",
    "panel_entropy",
    "panel_grade",
    "panel_shares",
    "panel_split",
    "panel_verdict",
    "percent_agreement",
    "perplexity",
    "position_inconsistency",
    "power_law",
    "predictive_entropy",
    "prr",
    "rank_correlations",
    "ranking_quality",
    "rater_agreement",
    "ratings_matrix",
    "ratio",
    "redundancy",
    "reliability",
    "rouge_l_by_item",
    "selfcheck_nli",
    "selfcheck_support",
    "semantic_density_uncertainty",
    "semantic_entropy",
    "semantic_entropy_kuhn",
    "semantic_entropy_mean",
    "semantic_entropy_rao",
    "sentence_sar",
    "sentence_sar_by_answer",
    "share_interval",
    "stratified",
    "token_entropy",
    "token_ids",
    "two_sample",
    "uncovered",
    "unit",
    "variation_ratio",
    "vendi",
    "vendi_of_similarity",
    "vote_entropy",
    "without_leniency",
    "words",
]
