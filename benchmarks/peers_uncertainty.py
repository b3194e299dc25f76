"""The uncertainty scores beside those of lm-polygraph and uqlm, value by value, on one input.

The peers pin versions that clash with ours, and load much that their scores do not need: install
them without their dependencies into an environment of their own that sees this one's packages,

    python -m venv --system-site-packages peers && . peers/bin/activate
    pip install --no-deps lm-polygraph uqlm rouge-score
    pip install absl-py langchain-core nltk pandas pillow rich scipy six torch transformers

and run this script with it. A peer that is not there is named in the table. `ours` is the greatest
difference of any value: similarities, groups and log-probabilities are drawn, answers whose words
are compared are real where the data is there. Nothing is timed: see `benchmarks.measure`.
"""

from __future__ import annotations

import warnings

import numpy as np

from benchmarks.peers_inputs import Comparison, Inputs, drawn, lay_bare
from benchmarks.peers_polygraph import POLYGRAPH
from benchmarks.peers_uqlm import UQLM
from benchmarks.table import Row, finish, json_path

__all__ = ["main"]

CLOSE = 1e-9


def main() -> None:
    """Compare, print."""
    warnings.simplefilter("ignore")
    inputs = drawn()
    finish([_row(c, inputs) for c in (*POLYGRAPH, *UQLM)], json_path())


def _row(comparison: Comparison, inputs: Inputs) -> Row:
    nan = float("nan")
    step = f"{comparison.ours} = {comparison.peer}'s {comparison.name}, greatest difference"
    try:
        lay_bare(comparison.peer)
        theirs = np.asarray(comparison.peer_score(inputs), dtype=np.float64)
    except Exception as error:  # whatever ails a peer is said in its row
        why = f"{comparison.peer} cannot be run here: {type(error).__name__}: {error}"
        return Row(
            step=step,
            ours=nan,
            peer=nan,
            ratio=nan,
            note=f"{why}; this script's first lines say how to install it",
        )
    ours = np.asarray(comparison.our_score(inputs), dtype=np.float64)
    off = float(np.abs(ours - theirs).max())
    return Row(
        step=step,
        ours=off,
        peer=nan,
        ratio=nan,
        target=f"<= {CLOSE:g}",
        met=bool(ours.shape == theirs.shape and off <= CLOSE),
        note=f"{ours.size} values; {comparison.note}".removesuffix("; "),
    )


if __name__ == "__main__":
    main()
