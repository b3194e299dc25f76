import numpy as np
import pytest

from curate import select
from curate.config import SelectConfig

VECTORS = np.stack(
    [np.cos(np.radians(10.0 * np.arange(9))), np.sin(np.radians(10.0 * np.arange(9)))], axis=1
).astype(np.float32)
POOL = select.Pool(
    ids=[f"c{i}" for i in range(9)],
    vectors=VECTORS,
    need=np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, np.nan]),
    need_name="dispute",
    scores={"length": np.array([5.0, 5, 1, 2, 3, 4, 9, 8, 7])},
    covered=np.array([0]),
    left_out={1: "in the test split"},
)
NEED_ALONE = SelectConfig(random_share=0, prefilter=1, near_identical=1)
QUEUE = select.choose(POOL, 2, config=NEED_ALONE, seed=7)


def explained(row):
    return select.explain_row(POOL, QUEUE, row)


def test_a_picked_row_shows_place_part_ranks_and_neighbours():
    assert sorted(QUEUE.indices.tolist()) == [6, 7]
    said = explained(7)
    assert said.picked_as in (1, 2) and said.part == "active" and np.isnan(said.probability)
    need, length = said.standings
    assert (need.name, need.value, need.rank, need.of) == ("dispute", 0.8, 1, 6)
    # On offer are rows 2 to 8: of their lengths 1 2 3 4 9 8 7, 8 is the second.
    assert (length.rank, length.of) == (2, 7)
    assert said.nearest_reviewed is not None and said.nearest_picked is not None
    assert said.nearest_reviewed.id == "c0"
    assert said.nearest_reviewed.cosine == pytest.approx(np.cos(np.radians(70)), abs=1e-6)
    assert said.nearest_picked.id == "c6"
    assert said.by_need_alone is True


def test_an_outranked_row_says_so():
    said = explained(5)
    assert said.picked_as is None and said.part is None
    assert said.status.startswith("on offer, but outranked")
    assert said.by_need_alone is False


def test_a_protected_row_was_not_on_offer():
    said = explained(1)
    assert said.status == "left out: in the test split" and said.by_need_alone is None
    assert "it was not on offer" in said.text()


def test_a_row_without_a_need_has_no_rank():
    said = explained(8)
    assert said.standings[0].rank is None and said.by_need_alone is False
    assert "dispute: none (not scored)" in said.text()
    assert "no dispute to go by" in said.status


def test_the_text_reads_line_by_line():
    assert explained(5).text().splitlines() == [
        "c5: on offer, but outranked: the 2 picked rows came first by hybrid",
        "  dispute: 0.6, rank 3 of 6",
        "  length: 4, rank 4 of 7",
        "  nearest reviewed or queued before: c0 (cosine 0.643)",
        "  nearest in the queue: c6 (cosine 0.985)",
        "  by need alone it would not have been picked",
    ]


def test_a_row_that_does_not_exist_is_an_error():
    with pytest.raises(IndexError, match="no row 9 in a pool of 9"):
        explained(9)


def test_the_chance_of_a_row_that_a_strategy_drew_is_told():
    queue = select.choose(
        POOL,
        4,
        config=SelectConfig(strategy="sampled", random_share=0.25, near_identical=1),
        seed=7,
    )
    drawn = int(queue.indices[1])
    said = select.explain_row(POOL, queue, drawn)
    # One of seven rows on offer by lot, else by the draw.
    assert said.inclusion == pytest.approx(1 / 7 + 6 / 7 * said.probability)
    assert f"by lot or by draw: {said.inclusion:.4f}" in said.text()
