import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curate.measure.likert import leniency, likert_spread, panel_grade, without_leniency

NAN = float("nan")
props = settings(deadline=None, max_examples=60)
grades_matrices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements=st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, NAN]),
)


def test_a_judge_that_is_always_one_grade_kinder_disagrees_with_nobody():
    grades = [[5, 4], [3, 2], [4, 3]]
    # Means 4 and 3, mean of all 3.5: leniency .5 and -.5; then both say 4.5, 2.5, 3.5.
    assert leniency(grades) == pytest.approx([0.5, -0.5])
    assert without_leniency(grades) == pytest.approx(np.array([[4.5] * 2, [2.5] * 2, [3.5] * 2]))
    assert likert_spread(grades).tolist() == [0, 0, 0]
    # Left in: the standard deviation (n - 1) of 5 and 4 is 1 / sqrt(2).
    assert likert_spread(grades, correct="none") == pytest.approx([0.5**0.5] * 3)


def test_a_judge_who_saw_the_better_answers_is_not_taken_for_a_lenient_one():
    # Judges 0 and 1 meet on item 1 alone, where they differ by 1: leniency .5 and -.5. Plain means
    # (4.5 and 2) would say 1.25 and -1.25.
    grades = [[5, NAN], [4, 3], [NAN, 1]]
    assert leniency(grades) == pytest.approx([0.5, -0.5])
    assert without_leniency(grades)[1] == pytest.approx([3.5, 3.5])


def test_spread_by_hand():
    # Judge means 4, 3 and 2, of all 3: leniency 1, 0 and -1. Item 0: 4, 3 and 2 become 3, 3, 3;
    # item 1: 5, 1, 3 become 4, 1, 4 (mean 3, squares 1 + 4 + 1 = 6, / 2 = 3); item 2: 3, 5, 1
    # become 2, 5, 2: the same.
    grades = [[4, 3, 2], [5, 1, 3], [3, 5, 1]]
    assert leniency(grades) == pytest.approx([1, 0, -1])
    assert likert_spread(grades) == pytest.approx([0, 3**0.5, 3**0.5])


def test_z_scores_by_hand():
    # Judge 0: 1 and 5, mean 3, deviation 2: -1 and 1. Judge 1: 2 and 3, mean 2.5, deviation .5:
    # -1 and 1. One uses the scale more widely; they do not disagree.
    assert without_leniency([[1, 2], [5, 3]], correct="z").tolist() == [[-1, -1], [1, 1]]
    assert likert_spread([[1, 2], [5, 3]], correct="z").tolist() == [0, 0]
    assert likert_spread([[1, 2], [5, 3]]) == pytest.approx([1.5 / 2**0.5] * 2)


def test_a_judge_that_gives_everybody_the_same_has_no_z_score():
    z = without_leniency([[1, 4], [5, 4]], correct="z")
    assert np.isnan(z[:, 1]).all()
    assert np.isnan(likert_spread([[1, 4], [5, 4]], correct="z")).all()


def test_one_grade_has_no_spread():
    assert np.isnan(likert_spread([[4, NAN], [NAN, NAN]])).all()


def test_a_judge_without_grades_has_no_leniency():
    assert leniency([[4, NAN], [2, NAN]]).tolist() == [0, pytest.approx(NAN, nan_ok=True)]


def test_judges_without_a_common_item_are_not_compared():
    assert leniency([[5, NAN], [NAN, 1]]).tolist() == [0, 0]


def test_the_panels_grade_weighs_judges():
    # Leniency .5 and -.5: item 0: 4.5 and 4.5. Item 1: 2.5 of judge 0 alone.
    assert panel_grade([[5, 4], [3, NAN]]) == pytest.approx([4.5, 2.5])
    # [[5, 1], [1, 5]]: no leniency; at weights 3 and 1: (15 + 1) / 4 = 4 and (3 + 5) / 4 = 2.
    assert panel_grade([[5, 1], [1, 5]], weights=[3, 1]) == pytest.approx([4, 2])
    assert np.isnan(panel_grade([[5, NAN]], weights=[0, 1])).all()


@pytest.mark.parametrize("weights", [[1], [1, -1], [1, NAN]])
def test_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(ValueError, match="weights have the shape"):
        panel_grade([[5, 1]], weights=weights)


def test_a_flat_list_is_refused():
    with pytest.raises(ValueError, match="grades have the shape"):
        likert_spread([1, 2, 3])


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0)])
def test_nothing_gives_nothing(shape):
    empty = np.empty(shape)
    assert leniency(empty).shape == shape[1:]
    for correct in ("bias", "z", "none"):
        spread = likert_spread(empty, correct=correct)
        assert spread.shape == shape[:1]
        assert np.isnan(spread).all()
    assert np.isnan(panel_grade(empty)).all()


@props
@given(grades_matrices, st.lists(st.integers(-3, 3), min_size=6, max_size=6))
def test_a_shift_of_a_judge_changes_no_spread(grades, shifts):
    moved = grades + np.array(shifts[: grades.shape[1]])
    assert likert_spread(moved) == pytest.approx(likert_spread(grades), abs=1e-6, nan_ok=True)


@props
@given(grades_matrices)
def test_leniency_is_what_least_squares_over_all_effects_says(grades):
    row, column = np.nonzero(~np.isnan(grades))
    design = np.zeros((len(row), sum(grades.shape)))
    design[np.arange(len(row)), row] = 1
    design[np.arange(len(row)), grades.shape[0] + column] = 1
    effects = np.linalg.lstsq(design, grades[row, column], rcond=None)[0]
    ours = without_leniency(grades)[row, column] - _item_means(without_leniency(grades))[row]
    theirs = grades[row, column] - design @ effects
    assert ours == pytest.approx(theirs, abs=1e-6)


def _item_means(matrix):
    return np.array(
        [row[~np.isnan(row)].mean() if (~np.isnan(row)).any() else NAN for row in matrix]
    )


@props
@given(grades_matrices, st.randoms(use_true_random=False))
def test_the_order_of_judges_does_not_matter(grades, random):
    order = list(range(grades.shape[1]))
    random.shuffle(order)
    assert likert_spread(grades[:, order]) == pytest.approx(
        likert_spread(grades), abs=1e-6, nan_ok=True
    )
    assert leniency(grades[:, order]) == pytest.approx(
        leniency(grades)[order], abs=1e-6, nan_ok=True
    )
