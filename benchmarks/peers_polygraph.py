"""Our uncertainty scores and lm-polygraph's that are the same."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers_inputs import Comparison, Inputs, Score
from curate import measure

__all__ = ["POLYGRAPH"]

Floats = npt.NDArray[np.float64]


def _polygraph(module: str, name: str, **options: Any) -> Callable[..., Any]:
    """Return an estimator of lm-polygraph, called with what it takes of the statistics."""
    found = importlib.import_module(f"lm_polygraph.estimators.{module}")
    estimator: Callable[..., Any] = getattr(found, name)(**options)
    return estimator


def _by_polygraph(module: str, name: str, **options: Any) -> Score:
    """Return a score: the estimator's, of all statistics that any estimator takes."""
    return lambda inputs: _polygraph(module, name, **options)(_statistics(inputs))


def _statistics(inputs: Inputs) -> dict[str, Any]:
    """Return the inputs under lm-polygraph's names; a prompt's first answer is the greedy one."""
    groups = [_classes(row) for row in inputs.groups]
    first = [answers[0] for answers in inputs.tokens]
    neutral = 1.0 - inputs.entailment - inputs.contradiction
    return {
        "sample_log_probs": inputs.sums,
        "sample_tokens": [[list(t) for t in answers] for answers in inputs.tokens],
        "sample_texts": [[str(k) for k in range(len(row))] for row in inputs.groups],
        "semantic_classes_entail": {
            "class_to_sample": dict(enumerate(members for members, _ in groups)),
            "sample_to_class": dict(enumerate(owner for _, owner in groups)),
        },
        "semantic_matrix_entail": inputs.entailment,
        "semantic_matrix_contra": inputs.contradiction,
        "semantic_matrix_entail_logits": np.log(inputs.entailment + 1e-300),
        "semantic_matrix_contra_logits": np.log(inputs.contradiction + 1e-300),
        "greedy_log_likelihoods": first,
        "greedy_sentence_similarity": inputs.near[:, 0, 1:],
        "sample_sentence_similarity": inputs.near,
        "entropy": [-t for t in first],
        "greedy_semantic_matrix_contra_forward": inputs.contradiction[:, 0, 1:],
        "greedy_semantic_matrix_neutral_forward": neutral[:, 0, 1:],
    }


def _classes(row: npt.NDArray[np.int64]) -> tuple[list[list[int]], dict[int, int]]:
    kinds = list(dict.fromkeys(row.tolist()))
    members = [np.flatnonzero(row == kind).tolist() for kind in kinds]
    return members, {j: kinds.index(kind) for j, kind in enumerate(row.tolist())}


def _both_ways(matrix: Floats) -> Floats:
    return (matrix + matrix.transpose(0, 2, 1)) / 2


def _density_by_polygraph(inputs: Inputs) -> npt.ArrayLike:
    """Give the estimator what it says it takes: the greedy answer, and the other samples."""
    rest = {
        "greedy_log_probs": None,
        "sample_log_probs": inputs.sums[:, 1:],
        "sample_tokens": [answers[1:] for answers in inputs.tokens],
        "sample_texts": [[str(k) for k in range(1, len(row))] for row in inputs.groups],
    }
    density = _polygraph("semantic_density", "SemanticDensity", concat_input=False)
    return 1.0 + np.asarray(density({**_statistics(inputs), **rest}))


def _density(inputs: Inputs, *, itself: bool) -> Floats:
    neutral = 1.0 - inputs.entailment - inputs.contradiction
    return measure.semantic_density_uncertainty(
        inputs.contradiction, neutral, inputs.means, itself=itself
    )[:, 0]


def _rouge(inputs: Inputs) -> Floats:
    tokenize = importlib.import_module("rouge_score.tokenize")
    stemmer = importlib.import_module("nltk.stem.porter").PorterStemmer()
    return _words_apart(inputs, lambda text: list(tokenize.tokenize(text, stemmer)))


def _words_apart(inputs: Inputs, split: Callable[[str], list[str]] = measure.words) -> Floats:
    n_prompts, size = len(inputs.texts), len(inputs.texts[0])
    tokens = measure.token_ids((t for texts in inputs.texts for t in texts), split=split)
    rows = np.arange(n_prompts * size).reshape(n_prompts, size)
    return measure.lexical_dissimilarity(tokens, rows)


def _rouge_by_polygraph(inputs: Inputs) -> npt.ArrayLike:
    similar = _polygraph("lexical_similarity", "LexicalSimilarity")
    return 1.0 + np.asarray(similar({"sample_texts": inputs.texts}))


def _rouge_unstemmed(inputs: Inputs) -> npt.ArrayLike:
    estimator: Any = _polygraph("lexical_similarity", "LexicalSimilarity")
    scorer = importlib.import_module("rouge_score.rouge_scorer").RougeScorer
    estimator.scorer = scorer(["rougeL"], use_stemmer=False)
    return 1.0 + np.asarray(estimator({"sample_texts": inputs.texts}))


