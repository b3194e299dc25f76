from dataclasses import replace

import numpy as np
import pytest

from curate import select
from curate.config import SelectConfig
from curate.select import Pool
from curate.select.beliefs import Beliefs
from curate.select.model_need import runner_up
from curate.select.uncertain_cover import uncertain_cover

ALONE = SelectConfig(random_share=0, near_identical=1)


def angles(*degrees):
    turned = np.radians(degrees)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def sure_of(*chances):
    return np.array([[p, 1 - p] for p in chances])


def moving(vectors, probabilities, need=None, **fields):
    """A pool whose need is what a model in the loop makes of it."""
    doubt = 1 - probabilities.max(axis=1)
    return Pool(
        ids=[f"row {n}" for n in range(len(vectors))],
        vectors=vectors,
        need=doubt if need is None else need,
        fixed_need=False,
        beliefs=Beliefs(features=vectors, probabilities=probabilities),
        **fields,
    )


def picks(pool, k, config=ALONE):
    return select.choose(pool, k, config=config, seed=0).indices.tolist()


def test_many_doubtful_rows_come_before_the_most_doubtful_one():
    # Row 3, opposite, is in doubt by .5, the three about 10 degrees by .4 each; row 1 is in
    # their middle. Of each class the model expects about as many, so all shares are alike.
    vectors = angles(8, 10, 12, 190)
    pool = moving(vectors, sure_of(0.6, 0.4, 0.6, 0.5))
    assert picks(pool, 2) == [1, 3]


def test_where_the_model_is_sure_nothing_is_asked_first():
    vectors = angles(0, 1, 2, 3, 90)
    pool = moving(vectors, sure_of(1.0, 1.0, 0.0, 0.0, 0.6))
    assert picks(pool, 1) == [4]


def test_with_a_model_that_knows_nothing_it_is_facility_location():
    vectors = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
    flat = np.full((60, 4), 0.25)
    assert (uncertain_cover(vectors, flat, 12) == select.facility_location(vectors, 12)).all()


def test_doubt_near_a_reviewed_row_is_settled():
    # Rows 0 and 1 are doubtful, but 2 beside them was reviewed; 3 stands alone.
    pool = moving(angles(0, 2, 1, 90), sure_of(0.5, 0.5, 0.5, 0.6), covered=np.array([2]))
    assert picks(pool, 1) == [3]


def test_a_doubtful_row_of_a_rare_class_outweighs_one_of_a_common_class():
    # Nine rows of the first class and one of the second; 0 and 9 are equally in doubt.
    vectors = np.eye(10, dtype=np.float32)
    probabilities = sure_of(0.6, *[1.0] * 8, 0.4)
    assert picks(moving(vectors, probabilities), 1) == [9]


def test_the_function_and_the_pool_pick_alike():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(80, 8)).astype(np.float32)
    probabilities = rng.dirichlet(np.ones(5), size=80)
    covered = np.array([4, 7, 50])
    pool = moving(vectors, probabilities, runner_up(probabilities), covered=covered)
    assert picks(pool, 10) == uncertain_cover(vectors, probabilities, 10, covered=covered).tolist()


def test_a_row_without_a_need_is_not_asked_and_says_why():
    pool = moving(angles(0, 45, 90), sure_of(0.5, 0.6, 0.7), need=np.array([np.nan, 0.4, 0.3]))
    queue = select.choose(pool, 3, config=ALONE, seed=0)
    assert sorted(queue.indices.tolist()) == [1, 2]
    assert queue.left_out[0].startswith("no need to go by")


def test_a_pre_filter_leaves_only_the_weightiest_on_offer():
    # The two in most doubt are 2 and 3, at right angles to the crowd that 0 would stand for.
    vectors = angles(0, 1, 90, 91, 2, 3)
    pool = moving(vectors, sure_of(0.7, 0.3, 0.5, 0.5, 0.7, 0.3))
    assert picks(pool, 1)[0] in (0, 1, 4, 5)
    assert picks(pool, 1, ALONE.model_copy(update={"prefilter": 2.0}))[0] in (2, 3)


def test_a_fixed_need_keeps_its_short_list():
    # By need alone 3 comes first; by weighted cover one of the three that lie together.
    need = np.array([0.8, 0.8, 0.8, 0.9])
    pool = moving(angles(8, 10, 12, 190), sure_of(0.5, 0.5, 0.5, 0.5), need=need)
    assert picks(pool, 1) == [1]
    short = ALONE.model_copy(update={"prefilter": 1.0})
    assert picks(replace(pool, fixed_need=True), 1, short) == [3]


def test_each_pick_says_its_need_and_for_how_many_it_stands():
    pool = moving(angles(8, 10, 12, 190), sure_of(0.6, 0.4, 0.6, 0.5))
    queue = select.choose(pool, 1, config=ALONE, seed=0)
    assert queue.reason[0] == (
        "need 0.4, rank 2 of 4; nearer to 3 rows on offer than any pick before it"
    )


def test_a_need_without_beliefs_is_the_weight_itself():
    pool = replace(
        moving(angles(0, 90), sure_of(0.5, 0.5), need=np.array([0.1, 0.2])), beliefs=None
    )
    assert picks(pool, 2) == [1, 0]


def test_an_empty_pool_gives_an_empty_queue():
    pool = moving(np.empty((0, 3), np.float32), np.empty((0, 2)))
    assert picks(pool, 3) == []


@pytest.mark.parametrize("cover", ["facility_location", "k_center"])
def test_either_cover_fills_the_queue_once(cover):
    rng = np.random.default_rng(1)
    pool = moving(rng.normal(size=(40, 5)).astype(np.float32), rng.dirichlet(np.ones(3), size=40))
    queue = picks(pool, 25, ALONE.model_copy(update={"cover": cover}))
    assert len(queue) == len(set(queue)) == 25
