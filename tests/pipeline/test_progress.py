"""Rounds answered by plain functions, and what is said of them."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest

from curate.pipeline import stream
from curate.pipeline.foretold import known_wrong
from curate.pipeline.history import history, lift, pool_mean, remaining
from curate.pipeline.progress import facts_of, last_said, progress
from curate.pipeline.progress_page import shown_progress
from curate.pipeline.segments import win_rates
from curate.project import Project
from curate.records import RECORDS, VERDICTS
from curate.report import Page, render
from tests.pipeline.answered_rounds import (
    answer,
    answered_round,
    honest,
    number_of,
    scored_project,
)

N = 400
SELECT = "select: {budget: {items: 50}, random_share: 0.4, near_identical: 1.0, MORE}\n"
NO_SPLITS = "test_share: 0, calibration_share: 0"


def config(more=NO_SPLITS):
    return SELECT.replace("MORE", more)


def wrong(i):
    return (7919 * i) % 4 == 0


def telling_need():
    """A need that is higher, on the whole, where an answer is wrong."""
    luck = np.random.default_rng(3).random(N)
    return np.array([0.35 * wrong(i) + 0.6 * luck[i] for i in range(N)])


@pytest.fixture
def answered(tmp_path):
    """Two closed rounds of fifty, twenty of each by lot."""
    project = scored_project(tmp_path, config(), n=N, wrong=wrong, need=telling_need())
    for _ in range(2):
        answered_round(project, honest(wrong))
    return project


def useful_of(past, number, part):
    asked = past.rounds[number]
    return asked.useful[asked.of_part(part)]


def test_the_pool_is_estimated_from_both_rounds_by_hand(answered):
    past = history(answered)
    first, second = (useful_of(past, n, "random").mean() for n in (0, 1))
    known = float(past.rounds[0].useful.sum())
    # round 1 drew 20 of 400; round 2 drew 20 of the 350 left
    later = (known + 350 * second) / 400
    worth = [20 / (1 - 20 / 400), 20 / (1 - 20 / 350) / (350 / 400) ** 2]
    expected = (worth[0] * first + worth[1] * later) / sum(worth)
    found = pool_mean(past, past.useful)
    assert found.mean.value == pytest.approx(expected)
    assert found.mean.low < np.mean([wrong(i) for i in range(N)]) < found.mean.high
    assert (found.rows, found.unseen) == (400, 0)
    left, n_left = remaining(past, found)
    assert n_left == 300
    total = known + past.rounds[1].useful.sum()
    assert left.value == pytest.approx((400 * expected - total) / 300)


def test_what_was_chosen_is_held_against_what_chance_found(answered):
    past = history(answered)
    found = lift(past.rounds)
    chosen = np.concatenate([useful_of(past, n, "active") for n in (0, 1)])
    chance = np.mean([useful_of(past, n, "random").mean() for n in (0, 1)])
    assert found.times.value == pytest.approx(chosen.mean() / chance)
    assert found.times.low > 1
    said = progress(answered).notes
    assert said[0] == (
        f"selection found {found.times.value:.1f} times [{found.times.low:.1f}, "
        f"{found.times.high:.1f}] what chance would have found"
    )


def test_a_need_that_tells_nothing_is_no_better_than_random(tmp_path):
    need = np.random.default_rng(1).random(N)
    project = scored_project(tmp_path, config(), n=N, wrong=wrong, need=need)
    answered_round(project, honest(wrong))
    assert progress(project).notes[0].startswith("no better than random, as far as 20 answers")


def test_where_nothing_is_found_nothing_is_compared(tmp_path):
    project = scored_project(tmp_path, config(), n=N)
    answered_round(project, lambda item: {"quality": "good"})
    assert progress(project).notes[0] == "neither choosing nor chance found anything useful so far"


def test_nothing_found_by_lot_leaves_the_upper_end_open(tmp_path):
    project = scored_project(tmp_path, config(), n=N)
    answered_round(project, lambda item: None, settle=False, close=False)
    round_ = project.rounds()[0]
    queue = round_.queue()
    chosen = dict(zip(queue["item_id"].to_pylist(), queue["part"].to_pylist(), strict=True))
    answers = {True: {"quality": "rewritten", "rewrite": "better"}, False: {"quality": "good"}}
    answered_round(project, lambda item: answers[chosen[item.id] == "active"], close=False)
    said = progress(project)
    assert said.notes[0].startswith("chance found nothing useful in 20 answers; selection found at")
    assert said.data["facts"]["rounds"][0]["lift"]["high"] is None
    assert shown_progress(project).rounds[0].lift.high == math.inf


def test_too_few_answers_cannot_tell_and_say_so(tmp_path):
    few = "select: {budget: {items: 20}, near_identical: 1.0}\n"
    project = scored_project(tmp_path, few, n=N, wrong=wrong)
    answered_round(project, honest(wrong))
    said = progress(project)
    assert said.counts["advice"] == "cannot tell"
    assert "20 answers are too few to tell; 50 are needed" in said.notes[-1]


def test_a_pool_without_any_wrong_answer_left_stops(tmp_path):
    everything = config(NO_SPLITS).replace("items: 50", "items: 150")
    needy = np.array([float(wrong(i)) + i / 1000 for i in range(N)])
    project = scored_project(tmp_path, everything, n=N, wrong=wrong, need=needy)
    for _ in range(2):
        answered_round(project, honest(wrong))
    facts = progress(project).data["facts"]
    left = facts["overall"]["remaining"]
    assert left["rows"] == 100 and left["value"] == pytest.approx(0, abs=0.02)
    truth = {i for i in range(N) if wrong(i)}
    asked = {number for r in project.rounds() for number in _numbers(r)}
    assert left["low"] - 1e-9 <= len(truth - asked) / 100 <= left["high"]


def _numbers(round_):
    return [int(id[1:]) for id in round_.queue()["record_id"].to_pylist()]


def test_missing_answers_are_counted_with_their_reasons(tmp_path):
    def say(item):
        kind = number_of(item) % 10
        if kind == 0:
            return None
        return {"quality": "good", "status": "discarded"} if kind == 1 else honest(wrong)(item)

    project = scored_project(tmp_path, config(), n=N, wrong=wrong)
    answered_round(project, say)
    said = progress(project)
    missing = said.data["facts"]["rounds"][0]["missing"]
    assert set(missing) == {"discarded by those who saw it", "no answer yet"}
    assert said.data["facts"]["rounds"][0]["answered"] == 50 - sum(missing.values())
    assert any(note.startswith("not in these figures: ") for note in said.notes)


def test_minutes_and_money_follow_from_measured_times(tmp_path):
    paid = config(NO_SPLITS).replace("items: 50", "items: 50, per_hour: 30")
    project = scored_project(tmp_path, paid, n=N, wrong=wrong)
    answered_round(project, honest(wrong), seconds=90)
    facts = progress(project).data["facts"]
    first = facts["rounds"][0]
    # 1.5 minutes an item, the first one by the median; 50 items at 30 an hour
    assert first["minutes"] == pytest.approx(75) and first["minutes_an_item"] == pytest.approx(1.5)
    assert first["money"] == pytest.approx(37.5) and first["pace"] == {"ada": 1.5}
    share = facts["overall"]["next_share"]["value"]
    assert facts["overall"]["per_hour"]["value"] == pytest.approx(share * 40)


def test_the_file_of_a_round_stands_until_an_answer_changes(tmp_path):
    project = scored_project(tmp_path, config(), n=N, wrong=wrong)
    round_ = answered_round(project, honest(wrong), close=False)
    first = progress(project)
    kept = (round_.folder / "progress.json").read_bytes()
    again = progress(project)
    assert not first.skipped and again.skipped and again.notes == first.notes
    assert last_said(project) == first.notes
    (round_.folder / "progress.json").unlink()
    assert not progress(project).skipped
    assert (round_.folder / "progress.json").read_bytes() == kept
    assert json.loads(kept)["rounds"][0]["answered"] == 50


def test_a_closed_round_is_not_written_to(answered):
    said = progress(answered)
    assert not said.paths and not list(answered.folder.glob("rounds/*/progress.json"))
    assert progress(answered).skipped


def test_before_the_first_round_there_is_a_next_step(tmp_path):
    said = progress(scored_project(tmp_path))
    assert "curate select" in said.notes[0]
    assert shown_progress(scored_project(tmp_path)) is None
    assert last_said(scored_project(tmp_path)) == ()


def test_an_open_queue_without_answers_is_no_trouble(tmp_path):
    project = scored_project(tmp_path, config(), n=N)
    answered_round(project, lambda item: None, settle=False, close=False)
    said = progress(project)
    assert said.counts["answered"] == 0 and said.counts["advice"] == "cannot tell"
    assert "50 no answer yet" in " ".join(said.notes)
    assert shown_progress(project).rounds == ()


def test_rows_that_came_later_are_estimated_by_later_rounds_alone(tmp_path):
    project = scored_project(tmp_path, config(), n=N, wrong=wrong, need=telling_need())
    whole = {name: project.table(name) for name in ("records", "candidates", "scores")}
    vectors = np.load(project.pool / "prompts.npy")
    cut(project, whole, vectors, 300)
    answered_round(project, honest(wrong))
    cut(project, whole, vectors, N)
    waiting = history(project)
    assert len(waiting.ids) == 300
    answered_round(project, honest(wrong))
    past = history(project)
    assert np.bincount(past.first).tolist() == [300, 100]
    found = pool_mean(past, past.useful)
    assert found.rows == 400 and found.mean.low < 0.25 < found.mean.high


def cut(project: Project, whole, vectors, n):
    """Let the project know its first `n` prompts only."""
    project.write("records", whole["records"].slice(0, n))
    project.write("candidates", whole["candidates"].slice(0, 2 * n))
    project.write("scores", whole["scores"].slice(0, 2 * n))
    np.save(project.pool / "prompts.npy", vectors[:n])


def test_new_logs_of_another_kind_reopen_the_queue_and_are_described(answered):
    grow(answered, 120, shift=4.0, text="how to repaint the garden fence")
    said = progress(answered)
    drift = said.data["facts"]["drift"]
    assert drift["state"] == "reopen" and drift["n_new"] == 120
    assert {"repaint", "garden", "fence"} <= set(drift["clusters"][0]["words"])
    assert drift["clusters"][0]["examples"][0].startswith("how to repaint the garden fence")
    assert said.notes[-1].startswith("reopen the queue for 120 new prompts: a classifier")


def test_new_logs_of_the_same_kind_do_not(answered):
    grow(answered, 120, shift=0.0, text="Question")
    assert progress(answered).data["facts"]["drift"]["state"] in ("no drift", "watch")


def test_new_logs_without_vectors_cannot_tell(answered):
    grow(answered, 120, shift=0.0, text="Question", embedded=False)
    drift = progress(answered).data["facts"]["drift"]
    assert drift["state"] == "cannot tell" and "curate embed" in drift["reasons"][0]


def test_texts_stay_out_of_what_is_said_where_the_page_must_not_show_them(answered):
    path = answered.config_path
    path.write_text(path.read_text() + "report: {show_text: false}\n")
    project = Project(path)
    grow(project, 120, shift=4.0, text="secret garden")
    assert "secret" not in json.dumps(progress(project).as_json())


def grow(project, n, *, shift, text, embedded=True):
    """Add records that no round has seen."""
    records = project.table("records")
    like = records.slice(0, 1).to_pylist()[0]
    more = []
    for i in range(n):
        messages = [like["messages"][0] | {"content": f"{text} {i}"}]
        more.append(like | {"id": f"n{i:03d}", "group": f"n{i}", "messages": messages})
    project.write(
        "records", pa.concat_tables([records, pa.Table.from_pylist(more, schema=RECORDS)])
    )
    project.put_stamp("ingest", f"with {n} more", {})
    if embedded:
        vectors = np.load(project.pool / "prompts.npy")
        new = np.random.default_rng(9).normal(size=(n, vectors.shape[1]))
        new[:, 0] += [3.0 * wrong(i) for i in range(n)]
        new[:, 3] += shift
        np.save(project.pool / "prompts.npy", np.concatenate([vectors, new]).astype(np.float32))


def test_the_test_split_is_judged_by_the_truth_that_the_data_state(tmp_path):
    text = config("test_share: 0.3, calibration_share: 0.1") + "report: {truth: metadata.right}\n"
    project = scored_project(tmp_path, text, n=N, wrong=wrong, need=telling_need())
    for _ in range(2):
        answered_round(project, honest(wrong))
    found = facts_of(project)["rounds"][1]["foretold"]
    by = {(entry["by"], entry["on"]): entry for entry in found}
    fitted = "a model fitted to the answers before"
    assert {on for _, on in by} == {"asked", "by lot", "test", "calibration"}
    test = by[fitted, "test"]
    assert test["truth"] == "metadata.right" and test["n"] > 80
    assert test["auroc"] > by["uncertainty", "test"]["auroc"]
    assert 0 < test["brier"] < 0.25 and math.isnan(by["uncertainty", "test"]["brier"])


def test_judges_with_a_reference_are_a_truth_too(tmp_path):
    project = scored_project(tmp_path, config(), n=20)
    assert known_wrong(project) == ({}, "")
    rows = [
        {"item_id": "c001x", "judge": judge, "kind": "reference", "grade": grade}
        for judge, grade in (("one", 0.0), ("two", 0.0), ("three", 1.0), ("four", None))
    ]
    project.write("verdicts", pa.Table.from_pylist(rows, schema=VERDICTS))
    assert known_wrong(project) == ({"c001x": 1.0}, "judges with a reference")


def test_an_earlier_rounds_figures_are_kept_with_it(tmp_path):
    project = scored_project(tmp_path, config(), n=N, wrong=wrong, need=telling_need())
    for _ in range(2):
        round_ = answered_round(project, honest(wrong), close=False)
        progress(project)
        round_.close({})
    one, two = (r.read_json("progress")["rounds"] for r in project.rounds())
    assert one[0] == two[0] and len(two) == 2


def test_segments_are_estimated_by_themselves(tmp_path):
    caps = NO_SPLITS + ", caps: [{column: metadata.tier, most: 45}]"
    project = scored_project(tmp_path, config(caps), n=N, wrong=lambda i: i % 2 == 0)
    answered_round(project, honest(lambda i: i % 2 == 0))
    found = facts_of(project)["overall"]["segments"]
    of = {(s["column"], s["of"]): s for s in found}
    assert of["source", "a.jsonl"]["value"] == 1 and of["source", "b.jsonl"]["value"] == 0
    assert of["source", "b.jsonl"]["high"] > 0.05
    assert {name for column, name in of if column == "metadata.tier"} == {"gold", "tin"}


def test_win_rates_count_ties_half_for_either(tmp_path):
    project = scored_project(tmp_path, "project: {task: rank}\n" + config(), n=60)
    votes = ("a", "a", "tie", "both_bad")
    answered_round(project, lambda item: {"preference": votes[number_of(item) % 4]})
    past = history(project)
    x, y = win_rates(project, past)
    drawn = past.rounds[0].of_part("random")
    numbers = [int(id[1:]) for id in past.rounds[0].round.queue()["record_id"].to_pylist()]
    wins = [(1, 1, 0.5, 0.5)[n % 4] for n, by_lot in zip(numbers, drawn, strict=True) if by_lot]
    assert (x["model"], y["model"]) == ("x", "y")
    assert x["value"] == pytest.approx(np.mean(wins))
    assert x["value"] + y["value"] == pytest.approx(1)
    outcomes = {o["outcome"]: o["value"] for o in facts_of(project)["overall"]["outcomes"]}
    assert sum(outcomes.values()) == pytest.approx(1)


def test_the_page_shows_what_was_said(answered):
    progress(answered)
    shown = shown_progress(answered)
    assert [row.number for row in shown.rounds] == [1, 2]
    assert shown.sentences[0].startswith("selection found")
    assert shown.state == "go on" and len(shown.reasons) == 3
    assert shown.shares[0].rows == 400
    html = render(Page(title="t", task="rewrite", generated_from={}, progress=shown))
    assert "what chance would have found" in html


def test_figures_are_the_same_on_every_run(answered):
    once, again = facts_of(answered), facts_of(Project(answered.config_path))
    assert json.dumps(once) == json.dumps(again)


def test_a_stream_is_estimated_by_the_chances_of_what_it_drew(tmp_path):
    (tmp_path / "curate.yaml").write_text(
        "ingest: {paths: [logs.jsonl]}\n"
        "select: {test_share: 0, calibration_share: 0, near_identical: 1, random_share: 0.5}\n"
        "stream: {per_day: 96, burst: 1}\n"
    )
    logs = tmp_path / "new.jsonl"
    logs.write_text("".join(json.dumps(_logged(n)) + "\n" for n in range(288)))
    project = Project(tmp_path / "curate.yaml")
    stream(project, str(logs), desk=False, by_record_time=True)

    def say(item):
        number = int(item.record.messages[0].content.split()[1])
        return {"quality": "rewritten", "rewrite": "x"} if number % 3 == 0 else {"quality": "good"}

    answer(project, say, close=False)
    overall = progress(project).data["facts"]["overall"]
    assert 200 <= overall["pool"]["rows"] <= 400  # 288 came
    assert overall["pool"]["low"] < 1 / 3 < overall["pool"]["high"]
    assert overall["segments"] == []
    assert shown_progress(project).rounds[0].answered == overall["answered"]


def _logged(n):
    topics = ("rivers", "poems", "prices", "planets", "recipes", "bridges", "kings", "birds")
    asked = f"Fact {n} about {topics[n % 8]} and {topics[n // 8 % 8]}."
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": f"It is {n}."}]
    return {"messages": messages, "time": 1_700_000_000 + 300 * n}
