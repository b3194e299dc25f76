import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curate.select.vectors import unit_rows

matrices = arrays(
    np.float64,
    st.tuples(st.integers(0, 9), st.integers(1, 4)),
    elements=st.floats(-1e30, 1e30) | st.just(np.nan) | st.just(np.inf),
)


@settings(max_examples=80, deadline=None)
@given(matrices)
def test_every_row_has_length_one_or_nothing(rows):
    unit = unit_rows(rows)
    assert unit.shape == rows.shape and unit.dtype == np.float32
    length = np.linalg.norm(unit.astype(np.float64), axis=1)
    assert ((np.abs(length - 1) < 1e-3) | (length == 0)).all()
    known = np.isfinite(rows.astype(np.float32)).all(axis=1)
    assert (length[~known] == 0).all()
    again = unit_rows(unit)
    assert again is unit or (again == unit).all()


def test_rows_that_are_unit_or_zero_are_not_copied(tmp_path):
    rows = np.eye(20_000, 4, dtype=np.float32)
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert np.shares_memory(unit_rows(mapped), mapped)


def test_a_single_row_of_another_length_leaves_the_others_as_they_are():
    rows = np.eye(20_000, 4, dtype=np.float32)
    rows[19_999] = [0, 3, 4, 0]
    unit = unit_rows(rows)
    assert unit[19_999].tolist() == pytest.approx([0, 0.6, 0.8, 0])
    assert (unit[:19_999] == rows[:19_999]).all() and rows[19_999, 1] == 3


def test_what_is_no_matrix_is_refused():
    with pytest.raises(ValueError, match="two dimensions, not 1"):
        unit_rows([1.0, 2.0])
