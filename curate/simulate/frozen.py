"""The test rows: a share of the groups that is never asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curate.select import splits

__all__ = ["frozen"]


def frozen(
    groups: Sequence[str], *, test_share: float = 0.2, seed: int = 7
) -> npt.NDArray[np.bool_]:
    """Return which rows are test rows: groups whole, by name and seed alone.

    Args:
        groups: Group of each row; a row's own name where there is none.
        test_share: Expected share of groups.
        seed: Another one is another split.

    Returns:
        Shape (n_rows,).

    >>> test = frozen(["a", "b", "a", "c"])
    >>> bool(test[0] == test[2])
    True
    """
    sides = splits(groups, test_share=test_share, calibration_share=0, seed=seed)
    return np.array([side == "test" for side in sides], bool)
