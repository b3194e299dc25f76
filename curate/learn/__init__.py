"""What a project's own answers teach: small models on vectors and score columns.

In: arrays of features and of what people answered. Out: heads that predict the next answers with
their uncertainty (`LogisticHead` for labels, `BradleyTerryHead` for preferences).
"""

from curate.learn.bradley_terry import BradleyTerryHead
from curate.learn.logistic import LogisticHead

__all__ = ["BradleyTerryHead", "LogisticHead"]
