"""Which rows deserve a person: arrays in, a `Selection` out.

In go unit vectors, a need per row (higher = more worth a person's time) and what is protected
or reviewed; out comes a queue in picking order, with a reason, a part (random or active) and an
inclusion probability for each row, and the reason for each row that was left out.
"""

from curate.select.choose import choose, shortfall
from curate.select.composition import composition
from curate.select.explain import Explanation, explain_row
from curate.select.facility_location import facility_location
from curate.select.hybrid import hybrid
from curate.select.k_center import k_center
from curate.select.near_identical import near_identical
from curate.select.pool import Pool
from curate.select.random import random
from curate.select.splits import guard, splits
from curate.select.strategies import strategies
from curate.select.uncertainty import uncertainty

__all__ = [
    "Explanation",
    "Pool",
    "choose",
    "composition",
    "explain_row",
    "facility_location",
    "guard",
    "hybrid",
    "k_center",
    "near_identical",
    "random",
    "shortfall",
    "splits",
    "strategies",
    "uncertainty",
]