def _jaccard(inputs: Inputs) -> Floats:
    n_prompts, size = len(inputs.texts), len(inputs.texts[0])
    words = measure.token_ids((t.lower() for texts in inputs.texts for t in texts), split=str.split)
    rows = np.arange(n_prompts * size).reshape(n_prompts, size)
    return measure.degree(measure.jaccard_by_item(words, rows))


def _jaccard_by_polygraph(inputs: Inputs) -> npt.ArrayLike:
    found: npt.ArrayLike = _polygraph("deg_mat", "DegMat", similarity_score="Jaccard_score")(
        {"sample_texts": inputs.texts}
    )
    return found


POLYGRAPH = [
    Comparison(ours=ours, peer="lm-polygraph", name=name, our_score=a, peer_score=b, note=note)
    for ours, name, a, b, note in (
        (
            "predictive_entropy",
            "MonteCarloSequenceEntropy",
            lambda i: measure.predictive_entropy(i.sums),
            _by_polygraph("monte_carlo_sequence_entropy", "MonteCarloSequenceEntropy"),
            "",
        ),
        (
            "length_normalised_entropy",
            "MonteCarloNormalizedSequenceEntropy",
            lambda i: measure.length_normalised_entropy(i.means),
            _by_polygraph(
                "monte_carlo_normalized_sequence_entropy", "MonteCarloNormalizedSequenceEntropy"
            ),
            "",
        ),
        (
            "ln perplexity",
            "Perplexity",
            lambda i: np.log(measure.perplexity(i.means[:, 0])),
            _by_polygraph("perplexity", "Perplexity"),
            "theirs is the logarithm",
        ),
        (
            "semantic_entropy",
            "SemanticEntropy(frequency)",
            lambda i: measure.semantic_entropy(i.groups),
            _by_polygraph(
                "semantic_entropy", "SemanticEntropy", class_probability_estimation="frequency"
            ),
            "",
        ),
        (
            "semantic_entropy_mean",
            "SemanticEntropy",
            lambda i: measure.semantic_entropy_mean(i.groups, i.sums),
            _by_polygraph("semantic_entropy", "SemanticEntropy"),
            "not Rao's: see semantic_entropy_rao beside uqlm",
        ),
        (
            "variation_ratio",
            "LabelProb",
            lambda i: measure.variation_ratio(i.groups),
            _by_polygraph("label_prob", "LabelProb"),
            "",
        ),
        (
            "degree",
            "DegMat",
            lambda i: measure.degree(i.entailment),
            _by_polygraph("deg_mat", "DegMat"),
            "",
        ),
        (
            "eigenvalue_sum",
            "EigValLaplacian",
            lambda i: measure.eigenvalue_sum(i.entailment),
            _by_polygraph("eig_val_laplacian", "EigValLaplacian"),
            "",
        ),
        (
            "eccentricity",
            "Eccentricity",
            lambda i: measure.eccentricity(i.entailment),
            _by_polygraph("eccentricity", "Eccentricity"),
            "their values by answer are values by eigenvector, ours are the paper's",
        ),
        (
            "kernel_language_entropy",
            "KernelLanguageEntropy",
            lambda i: measure.kernel_language_entropy(
                measure.entailment_weights(i.entailment, i.contradiction), normalise=True
            ),
            _by_polygraph("kernel_language_entropy", "KernelLanguageEntropy"),
            "",
        ),
        (
            "lexical_dissimilarity",
            "LexicalSimilarity_rougeL + 1",
            _rouge,
            _rouge_by_polygraph,
            "ours with rouge_score's stemmed tokens",
        ),
        (
            "lexical_dissimilarity",
            "LexicalSimilarity_rougeL + 1 unstemmed",
            _words_apart,
            _rouge_unstemmed,
            "ours with its own words; equal on ASCII",
        ),
        ("degree of jaccard_by_item", "DegMat_Jaccard", _jaccard, _jaccard_by_polygraph, ""),
        (
            "cocoa_msp",
            "CocoaMSP",
            lambda i: measure.cocoa_msp(i.sums, i.near)[:, 0],
            _by_polygraph("cocoa", "CocoaMSP"),
            "",
        ),
        (
            "cocoa_ppl",
            "CocoaPPL",
            lambda i: measure.cocoa_ppl(i.means, i.near)[:, 0],
            _by_polygraph("cocoa", "CocoaPPL"),
            "",
        ),
        (
            "cocoa_mte",
            "CocoaMTE",
            lambda i: measure.cocoa_mte(-i.means, i.near)[:, 0],
            _by_polygraph("cocoa", "CocoaMTE"),
            "",
        ),
        (
            "sentence_sar",
            "SentenceSAR",
            lambda i: measure.sentence_sar(i.sums, i.near),
            _by_polygraph("sentence_sar", "SentenceSAR"),
            "",
        ),
        (
            "luq_by_answer, mean",
            "LUQ",
            lambda i: measure.mean_of_answers(measure.luq_by_answer(i.entailment, i.contradiction)),
            _by_polygraph("luq", "LUQ"),
            "",
        ),
        (
            "semantic_density_uncertainty(itself)",
            "SemanticDensity + 1",
            lambda i: _density(i, itself=True),
            _density_by_polygraph,
            "",
        ),
    )
]
