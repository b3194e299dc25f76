"""What a model that learns from the answers believes of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Beliefs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """Predictions of the acquisition model (`curate.learn`), for strategies that go by a model.

    For preferences the classes are: a preferred, b preferred (and tie, where the model has ties),
    and `features` are the difference of the two answers' features.
    """

    features: npt.NDArray[np.float32]
    """What the model looks at, shape (n_rows, n_features)."""
    probabilities: npt.NDArray[np.float64]
    """Posterior mean of each class, rows add up to 1, shape (n_rows, n_classes)."""
    information: npt.NDArray[np.float64] | None = None
    """Mutual information of the label and the model's weights (BALD), nats, shape (n_rows,)."""
    covariance: npt.NDArray[np.float64] | None = None
    """Posterior covariance of the (logit or reward) weights, shape (n_features, n_features)."""

    def __post_init__(self) -> None:
        n = len(self.features)
        if len(self.probabilities) != n or self.probabilities.ndim != 2:
            raise ValueError(
                f"probabilities must be of shape ({n}, n_classes), not {self.probabilities.shape}"
            )
        if self.information is not None and self.information.shape != (n,):
            raise ValueError(f"information must be of shape ({n},), not {self.information.shape}")

    def __len__(self) -> int:
        return len(self.features)
