"""What a project's own answers teach: small models on vectors and score columns.

In: arrays of features and of what people answered. Out: heads that predict the next answers with
their uncertainty (`LogisticHead` for labels, `BradleyTerryHead` for preferences), chances that
hold what they say (`Temperature`, `Isotonic`, `reliability`), and which scores told useful answers
beforehand (`usefulness`, `learned_need`). Nothing here knows a record.
"""

from curate.learn.bradley_terry import BradleyTerryHead
from curate.learn.calibration import Bin, Isotonic, Reliability, Temperature, reliability
from curate.learn.features import FeatureMap, features, map_features
from curate.learn.logistic import LogisticHead
from curate.learn.usefulness import Need, Usefulness, learned_need, usefulness

__all__ = [
    "Bin",
    "BradleyTerryHead",
    "FeatureMap",
    "Isotonic",
    "LogisticHead",
    "Need",
    "Reliability",
    "Temperature",
    "Usefulness",
    "features",
    "learned_need",
    "map_features",
    "reliability",
    "usefulness",
]
