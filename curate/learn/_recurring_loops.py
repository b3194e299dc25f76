"""The loops of `pair_doubt` over answers that stand in several pairs, compiled on first use.

Sites are distinct pairs of answers of one group, with how often each of the two was preferred;
groups are stretches of sites, and `node` numbers the answers within their group.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["leave_one_out"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@compiled
def _sigmoid(x: float) -> float:
    if x >= 0:
        return float(1.0 / (1.0 + np.exp(-x)))
    return float(np.exp(x) / (1.0 + np.exp(x)))


@compiled
def _bend(node: Ints, prior: Floats, won: Floats, u: Floats, precision: float) -> Floats:
    """Return minus the Hessian of the log posterior, and in its last column the gradient."""
    n = len(u)
    out = np.zeros((n, n + 1))
    for i in range(n):
        out[i, i] = precision
        out[i, n] = -precision * u[i]
    for s in range(len(prior)):
        a, b = node[s, 0], node[s, 1]
        total = won[s, 0] + won[s, 1]
        p = _sigmoid(prior[s] + u[a] - u[b])
        w, g = total * p * (1.0 - p), won[s, 0] - total * p
        out[a, a] += w
        out[b, b] += w
        out[a, b] -= w
        out[b, a] -= w
        out[a, n] += g
        out[b, n] -= g
    return out


@compiled
def leave_one_out(
    starts: Ints,
    sizes: Ints,
    node: Ints,
    prior: Floats,
    won: Floats,
    precision: float,
    mean: Floats,
    variance: Floats,
) -> None:
    """Write each site's gap as all other sites of its group tell it: mean and variance.

    The mode by Newton's method, then Laplace's cavity: the site's own curvature and pull are taken
    out of the Gaussian posterior of its gap.
    """
    for k in range(len(sizes)):
        here = slice(starts[k], starts[k + 1])
        n = sizes[k]
        u = np.zeros(n)
        for _ in range(12):
            bend = _bend(node[here], prior[here], won[here], u, precision)
            step = np.linalg.solve(
                np.ascontiguousarray(bend[:, :n]), np.ascontiguousarray(bend[:, n])
            )
            u += step
            if np.abs(step).max() < 1e-6:
                break
        bend = _bend(node[here], prior[here], won[here], u, precision)
        spread = np.linalg.inv(np.ascontiguousarray(bend[:, :n]))
        for s in range(starts[k], starts[k + 1]):
            a, b = node[s, 0], node[s, 1]
            gap = prior[s] + u[a] - u[b]
            p, total = _sigmoid(gap), won[s, 0] + won[s, 1]
            v = spread[a, a] + spread[b, b] - 2.0 * spread[a, b]
            alone = v / max(1.0 - v * total * p * (1.0 - p), 1e-9)
            mean[s] = gap - alone * (won[s, 0] - total * p)
            variance[s] = alone
