"""Which rows deserve a person: arrays in, a `Selection` out.

In go unit vectors, a need per row (higher = more worth a person's time) and what is protected
or reviewed; out comes a queue in picking order, with a reason, a part (random or active) and an
inclusion probability for each row, and the reason for each row that was left out.
"""

from curate.select.badge import badge
from curate.select.bald import bald
from curate.select.beliefs import Beliefs
from curate.select.budget import Pace, estimate_minutes, fitted_minutes, minutes_allowed
from curate.select.choose import choose
from curate.select.cluster_margin import cluster_margin
from curate.select.cluster_uncertain import cluster_uncertain
from curate.select.committee import committee
from curate.select.composition import composition, composition_lines
from curate.select.dpp import dpp
from curate.select.entropy import entropy
from curate.select.expected_model_change import expected_model_change
from curate.select.explain import Explanation, explain_row
from curate.select.facility_location import facility_location
from curate.select.hybrid import hybrid
from curate.select.k_center import k_center
from curate.select.least_confidence import least_confidence
from curate.select.margin import margin
from curate.select.mix import mix
from curate.select.mmr import mmr
from curate.select.near_identical import near_identical
from curate.select.nearest import Nearest
from curate.select.pool import Answers, Pool
from curate.select.prob_cover import prob_cover
from curate.select.random import random
from curate.select.regions import regions
from curate.select.rules import withhold
from curate.select.sampled import sampled
from curate.select.shortfall import shortfall
from curate.select.splits import guard, splits
from curate.select.strategies import strategies
from curate.select.stratified import stratified
from curate.select.stream import Decision, StreamSelector
from curate.select.table import columns_needed
from curate.select.typical import typical
from curate.select.uncertain_cover import uncertain_cover
from curate.select.uncertainty import uncertainty
from curate.where.language import Rule, parse

__all__ = [
    "Answers",
    "Beliefs",
    "Decision",
    "Explanation",
    "Nearest",
    "Pace",
    "Pool",
    "Rule",
    "StreamSelector",
    "badge",
    "bald",
    "choose",
    "cluster_margin",
    "cluster_uncertain",
    "columns_needed",
    "committee",
    "composition",
    "composition_lines",
    "dpp",
    "entropy",
    "estimate_minutes",
    "expected_model_change",
    "explain_row",
    "facility_location",
    "fitted_minutes",
    "guard",
    "hybrid",
    "k_center",
    "least_confidence",
    "margin",
    "minutes_allowed",
    "mix",
    "mmr",
    "near_identical",
    "parse",
    "prob_cover",
    "random",
    "regions",
    "sampled",
    "shortfall",
    "splits",
    "strategies",
    "stratified",
    "typical",
    "uncertain_cover",
    "uncertainty",
    "withhold",
]
