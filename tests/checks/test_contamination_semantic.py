"""Benchmark questions asked in other words: near vectors, borne out by words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Beside, Context, Found, rows_of
from curate.checks.contamination.semantic import nearest_items, reworded, shared_words
from curate.measure import unit

CHECK = CHECKS.get("semantic-contamination")
ITEMS = ["Which planet of the solar system has the most moons?", "Who painted the Guernica mural?"]
REWORDED = "Of all planets in the solar system, the most moons circle which?"
TOPIC = "Tell me how astronomers weigh comets."
Vectors = npt.NDArray[np.float32]


def toward(*angles: float) -> Vectors:
    return np.array([(np.cos(a), np.sin(a)) for a in angles], np.float32)


def run(texts: list[str], near: Vectors, **context: object) -> Found:
    bench = Beside(name="b", rows=rows_of(ITEMS, name="b"), vectors={"asked": toward(0.0, 1.5)})
    given = {"benchmarks": (bench,), "vectors": {"asked": near}} | context
    return CHECK.run(rows_of(texts), Context(**given))  # type: ignore[arg-type]


def test_a_question_in_other_words_is_found_and_mere_likeness_is_not() -> None:
    # cosines to the first item: cos .3 = .955, cos .2 = .980, the latter without a common word
    found = run([REWORDED, TOPIC], toward(0.3, 0.2))
    [finding] = found.findings
    assert finding.rows == (0,)
    assert finding.score == pytest.approx(np.cos(0.3))
    assert finding.message.startswith("1 row asks the question of b:1 in other words (cosine 0.96)")


def test_evidence_marks_the_words_that_both_have() -> None:
    [finding] = run([REWORDED], toward(0.3)).findings
    [evidence] = finding.evidence
    held = [REWORDED[a:b] for a, b in evidence.spans]
    assert "in the solar system, the most moons" not in held
    assert "the solar system, the most moons" in held
    beside = [evidence.beside[a:b] for a, b in evidence.beside_spans]
    assert beside == ["Which", "of the solar system", "the most moons"]


def test_what_the_text_match_finds_is_left_out() -> None:
    found = run([ITEMS[0].upper(), REWORDED], toward(0.0, 0.3))
    assert [f.rows for f in found.findings] == [(1,)]
    assert found.figures == {"found_as_text": 1}


def test_rows_that_ask_the_same_item_are_one_finding() -> None:
    [finding] = run([REWORDED, REWORDED + " Please."], toward(0.3, 0.2)).findings
    assert finding.rows == (0, 1)
    assert [e.row for e in finding.evidence] == [1, 0]


def test_each_others_nearest_may_share_fewer_words() -> None:
    # of the item's five words, two stand in the text: .4, less than .6 and more than .3
    item, text = "alpha beta gamma delta epsilon", "alpha beta zeta eta theta"
    vectors, other = toward(0.2, 0.1), toward(0.0)
    assert reworded([text], vectors[:1], [item], other).rows.tolist() == [0]
    assert reworded([text, item], vectors, [item], other).rows.tolist() == [1]


def test_rows_without_text_are_not_looked_at() -> None:
    found = run([REWORDED, ""], np.concatenate([toward(0.3), np.zeros((1, 2), np.float32)]))
    assert found.looked_at == 1


@pytest.mark.parametrize("missing", [{"vectors": {}}, {"benchmarks": ()}])
def test_what_is_missing_is_said(missing: dict[str, object]) -> None:
    found = run([REWORDED], toward(0.3), **missing)
    assert found.skipped
    assert not found.findings


def test_of_benchmarks_without_rows_nothing_is_found() -> None:
    empty = Beside(name="e", rows=rows_of([]), vectors={"asked": np.empty((0, 2), np.float32)})
    found = run([REWORDED], toward(0.3), benchmarks=(empty,))
    assert found.findings == ()


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 15))
@settings(deadline=None, max_examples=30)
def test_nearest_items_are_those_of_all_cosines(seed: int, n: int, n_items: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(n, 5)).astype(np.float32))
    items = unit(rng.normal(size=(n_items, 5)).astype(np.float32))
    nearest, cosines, best = nearest_items(vectors, items)
    every = vectors @ items.T
    np.testing.assert_allclose(cosines, every.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(every[np.arange(n), nearest], every.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(every[best, np.arange(n_items)], every.max(axis=0), atol=1e-6)


def test_shared_words_are_weighted_by_how_few_items_have_them() -> None:
    import pyarrow as pa

    # "red" stands in both items, ln(3 / 2.5) = .182; "fox" and "hen" in one, ln(3 / 1.5) = .693
    items = pa.array(["red fox", "red hen"], pa.large_string())
    texts = pa.array(["a RED kite", "the fox!"], pa.large_string())
    shares = shared_words(texts, items, np.array([0, 1]), np.array([0, 0]))
    np.testing.assert_allclose(shares, [0.1823 / 0.8755, 0.6931 / 0.8755], atol=1e-4)
