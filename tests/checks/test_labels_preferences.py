import json

import numpy as np
import pyarrow as pa
import pytest

from curate.checks import CHECKS, Context, rows_of
from curate.checks.labels.features import answer_columns, pair_features, principal_axes
from curate.checks.labels.preferences import CHECK, doubtful_preferences
from curate.measure.similarity import unit


def preferred(n=300, flips=30, seed=0, swap=False):
    """Preferences for what lies along one axis, some the wrong way round."""
    rng = np.random.default_rng(seed)
    a, b = unit(rng.normal(size=(n, 12))), unit(rng.normal(size=(n, 12)))
    won = (a[:, 0] > b[:, 0])[:, None]
    good, bad = np.where(won, a, b), np.where(won, b, a)
    flip = np.zeros(n, bool)
    flip[:flips] = True
    chosen, rejected = np.where(flip[:, None], bad, good), np.where(flip[:, None], good, bad)
    rows = rows_of(
        [f"prompt {k // 3}" for k in range(n)],
        [f"answer {k:04d} a" for k in range(n)],
        [f"answer {k:04d} b" for k in range(n)],
    )
    return rows, Context(vectors={"answer": chosen, "rejected": rejected}), flip


def voted(votes):
    texts = [
        json.dumps([[f"w{k}", v] for k, v in enumerate(row)]) if row else None for row in votes
    ]
    n = len(votes)
    return rows_of(["q"] * n, [f"a{k}" for k in range(n)], [f"b{k}" for k in range(n)], votes=texts)


def test_the_check_stands_in_the_catalogue():
    assert CHECKS.get("doubtful-preferences") is CHECK


def test_turned_preferences_are_found():
    rows, context, flip = preferred()
    found = CHECK.run(rows, context)
    rows_found = [finding.rows[0] for finding in found.findings]
    assert np.mean(flip[rows_found]) > 0.7
    assert len(rows_found) > 10
    assert found.looked_at == 300 and found.figures["foretold"]["low"] > 0.5
    scores = [finding.score for finding in found.findings]
    assert scores == sorted(scores, reverse=True)


def test_the_order_of_rows_does_not_matter():
    rows, context, _ = preferred(n=90, flips=9)
    order = np.random.default_rng(3).permutation(len(rows)).astype(np.int64)
    turned = Context(vectors={k: v[order] for k, v in context.vectors.items()})
    before, after = (
        doubtful_preferences(rows, context),
        doubtful_preferences(rows.take(order), turned),
    )
    np.testing.assert_allclose(after, before[order], atol=1e-3)


def test_where_nothing_can_be_learned_nothing_is_held_against_any():
    rng = np.random.default_rng(0)
    rows, _, _ = preferred(n=120)
    noise = {k: unit(rng.normal(size=(120, 4))) for k in ("answer", "rejected")}
    found = CHECK.run(rows, Context(vectors=noise))
    assert "no better than chance" in found.skipped and not found.findings


def test_without_vectors_and_votes_it_is_skipped_with_what_to_do():
    rows, _, _ = preferred(n=60)
    assert "run without --no-embed" in CHECK.run(rows, Context()).skipped
    assert np.isnan(doubtful_preferences(rows, Context())).all()
    assert CHECK.run(rows_of([]), Context()).skipped
    assert "rejected" in CHECK.run(rows_of(["q"], ["a"]), Context()).skipped


def test_few_preferences_are_too_few_to_learn_from():
    rows, context, _ = preferred(n=30, flips=3)
    assert "too few" in CHECK.run(rows, context).skipped


def test_votes_alone_are_enough():
    rows = voted([*[["a", "a", "tie"]] * 20, ["b", "b", "b"], None, ["tie", "tie", "tie"]])
    odds = doubtful_preferences(rows, Context())
    assert odds[20] > 0 > odds[0]
    assert np.isnan(odds[21:]).all()
    found = CHECK.run(rows, Context())
    assert [finding.rows for finding in found.findings] == [(20,)]
    assert "the votes with" in found.findings[0].message
    assert found.looked_at == 21


def test_an_annotator_whose_preferences_are_mostly_contradicted_is_told():
    rows, context, flip = preferred(n=300, flips=60)
    names = pa.array(["odd" if f else "plain" for f in flip])
    told = rows_of(
        rows.prompt.to_pylist(),
        rows.answer.to_pylist(),
        rows.rejected.to_pylist(),
        annotator=names.to_pylist(),
    )
    worst = CHECK.run(told, context).figures["annotators"][0]
    assert worst["annotator"] == "odd" and worst["rows"] == 60
    assert (
        doubtful_preferences(told, context)[flip].mean()
        > doubtful_preferences(rows, context)[flip].mean()
    )


def test_columns_count_what_they_say():
    # "No. 7": 5 characters, 2 words, 1 digit, 1 capital, 1 mark, no line, no list, 1 negation
    row = answer_columns(pa.array(["No. 7"], pa.large_string()))[0]
    assert row[0] == pytest.approx(np.log(6))
    np.testing.assert_allclose(row[2:], np.array([2, 1, 1, 1, 0, 0, 1]) / 5)


def test_axes_keep_the_mean_square_and_the_distances():
    rng = np.random.default_rng(0)
    a, b = unit(rng.normal(size=(50, 6))), unit(rng.normal(size=(50, 6)))
    first, second = principal_axes((a, b))
    assert np.mean((np.concatenate([first, second]) ** 2).sum(axis=1)) == pytest.approx(8, rel=1e-4)
    ratio = np.linalg.norm(first - second, axis=1) / np.linalg.norm(a - b, axis=1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_answers_that_are_the_same_have_the_same_features():
    same = np.tile(unit(np.ones((1, 4))), (3, 1))
    texts = pa.array(["x"] * 3, pa.large_string())
    first, second = pair_features((same, same), (texts, texts), None)
    np.testing.assert_array_equal(first, second)
