"""What holds of every check of bias, coverage and provenance, whatever the rows are."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Beside, Context, rows_of
from curate.files import without_nan

NAMES = (
    *("length-bias", "position-bias", "style-bias", "wording-bias", "source-imbalance"),
    *("annotator-bias", "missing-from-training", "missing-from-logs", "drift", "effective-size"),
    *("class-balance", "provenance", "manifest"),
)
text = st.one_of(st.none(), st.sampled_from(["", " ", "a", "b", "1. x\n2. y", "**é** 東京 🎉"]))
votes = st.sampled_from([None, '[["ann", "a"], ["bob", "b"]]', '[["ann", "tie"]]', "{}"])
said = st.sampled_from([None, "{}", '{"winner": "a"}', '{"winner": "b"}', '{"winner": 1}'])
row = st.tuples(text, text, text, votes, said, text, text)


def rows_from(cells):
    """Rows of every kind: of no prompt, of no answer, of two that are alike."""
    columns = [list(column) for column in zip(*cells, strict=True)] if cells else [[]] * 7
    prompts, answers, rejected, voted, metadata, one, other = columns
    rows = rows_of(
        [prompt or "" for prompt in prompts],
        answers,
        rejected,
        votes=voted,
        metadata=metadata,
        **{name: one for name in ("model", "source", "annotator", "split")},
        **{name: other for name in ("label", "license", "rejected_model", "group")},
    )
    asked = pa.array(prompts, pa.large_string())
    return replace(rows, prompt=asked, asked=asked)


def context_of(rows, *, embedded):
    rng = np.random.default_rng(0)
    vectors = {}
    for name in ("asked", "answer", "rejected") if embedded else ():
        x = rng.normal(size=(len(rows), 5)).astype("f4")
        x[~getattr(rows, name).is_valid().to_numpy(zero_copy_only=False)] = 0
        vectors[name] = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    beside = Beside(name="other.jsonl", rows=rows, vectors=vectors)
    return Context(vectors=vectors, logs=beside, before=beside)


def check_found(name, found, n_rows):
    assert found.check == name
    assert found.skipped or 0 <= found.looked_at <= n_rows
    assert not (found.skipped and found.findings)
    assert json.dumps(without_nan(found.figures), allow_nan=False)
    for finding in found.findings:
        assert finding.check == name
        assert all(type(n) is int and 0 <= n < n_rows for n in finding.rows)
        assert list(finding.rows) == sorted(set(finding.rows))
        assert not np.isinf(finding.score)


@settings(max_examples=40, deadline=None)
@given(st.lists(row, max_size=14), st.booleans(), st.integers(1, 12))
def test_any_rows_are_survived(cells, embedded, times):
    rows = rows_from(cells * times)
    context = context_of(rows, embedded=embedded)
    for name in NAMES:
        check_found(name, CHECKS.get(name).run(rows, context), len(rows))


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_are_skipped_with_a_sentence(name):
    found = CHECKS.get(name).run(rows_from([]), Context())
    assert found.skipped
    assert found.findings == ()


@pytest.mark.parametrize("name", NAMES)
def test_its_name_is_the_one_it_is_registered_by(name):
    check = CHECKS.get(name)
    assert check.name == name
    assert not check.fixes
    assert check.about.endswith(".")
    assert bool(check.means) == (not np.isnan(check.threshold))


def test_spans_lie_in_the_texts_that_they_are_of():
    rows = rows_of(
        [f"p{i}" for i in range(120)],
        [f"Great question! Indeed {i} 🎉" for i in range(120)],
        [f"{'No, as I said before ' * (i % 3)}{i}" for i in range(120)],
    )
    for name in ("style-bias", "wording-bias"):
        found = CHECKS.get(name).run(rows, Context())
        assert found.findings
        for evidence in (e for finding in found.findings for e in finding.evidence):
            shown = {"answer": rows.answer, "rejected": rows.rejected}[evidence.field]
            length = len(shown[evidence.row].as_py())
            assert evidence.spans
            assert all(0 <= start < end <= length for start, end in evidence.spans)
