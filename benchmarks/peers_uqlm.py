"""Our uncertainty scores and uqlm's that are the same."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers_inputs import Comparison, Inputs
from curate import measure

__all__ = ["UQLM"]

Floats = npt.NDArray[np.float64]


def _entropies(inputs: Inputs, *, by_probability: bool) -> list[float]:
    """Return uqlm's semantic entropies: of counts, or of length-normalised probabilities."""
    uqlm = importlib.import_module("uqlm.nli.entropy_utils")
    entropies = []
    for row, answers in zip(inputs.groups, _logprobs(inputs), strict=True):
        likely, even = uqlm.compute_response_probabilities(answers, len(answers))
        clusters = [np.flatnonzero(row == kind).tolist() for kind in np.unique(row)]
        shares = uqlm.compute_cluster_probabilities(likely if by_probability else even, clusters)
        entropies.append(uqlm.compute_semantic_entropy(shares))
    return entropies


def _normalised(inputs: Inputs) -> npt.ArrayLike:
    """Return 1 - NSN; uqlm counts the samples besides the first answer."""
    uqlm = importlib.import_module("uqlm.nli.entropy_utils")
    further = inputs.groups.shape[1] - 1
    found: npt.ArrayLike = uqlm.normalize_entropy(
        _entropies(inputs, by_probability=False), num_responses=further
    )
    return found


def _logprobs(inputs: Inputs) -> list[list[list[dict[str, float]]]]:
    """Return token log-probabilities in uqlm's shape."""
    return [[[{"logprob": x} for x in t] for t in answers] for answers in inputs.tokens]


def _improbability(inputs: Inputs) -> npt.ArrayLike:
    scorer = importlib.import_module("uqlm.white_box.single_logprobs").SingleLogprobsScorer()
    flat = [answer for answers in _logprobs(inputs) for answer in answers]
    found = np.asarray(scorer.evaluate(flat)["sequence_probability"])
    return 1.0 - found.reshape(inputs.groups.shape)


def _token_entropy(inputs: Inputs) -> npt.ArrayLike:
    scorer = importlib.import_module("uqlm.white_box.top_logprobs").TopLogprobsScorer()
    return [scorer._entropy_from_logprobs(logs) for logs in _whole_lists(inputs)]


def _whole_lists(inputs: Inputs) -> Floats:
    """Return log-probabilities of all tokens there are: where none is left over, all agree."""
    p: Floats = np.exp(inputs.means)
    return np.asarray(np.log(p / p.sum(axis=1, keepdims=True)))


def _keys(inputs: Inputs) -> list[list[str]]:
    n_prompts, size = inputs.groups.shape
    return [[f"{i} {j}" for j in range(size)] for i in range(n_prompts)]


def _consistency(inputs: Inputs) -> npt.ArrayLike:
    """Run uqlm's scorer with vectors that are given in place of an encoder's."""
    keys = _keys(inputs)
    flat = inputs.vectors.reshape(-1, inputs.vectors.shape[2])
    vectors = dict(zip((key for row in keys for key in row), flat, strict=True))
    cosines = importlib.import_module("uqlm.black_box.cosine").CosineScorer
    cosine = cosines.__new__(cosines)
    cosine.max_length = 2000
    cosine.model = SimpleNamespace(encode=lambda texts: np.stack([vectors[t] for t in texts]))
    scorer = importlib.import_module("uqlm.white_box.sampled_logprobs").SampledLogprobsScorer()
    scorer._cosine_scorer = cosine
    found = scorer.compute_consistency_confidence(
        [row[0] for row in keys], [row[1:] for row in keys], [a[0] for a in _logprobs(inputs)]
    )
    return 1.0 - np.asarray(found)


def _cocoa(inputs: Inputs) -> Floats:
    long = inputs.vectors / np.linalg.norm(inputs.vectors, axis=2, keepdims=True)
    return measure.cocoa_uqlm(inputs.means, long @ long.transpose(0, 2, 1))[:, 0]


def _density(inputs: Inputs) -> npt.ArrayLike:
    module = importlib.import_module("uqlm.scorers.shortform.density")
    found = []
    for i, (keys, logs) in enumerate(zip(_keys(inputs), _logprobs(inputs), strict=True)):
        pairs = {(f"?\n{keys[0]}", f"?\n{key}"): _nli(inputs, i, j) for j, key in enumerate(keys)}
        order = ["contradiction", "neutral", "entailment"]
        nli = SimpleNamespace(probabilities=pairs, label_mapping=order)
        scorer = SimpleNamespace(verbose=False, length_normalize=True, nli=nli)
        process = module.SemanticDensity._semantic_density_process
        found.append(process(scorer, "?", keys[0], keys[1:], i, logs[1:])[0])
    return 1.0 - np.array(found)


