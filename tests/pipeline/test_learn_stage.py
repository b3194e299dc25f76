"""What people answered, and what the next round makes of it."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from curate.errors import ConfigError
from curate.pipeline import learn, select
from curate.pipeline.effort import measured_pace
from curate.pipeline.offer import need_name, offer
from tests.pipeline.answered_rounds import answered_round, number_of, scored_project

CONFIG = """
select: {budget: {items: 90}, random_share: 0.3, near_identical: 1, test_share: 0,
         calibration_share: 0, strategy: STRATEGY, need: NEED}
learn: {least: 50}
"""


def wrong(i):
    return i % 4 == 0


def corrected(item):
    """The person rewrites what is wrong; the vectors tell it, the score does not."""
    if not wrong(number_of(item)):
        return {"quality": "good"}
    return {"quality": "rewritten", "rewrite": f"better {number_of(item)}"}


def project_of(folder, n=300, strategy="hybrid", need="null", **config):
    text = CONFIG.replace("STRATEGY", strategy).replace("NEED", need)
    noise = np.random.default_rng(5).random(n)
    return scored_project(folder, text, n=n, wrong=wrong, need=noise, **config)


def share_wrong(round_):
    queue = round_.queue().to_pylist()
    active = [q for q in queue if q["part"] == "active"]
    return np.mean([wrong(int(q["record_id"][1:])) for q in active])


def test_before_enough_answers_nothing_is_learned_and_the_default_ranks(tmp_path):
    project = project_of(tmp_path)
    said = learn(project)
    assert said.counts == {"answers": 0, "need": "uncertainty"}
    assert need_name(project) == "uncertainty"
    assert not (project.pool / "learned.parquet").exists()


def test_what_people_answered_finds_more_than_the_score_that_knew_nothing(tmp_path):
    project = project_of(tmp_path)
    learn(project)
    first = answered_round(project, corrected)
    said = learn(project)
    assert said.counts["answers"] == 90 and said.counts["need"] == "learned"
    second = answered_round(project, corrected)
    assert second.read_json("selected")["need"] == "learned"
    assert share_wrong(first) < 0.4 and share_wrong(second) > 0.5
    assert any("what people answered" in note for note in selected_notes(second))


def selected_notes(round_):
    return round_.read_json("selected")["summary"]["notes"]


def test_a_score_that_knows_stays_where_the_mix_is_no_better(tmp_path):
    project = project_of(tmp_path)
    truth = np.array([float(wrong(i)) for i in range(300)])
    knows = truth + 0.01 * np.random.default_rng(0).random(300)
    scores = project.need_table("scores", "score")
    column = scores.column_names.index("uncertainty")
    project.write("scores", scores.set_column(column, "uncertainty", [np.repeat(knows, 2)]))
    answered_round(project, corrected)
    said = learn(project)
    assert said.counts["need"] == "uncertainty" and need_name(project) == "uncertainty"


def test_the_same_answers_are_learned_from_once(tmp_path):
    project = project_of(tmp_path)
    answered_round(project, corrected)
    first = learn(project)
    before = (project.pool / "learned.parquet").read_bytes()
    again = learn(project)
    assert again.skipped and again.counts == first.counts
    (project.folder / "stamps" / "learn.json").unlink()
    learn(project)
    assert (project.pool / "learned.parquet").read_bytes() == before


def test_what_was_learned_comes_back_where_its_file_is_gone(tmp_path):
    project = project_of(tmp_path)
    answered_round(project, corrected)
    learn(project)
    before = (project.pool / "learned.parquet").read_bytes()
    (project.pool / "learned.parquet").unlink()
    assert not learn(project).skipped
    assert (project.pool / "learned.parquet").read_bytes() == before


def test_rows_are_learned_from_with_the_scores_that_they_were_chosen_by(tmp_path):
    """Asking a row changes how new it is; what it was chosen by must not change with it."""
    project = project_of(tmp_path)
    answered_round(project, corrected)
    scores = project.need_table("scores", "score")
    column = scores.column_names.index("uncertainty")
    project.write("scores", scores.set_column(column, "uncertainty", [np.zeros(len(scores))]))
    from curate.pipeline.learn import answered
    from curate.pipeline.rows import rows_on_offer

    told = answered(project, rows_on_offer(project))
    asked = ~np.isnan(told.useful)
    assert asked.sum() == 90 and (told.scores["uncertainty"][asked] > 0).all()
    assert (told.scores["uncertainty"][~asked] == 0).all()


def test_learning_can_be_switched_off(tmp_path):
    project = project_of(tmp_path)
    path = project.config_path
    path.write_text(path.read_text().replace("least: 50", "enabled: false"))
    answered_round(type(project)(path), corrected)
    said = learn(type(project)(path))
    assert said.notes == ("`learn.enabled` is false",)


def test_a_learned_need_that_is_not_there_yet_says_so(tmp_path):
    project = project_of(tmp_path, need="learned")
    learn(project)
    with pytest.raises(ConfigError, match="nothing was learned yet"):
        select(project)


def test_a_strategy_that_goes_by_a_model_starts_cold_and_then_has_one(tmp_path):
    project = project_of(tmp_path, strategy="bald")
    first = answered_round(project, corrected)
    assert first.read_json("selected")["strategy"].startswith("typical (cold start: 0 of 50")
    learn(project)
    second = answered_round(project, corrected)
    assert second.read_json("selected")["strategy"] == "bald"


def test_measured_minutes_correct_what_lengths_say(tmp_path):
    project = project_of(tmp_path)
    before = offer(project, project.round_at_work()).pool.minutes
    assert measured_pace(project) is None
    answered_round(project, corrected, seconds=180)
    pace = measured_pace(project)
    assert pace.n > 50 and pace.factor > 1.5
    after = offer(project, project.round_at_work()).pool.minutes
    assert after == pytest.approx(before * pace.factor)


def test_ranked_pairs_teach_too(tmp_path):
    text = """
