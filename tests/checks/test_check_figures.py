"""Figures as sentences and tables."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks.figures import numbered, percent, shares, value_counts


def test_names_are_numbered_from_the_commonest():
    numbers, names = numbered(pa.array(["web", "logs", None, "logs", "  "]))
    assert names == ["logs", "web"]
    assert numbers.tolist() == [1, 0, -1, 0, -1]


def test_a_column_that_nobody_has_has_no_names():
    assert numbered(pa.nulls(2, pa.string()))[1] == []
    assert value_counts(pa.nulls(2)) == {}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=30))
def test_numbers_lead_back_to_the_names(cells):
    numbers, names = numbered(pa.array(cells, pa.string()))
    back = [None if n < 0 else names[n] for n in numbers]
    assert back == [cell if cell is not None and names.count(cell) else None for cell in cells]


def test_small_shares_keep_a_digit():
    assert [percent(x) for x in (0.0, 0.004, 0.0994, 0.0996, 1.0)] == [
        *("0 %", "0.4 %", "9.9 %", "10 %", "100 %")
    ]


def test_shares_are_of_all_names_and_not_of_those_shown():
    assert shares({"a": 6, "b": 2}, most=1) == [{"name": "a", "n": 6, "share": 0.75}]