def _nli(inputs: Inputs, prompt: int, sample: int) -> Floats:
    """Return contradiction, neutral and entailment of the first answer with a sample, (1, 3)."""
    e, c = inputs.entailment[prompt, 0, sample], inputs.contradiction[prompt, 0, sample]
    return np.array([[c, 1 - e - c, e]])


def _our_density(inputs: Inputs) -> Floats:
    neutral = 1.0 - inputs.entailment - inputs.contradiction
    found = measure.semantic_density_uncertainty(inputs.contradiction, neutral, inputs.means)
    return found[:, 0]


def _contrasted(inputs: Inputs) -> npt.ArrayLike:
    """Run uqlm's claim scorer: the first answer as one claim, each further one as a sample."""
    module = importlib.import_module("uqlm.longform.luq.baseclass.claims_scorer")
    nothing: dict[str, Any] = {"__init__": lambda self: None, "evaluate": lambda self: None}
    scorer = type("Scorer", (module.ClaimScorer,), nothing)()
    n_prompts, size = inputs.groups.shape
    scorer.nli = SimpleNamespace(predict=lambda hypothesis, premise: _nli(inputs, *premise))
    return [
        1.0 - np.mean([_claim(scorer, (i, j)) for j in range(1, size)]) for i in range(n_prompts)
    ]


def _claim(scorer: Any, sample: tuple[int, int]) -> float:
    return float(scorer._get_nli_agreement_scores("", sample)[2][0])


def _p_true(inputs: Inputs) -> npt.ArrayLike:
    scorer = importlib.import_module("uqlm.white_box.p_true").PTrueScorer
    extract = scorer._extract_ptrue_from_logprobs_result
    said = [
        ("True", x) if x > np.log(0.5) else ("False", np.log1p(-np.exp(x))) for x in _yes(inputs)
    ]
    return [extract([{"token": token, "logprob": log}]) for token, log in said]


def _yes(inputs: Inputs) -> Floats:
    return inputs.means[:, 0] - 1e-3


def _exact_match(inputs: Inputs) -> npt.ArrayLike:
    scorer = importlib.import_module("uqlm.black_box.match").MatchScorer()
    texts = [[str(kind) for kind in row] for row in inputs.groups]
    found = scorer.evaluate([row[0] for row in texts], [row[1:] for row in texts])
    return 1.0 - np.asarray(found)


UQLM = [
    Comparison(ours=ours, peer="uqlm", name=name, our_score=a, peer_score=b, note=note)
    for ours, name, a, b, note in (
        (
            "semantic_entropy",
            "discrete semantic entropy",
            lambda i: measure.semantic_entropy(i.groups),
            lambda i: _entropies(i, by_probability=False),
            "",
        ),
        (
            "semantic_entropy(normalise)",
            "1 - NSN",
            lambda i: measure.semantic_entropy(i.groups, normalise=True),
            _normalised,
            "",
        ),
        (
            "semantic_entropy_rao",
            "token-probability semantic entropy",
            lambda i: measure.semantic_entropy_rao(i.groups, i.means),
            lambda i: _entropies(i, by_probability=True),
            "",
        ),
        (
            "perplexity(normalise)",
            "1 - sequence_probability",
            lambda i: measure.perplexity(i.means, normalise=True),
            _improbability,
            "",
        ),
        (
            "token_entropy",
            "token entropy",
            lambda i: measure.token_entropy(_whole_lists(i)),
            _token_entropy,
            "of whole lists; uqlm scales a cut one up to 1, ours keeps the rest as one token",
        ),
        (
            "contradiction, first answer",
            "1 - exact_match",
            lambda i: measure.contradiction(i.groups)[:, 0],
            _exact_match,
            "",
        ),
        ("cocoa_uqlm", "1 - consistency_and_confidence", _cocoa, _consistency, ""),
        ("semantic_density_uncertainty", "1 - semantic_density", _our_density, _density, ""),
        (
            "selfcheck_nli",
            "1 - contrasted entailment",
            lambda i: measure.selfcheck_nli(i.entailment[:, 0, 1:], i.contradiction[:, 0, 1:]),
            _contrasted,
            "SelfCheck-NLI of one sentence = LUQ's contrast",
        ),
        (
            "p_true",
            "p_true",
            lambda i: measure.p_true(_yes(i), np.log1p(-np.exp(_yes(i)))),
            _p_true,
            "where the two options hold all probability",
        ),
    )
]
