"""The loop of `sequential`, compiled by numba on first use and kept on disk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["final_entropies"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@compiled
def final_entropies(
    counts: Ints,
    left: Ints,
    urn: Floats,
    weight: Floats,
    chance: Floats,
    log: Floats,
    out: Floats,
) -> None:
    """Fill each prompt's urn up and write the entropy of what is in it, shape (n_prompts, n_draws).

    `urn[g]` = strength and discount of the g-th urn, `weight[i, g]` = how likely prompt i draws
    from the g-th or one before it, `chance[r]` = the uniform numbers of draw r: which urn, then
    each ball. `log[c]` = ln c, and 0 for c = 0.
    """
    n_prompts, width = counts.shape
    n_draws = chance.shape[0]
    balls = np.empty(width + chance.shape[1])
    for i in range(n_prompts):
        filled, total = 0, 0
        while filled < width and counts[i, filled] > 0:
            total += counts[i, filled]
            filled += 1
        for r in range(n_draws):
            g = 0
            while g < len(urn) - 1 and chance[r, 0] > weight[i, g]:
                g += 1
            strength, discount = urn[g, 0], urn[g, 1]
            for j in range(filled):
                balls[j] = counts[i, j]
            kinds, n = filled, total
            for t in range(left[i]):
                ball = chance[r, 1 + t] * (strength + n)
                j = 0
                while j < kinds and ball >= balls[j] - discount:
                    ball -= balls[j] - discount
                    j += 1
                if j == kinds:
                    balls[kinds] = 0.0
                    kinds += 1
                balls[j] += 1.0
                n += 1
            spread = 0.0
            for j in range(kinds):
                spread += balls[j] * log[np.int64(balls[j])]
            out[i, r] = log[n] - spread / n if n > 0 else np.nan
