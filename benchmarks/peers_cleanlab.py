"""cleanlab's label quality of pairs, run by the interpreter that has it (CURATE_PEER_PYTHON).

    python peers_cleanlab.py IN.npz OUT.npz

In: `differences` (n, D), the features of the first less those of the second answer; `groups` (n,);
`labels` (n_seeds, n), 1 = the first one is preferred. Out: for each seed, `quality_KIND` (lowest =
worst), with probabilities of a cross-validated logistic regression, its folds by group or by row,
and `issues_KIND`: how many `find_label_issues` lists.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def main(given: str, out: str) -> None:
    """Rank the labels of each seed."""
    held = np.load(given)
    found: dict[str, list[Any]] = {}
    for labels in held["labels"]:
        for kind, groups in (("group", held["groups"]), ("row", None)):
            quality, n = _ranked(held["differences"], labels, groups)
            found.setdefault(f"quality_{kind}", []).append(quality)
            found.setdefault(f"issues_{kind}", []).append(np.array(n))
    arrays: dict[str, Any] = {key: np.array(values) for key, values in found.items()}
    np.savez(out, **arrays)


def _ranked(rows: Any, labels: Any, groups: Any) -> tuple[Any, int]:
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_predict

    folds = (
        GroupKFold(5) if groups is not None else StratifiedKFold(5, shuffle=True, random_state=0)
    )
    model = LogisticRegression(max_iter=2000)
    chances = cross_val_predict(
        model, rows, labels, groups=groups, cv=folds, method="predict_proba"
    )
    issues = find_label_issues(labels, chances, n_jobs=1)
    return get_label_quality_scores(labels, chances), int(issues.sum())


if __name__ == "__main__":
    main(*sys.argv[1:])
