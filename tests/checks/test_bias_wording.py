"""Wording bias: a planted phrase is found, length is not, and chance gives no alarm."""

import numpy as np
import pytest

from curate.checks import Context, rows_of
from curate.checks.bias.wording import CHECK, word_only_scores, word_traces

WORDS = "river stone cloud tree light water house garden paper window street music".split()


def drawn(n, seed, length=8):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, length)) for _ in range(n)]


def prompts(n):
    return [f"prompt {i}" for i in range(n)]


def test_a_phrase_that_gives_the_chosen_answer_away_is_told():
    chosen = [f"indeed {text}" if i % 4 else text for i, text in enumerate(drawn(200, 0))]
    found = CHECK.run(rows_of(prompts(200), chosen, drawn(200, 1)), Context())
    [finding] = found.findings
    assert "'indeed' in chosen answers" in finding.message
    assert finding.evidence[0].field == "answer"
    assert finding.evidence[0].spans == ((0, 6),)
    assert found.figures["words_of_chosen"][0]["name"] == "indeed"
    assert found.figures["words_of_chosen"][0]["won"] == 150
    assert found.figures["words_of_rejected"] == []


def test_a_phrase_of_rejected_answers_is_told_too():
    rejected = [f"sorry {text}" for text in drawn(200, 0)]
    found = CHECK.run(rows_of(prompts(200), drawn(200, 1), rejected), Context())
    assert "'sorry' in rejected answers" in found.findings[0].message
    assert found.findings[0].evidence[0].field == "rejected"


def test_words_by_lot_give_no_finding():
    alarms = 0
    for seed in range(20):
        rows = rows_of(prompts(150), drawn(150, seed), drawn(150, seed + 99))
        alarms += len(CHECK.run(rows, Context()).findings)
    assert alarms == 0


def test_longer_answers_alone_leave_no_trace_of_single_words():
    rng = np.random.default_rng(0)
    long = [" ".join(rng.choice(WORDS, int(k))) for k in rng.integers(6, 20, 300)]
    traces = word_traces(long, drawn(300, 1, length=4), np.arange(300))
    assert all(trace.p_value > 0.01 for trace in traces)


def test_a_word_counts_once_a_prompt():
    # 30 prompts of ten pairs each: the word wins on all 30, another, on the other side, loses
    pairs = np.repeat(np.arange(30), 10)
    traces = word_traces(["aye"] * 300, ["nay"] * 300, pairs)
    assert {(t.word, t.won, t.lost) for t in traces} == {("aye", 30, 0), ("nay", 0, 30)}
    # p = 30 / 60: z = (30 - 15) / sqrt(30 / 4)
    assert traces[0].z == pytest.approx(15 / np.sqrt(7.5))


def test_swapping_sides_turns_every_trace_round():
    a, b = drawn(200, 0), [f"hm {text}" for text in drawn(200, 1)]
    there, back = word_traces(a, b, np.arange(200)), word_traces(b, a, np.arange(200))
    assert {t.word: t.z for t in back} == pytest.approx({t.word: -t.z for t in there})


def test_held_out_prompts_are_not_learned_from():
    # each prompt has a word of its own in the chosen answer: nothing carries over
    chosen = [f"word{i // 10}" for i in range(200)]
    scores = word_only_scores(chosen, ["other"] * 200, np.arange(200) // 10 % 5)
    assert np.sign(scores).min() >= 0
    lone = word_only_scores(chosen, [f"nope{i // 10}" for i in range(200)], np.arange(200) // 40)
    assert (lone == 0).all()


def test_texts_without_a_word_are_survived():
    rows = rows_of(prompts(120), ["!"] * 120, ["?"] * 120)
    assert CHECK.run(rows, Context()).figures["words_only_accuracy"]["value"] == 0.5


def test_few_preferences_are_said_to_be_few():
    assert "too few" in CHECK.run(rows_of(["p"], ["a"], ["b"]), Context()).skipped
    assert "no preferences" in CHECK.run(rows_of(["p"], ["a"]), Context()).skipped
