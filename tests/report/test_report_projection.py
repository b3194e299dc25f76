import numpy as np
import pytest

from curate.report import project_2d


def clusters(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    of = rng.integers(0, 3, n)
    rows = np.eye(3, 16)[of] + rng.normal(0, 0.05, (n, 16))
    return rows.astype(np.float32), of


def separated(xy: np.ndarray, of: np.ndarray) -> float:
    """Share of points whose nearest other point is of their own cluster."""
    gap = ((xy[:, None] - xy[None]) ** 2).sum(axis=2)
    np.fill_diagonal(gap, np.inf)
    return float((of[gap.argmin(axis=1)] == of).mean())


def test_near_vectors_lie_near_each_other():
    rows, of = clusters(240)
    xy = project_2d(rows, seed=3)
    assert xy.shape == (240, 2)
    assert separated(xy, of) > 0.98
    assert np.abs(xy).max() == pytest.approx(1)


def test_the_same_seed_gives_the_same_map():
    rows, _ = clusters(120)
    assert np.array_equal(project_2d(rows, seed=3), project_2d(rows, seed=3))


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_a_handful_of_rows_is_laid_out(n):
    xy = project_2d(np.eye(n, 5, dtype=np.float32))
    assert xy.shape == (n, 2) and np.isfinite(xy).all()


def test_rows_that_do_not_differ_are_one_point():
    assert np.array_equal(project_2d(np.ones((30, 4), np.float32)), np.zeros((30, 2)))


def test_one_dimension_is_enough():
    assert project_2d(np.arange(5, dtype=np.float32)[:, None]).shape == (5, 2)


def test_a_missing_vector_does_not_break_the_map():
    rows, _ = clusters(40)
    rows[7] = np.nan
    assert np.isfinite(project_2d(rows)).all()


def test_rows_beyond_the_landmarks_are_put_among_their_like():
    rows, of = clusters(700)
    xy = project_2d(rows, landmarks=200)
    assert xy.shape == (700, 2)
    assert separated(xy, of) > 0.98
