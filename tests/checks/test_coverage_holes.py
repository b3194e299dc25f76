"""Holes: what is asked and not taught, and the reverse; none where both come from one place."""

import numpy as np
import pytest

from curate.checks import Beside, Context, rows_of
from curate.checks.coverage.holes import MISSING, UNSEEN, holes, usual_nearness

TOPICS = {
    "refund": "please refund my order of {} dollars, the refund is late",
    "flight": "book a flight to gate {} tomorrow morning, window seat",
    "recipe": "give me a recipe for {} cakes with butter and eggs",
}


def asked(topics, n, seed):
    """Prompts on topics, and unit vectors that lie around each topic's own axis."""
    rng = np.random.default_rng(seed)
    texts, vectors = [], []
    for topic in topics:
        axis = list(TOPICS).index(topic)
        x = rng.normal(scale=0.15, size=(n, 12))
        x[:, axis] += 1
        texts += [TOPICS[topic].format(int(k)) for k in rng.integers(1, 99, n)]
        vectors.append(x / np.linalg.norm(x, axis=1, keepdims=True))
    return texts, np.concatenate(vectors).astype(np.float32)


def run(check, training, logs, *, embedded=True):
    (texts, vectors), (others, beside) = training, logs
    context = Context(
        vectors={"asked": vectors} if embedded else {},
        logs=Beside(
            name="logs.jsonl",
            rows=rows_of(others, name="logs.jsonl"),
            vectors={"asked": beside} if embedded else {},
        ),
    )
    return check.run(rows_of(texts), context)


def test_what_logs_ask_and_training_lacks_is_named():
    found = run(MISSING, asked(["refund", "flight"], 120, 0), asked([*TOPICS], 80, 1))
    [finding, *more] = found.findings
    assert {"recipe", "cakes"} & set(finding.message.replace(",", "").split())
    assert all("recipe" in other.message or "cakes" in other.message for other in more)
    assert finding.rows == ()
    assert "cakes" in finding.evidence[0].beside
    assert finding.evidence[0].beside_name.startswith("logs.jsonl:")
    assert sum(cluster["far"] for cluster in found.figures["clusters"]) >= 70


def test_what_training_teaches_and_nobody_asks_is_named_with_its_rows():
    found = run(UNSEEN, asked([*TOPICS], 80, 0), asked(["refund", "flight"], 120, 1))
    rows = {row for finding in found.findings for row in finding.rows}
    assert rows <= set(range(160, 240))
    assert len(rows) >= 70
    assert found.findings[0].severity == "info"


def test_two_lots_of_one_place_have_no_holes():
    for seed in range(5):
        for check in (MISSING, UNSEEN):
            ours, theirs = asked([*TOPICS], 100, seed), asked([*TOPICS], 100, seed + 50)
            assert run(check, ours, theirs).findings == ()


def test_where_nothing_drifted_one_row_in_twenty_is_far():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6_000, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    _, nearest, limit = holes(x[:3_000].astype("f4"), x[3_000:].astype("f4"))
    assert np.mean(nearest < limit) == pytest.approx(0.05, abs=0.02)


def test_without_vectors_words_are_compared():
    found = run(
        MISSING, asked(["refund", "flight"], 60, 0), asked([*TOPICS], 60, 1), embedded=False
    )
    assert found.figures["by"] == "words"
    assert any("recipe" in finding.message for finding in found.findings)
    assert "recipe" in {word["name"] for word in found.figures["words_of_this_side"]}


def test_copies_do_not_make_everything_else_far():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 6))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype("f4")
    assert usual_nearness(np.repeat(x, 5, axis=0)) == pytest.approx(usual_nearness(x), abs=0.05)


def test_a_second_run_says_the_same():
    both = asked(["refund", "flight"], 60, 0), asked([*TOPICS], 60, 1)
    assert run(MISSING, *both) == run(MISSING, *both)


def test_without_logs_it_is_skipped():
    assert "--logs" in MISSING.run(rows_of(["a"]), Context()).skipped
    assert "--logs" in UNSEEN.run(rows_of(["a"]), Context()).skipped


def test_few_prompts_are_said_to_be_few():
    logs = asked(["refund"], 3, 0)
    assert "fewer than ten" in run(MISSING, logs, logs).skipped
    assert "fewer than ten" in run(UNSEEN, ([], np.empty((0, 12), "f4")), logs).skipped
    empty = ([], np.empty((0, 12), "f4"))
    assert "fewer than ten" in run(MISSING, empty, empty, embedded=False).skipped


def test_rows_without_a_vector_are_not_looked_at():
    texts, vectors = asked([*TOPICS], 40, 0)
    vectors[:20] = 0
    assert run(MISSING, (texts, vectors), asked([*TOPICS], 40, 1)).looked_at == 100