project: {task: rank}
select: {budget: {items: 80}, random_share: 0.3, near_identical: 1, test_share: 0,
         calibration_share: 0}
learn: {least: 50}
"""
    project = scored_project(tmp_path, text, n=200, wrong=wrong)

    def prefers(item):
        return {"preference": "a" if wrong(number_of(item)) else "tie"}

    answered_round(project, prefers)
    said = learn(project)
    assert said.counts["answers"] == 80
    learned = pq.read_table(project.pool / "learned.parquet")
    assert learned.num_rows == 200
    assert np.isfinite(learned["learned"].to_numpy()).all()


PAIRS = """
project: {task: rank}
select: {budget: {items: 60}, strategy: pairs, objective: OBJECTIVE, near_identical: 1,
         test_share: 0, calibration_share: 0}
learn: {least: 40}
"""


@pytest.mark.parametrize("objective", ["reward_model", "dpo", "ranking"])
def test_pairs_are_chosen_for_an_objective_before_and_after_people_compared(tmp_path, objective):
    project = scored_project(tmp_path, PAIRS.replace("OBJECTIVE", objective), n=200, wrong=wrong)

    def prefers(item):
        return {"preference": "a" if wrong(number_of(item)) else "b"}

    first = answered_round(project, prefers)
    assert offer(project, project.round_at_work()).pool.answers.covariance is not None
    second = answered_round(project, prefers)
    for round_ in (first, second):
        parts = round_.queue()["part"].to_pylist()
        assert parts.count("active") == 54 and parts.count("random") == 6
    asked = [set(round_.queue()["record_id"].to_pylist()) for round_ in (first, second)]
    assert not asked[0] & asked[1]


def test_pairs_cannot_be_chosen_where_all_answers_are_ranked_at_once(tmp_path):
    text = PAIRS.replace("OBJECTIVE", "dpo") + "push: {ranking: full}\n"
    with pytest.raises(ConfigError, match="asks for all answers at once"):
        select(scored_project(tmp_path, text, n=30))
