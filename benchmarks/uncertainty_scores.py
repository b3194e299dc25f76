"""Every score that `benchmarks.uncertainty` compares: ours, the plain baseline, the peers.

None sees what is right. The peers are crowd-kit's models of crowds (one-coin Dawid-Skene, MACE,
GLAD): the posterior probability that an answer is not the true one. They need one set of labels
for all items; open answers are numbered within a prompt, the most frequent first, which helps them.
`vote_entropy`, normalised, is one minus the normalised semantic negentropy of uqlm.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.uncertainty_data import Votes
from curate import measure

__all__ = ["PEERS", "PLAIN", "RECOMMENDED", "by_answer", "by_prompt", "first_of_plurality"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PLAIN = ("variation_ratio", "contradiction")
"""The plain share of votes that say otherwise: of a prompt's plurality, and of an answer."""

PEERS = ("crowd-kit OneCoinDawidSkene", "crowd-kit MACE", "crowd-kit GLAD")

RECOMMENDED: Mapping[tuple[str, str], str] = {
    ("members", "answer"): "consensus",
    ("samples", "answer"): "contradiction",
    ("samples", "prompt"): "semantic_entropy",
    ("labels", "answer"): "consensus + doubt_by_group",
}
"""By who answered, several members or one model's samples, and what is asked about: one answer, the
plurality's included, or any of a prompt's; or a set's given labels, held against a committee."""


def by_answer(data: Votes) -> dict[str, Floats]:
    """Return each score of each answer, shape of the votes."""
    return _of_samples(data) if len(data.names) == 1 else _of_members(data)


def by_prompt(data: Votes, answers: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return each score of each item, shape (n_items,).

    Args:
        data: The votes.
        answers: What `by_answer` gave; scores of the plurality's answer stand for the item.
    """
    weights = data.shares
    scores = {
        "variation_ratio": measure.variation_ratio(data.votes, weights=weights),
        "vote_entropy": measure.vote_entropy(data.votes, normalise=True, weights=weights),
        "margin_uncertainty": 1.0 - measure.margin(data.votes, weights=weights),
    }
    if len(data.names) > 1:
        return scores | _of_plurality(data, answers)
    return scores | _of_sampled_prompts(data, answers)


def first_of_plurality(data: Votes) -> Ints:
    """Return a vote for the most frequent answer, the first met of equals, shape (n_items,)."""
    same = data.votes[:, :, None] == data.votes[:, None, :]
    first: Ints = same.sum(axis=2).argmax(axis=1)
    return first


def _of_members(data: Votes) -> dict[str, Floats]:
    votes, members = data.votes, data.members
    shares = np.ones(votes.shape) if data.shares is None else data.shares
    odds = measure.log_odds(measure.reliability(votes, members=members, shares=shares))
    told = measure.consensus(
        votes, members=members, shares=data.shares, n_options=data.n_options
    ).log_odds
    scores = {
        "contradiction": measure.contradiction(votes, members=members),
        "contradiction_weighted": measure.contradiction(
            votes, members=members, weights=shares * odds[members]
        ),
        "vote_entropy": _spread(measure.vote_entropy(votes, weights=shares), votes),
        "consensus": told,
    }
    if data.topics is not None:
        doubt = np.full(votes.shape, np.nan)
        doubt[:, 0] = measure.doubt_by_group(told[:, 0], data.topics)
        scores["consensus + doubt_by_group"] = doubt
    return scores | _peers(data)


def _of_plurality(data: Votes, answers: Mapping[str, Floats]) -> dict[str, Floats]:
    first, items = first_of_plurality(data), np.arange(len(data.votes))
    shares = np.ones(data.votes.shape) if data.shares is None else data.shares
    reliability = measure.reliability(data.votes, members=data.members, shares=shares)
    weights = shares * measure.log_odds(reliability)[data.members]
    return {
        "margin_uncertainty, weighted": 1.0 - measure.margin(data.votes, weights=weights),
        **{name: answers[name][items, first] for name in ("consensus", *PEERS) if name in answers},
    }


def _of_samples(data: Votes) -> dict[str, Floats]:
    votes, members = data.votes, data.members
    return {
        "contradiction": measure.contradiction(votes, members=members),
        "semantic_entropy": _spread(measure.semantic_entropy(votes), votes),
        "lexical outlier": measure.degree_by_answer(_given(data)),
    }


def _of_sampled_prompts(data: Votes, answers: Mapping[str, Floats]) -> dict[str, Floats]:
    against = answers["contradiction"]
    similarity = _given(data)
    return {
        "contradiction": against[np.arange(len(against)), first_of_plurality(data)],
        "mean contradiction": measure.mean_of_answers(against),
        "semantic_entropy": measure.semantic_entropy(data.votes),
        "semantic_entropy, Chao-Shen": measure.semantic_entropy(data.votes, correction="chao_shen"),
        "lexical_dissimilarity": measure.degree(similarity),
        "eigenvalue_sum, ROUGE-L": measure.eigenvalue_sum(similarity),
    }


def _given(data: Votes) -> Floats:
    if data.similarity is None:
        raise ValueError("samples come with the similarity of their texts")
    return data.similarity


def _spread(of_items: Floats, votes: Floats) -> Floats:
    """Give every answer its item's value."""
    return np.where(np.isnan(votes), np.nan, of_items[:, None])


def _peers(data: Votes) -> dict[str, Floats]:
    if find_spec("crowdkit") is None:
        print("crowd-kit: not installed, left out (pip install 'curate-llm[bench]')")
        return {}
    import crowdkit.aggregation as crowd

    models: Mapping[str, Callable[[], Any]] = {
        PEERS[0]: crowd.OneCoinDawidSkene,
        PEERS[1]: lambda: crowd.MACE(random_state=0),
        PEERS[2]: crowd.GLAD,
    }
    return {name: _posterior(model(), data) for name, model in models.items()}


def _posterior(model: Any, data: Votes) -> Floats:
    """Return the probability that a vote is not the true label, shape of the votes."""
    import pandas as pd

    labels = data.votes if data.n_options else _by_frequency(data.votes)
    item, column = np.nonzero(~np.isnan(labels))
    label = labels[item, column].astype(int)
    table = pd.DataFrame({"task": item, "worker": data.members[item, column], "label": label})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(table)
    chances = model.probas_.reindex(range(len(labels))).reindex(columns=range(label.max() + 1))
    wrong = np.full(labels.shape, np.nan)
    wrong[item, column] = 1.0 - chances.fillna(0.0).to_numpy()[item, label]
    return wrong


def _by_frequency(votes: Floats) -> Floats:
    """Number each item's answers, the most frequent 0."""
    ranks = np.full(votes.shape, np.nan)
    for row, out in zip(votes, ranks, strict=True):
        answers, counts = np.unique(row[~np.isnan(row)], return_counts=True)
        for rank, answer in enumerate(answers[np.argsort(-counts, kind="stable")]):
            out[row == answer] = rank
    return ranks
