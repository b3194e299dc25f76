"""How the parameters of `consensus` were chosen, and what others would have given.

Chosen on a set that `benchmarks.uncertainty` does not report: GSM8K by four GPT-3 models, as
labelled by OpenAI. The same is then printed for the reported sets, where nothing was chosen.

    python -m benchmarks.uncertainty_parameters
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from benchmarks.table import data_file
from benchmarks.uncertainty import SETS
from benchmarks.uncertainty_data import Votes, committee
from benchmarks.uncertainty_scores import first_of_plurality
from curate import measure

__all__ = ["main"]

Floats = npt.NDArray[np.float64]

DEVELOPMENT = "A_C_gsm8k_openai_4models_correct.jsonl.gz"
WIDEST = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
STRENGTHS = (0.0, 5.0, 20.0, 100.0)


def main() -> None:
    """Print AUROC by parameter."""
    print("| set | asked | " + " | ".join(f"widest {w:g}" for w in WIDEST) + " |")
    print("|---|---|" + "---|" * len(WIDEST))
    for name, data in _committees():
        told = [_consensus(data, widest) for widest in WIDEST]
        for asked in _asked(data, told[0].log_odds):
            values = [_asked(data, one.log_odds)[asked] for one in told]
            print(f"| {name} | {asked} | " + " | ".join(f"{v:.4f}" for v in values) + " |")
            if asked.startswith("label"):
                _print_strengths(data, told[WIDEST.index(2.0)].log_odds)


def _committees() -> Iterator[tuple[str, Votes]]:
    path = data_file(DEVELOPMENT)
    if path is not None:
        yield "GSM8K x 4 GPT-3 models (development)", committee(path)
    for name, (file, read) in SETS.items():
        path = data_file(file)
        if path is not None and "samples" not in name and "trials" not in name:
            yield name, read(path)


def _consensus(data: Votes, widest: float) -> measure.Consensus:
    return measure.consensus(
        data.votes,
        members=data.members,
        shares=data.shares,
        n_options=data.n_options,
        widest=widest,
    )


def _asked(data: Votes, log_odds: Floats) -> Mapping[str, float]:
    if data.wrong is None:
        wrong = np.zeros(len(log_odds), bool) if data.item_wrong is None else data.item_wrong
        return {"label wrong": measure.auroc(log_odds[:, 0], wrong)}
    first, items = first_of_plurality(data), np.arange(len(data.votes))
    return {
        "answer wrong": measure.auroc(log_odds.ravel(), data.wrong.ravel()),
        "plurality wrong": measure.auroc(log_odds[items, first], data.wrong[items, first]),
    }


def _print_strengths(data: Votes, log_odds: Floats) -> None:
    if data.topics is None or data.item_wrong is None:
        return
    values = {
        strength: measure.auroc(
            measure.doubt_by_group(log_odds[:, 0], data.topics, strength=strength),
            data.item_wrong,
        )
        for strength in STRENGTHS
    }
    told = ", ".join(f"strength {s:g}: {v:.4f}" for s, v in values.items())
    print(f"| | label wrong, by topic: {told} |" + " |" * len(WIDEST))


if __name__ == "__main__":
    main()
