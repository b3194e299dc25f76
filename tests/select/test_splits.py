import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import SelectionError
from curate.records import Selection
from curate.select import guard, splits

SHARES = {"test_share": 0.1, "calibration_share": 0.05, "seed": 7}
names = st.lists(st.text(min_size=1, max_size=6), max_size=40)


def queue(*rows):
    return Selection(
        indices=np.array(rows, np.int64),
        part=("active",) * len(rows),
        reason=("",) * len(rows),
        probability=np.full(len(rows), np.nan),
        scores={},
        left_out={},
        strategy="hybrid",
        seed=7,
    )


def test_the_shares_come_out():
    sides = splits([f"g{i}" for i in range(20_000)], **SHARES)
    # Binomial(20000, .1) and (20000, .05): standard deviations .0021 and .0015, five of each.
    assert sides.count("test") / 20_000 == pytest.approx(0.1, abs=0.0106)
    assert sides.count("calibration") / 20_000 == pytest.approx(0.05, abs=0.0077)


@settings(max_examples=50, deadline=None)
@given(names, names)
def test_a_group_never_changes_sides_when_data_is_added(old, new):
    before = dict(zip(old, splits(old, **SHARES), strict=True))
    after = dict(zip(new + old, splits(new + old, **SHARES), strict=True))
    assert {g: after[g] for g in before} == before


def test_a_group_stays_whole():
    groups = [f"g{i % 50}" for i in range(500)]
    sides = splits(groups, **SHARES)
    assert len({(g, s) for g, s in zip(groups, sides, strict=True)}) == 50


def test_a_larger_test_share_keeps_what_was_test():
    groups = [f"g{i}" for i in range(500)]
    few = splits(groups, test_share=0.1, calibration_share=0, seed=7)
    many = splits(groups, test_share=0.3, calibration_share=0, seed=7)
    assert all(m == "test" for f, m in zip(few, many, strict=True) if f == "test")


def test_another_seed_is_another_split():
    groups = [f"g{i}" for i in range(300)]
    assert splits(groups, **SHARES) != splits(groups, **(SHARES | {"seed": 8}))


def test_sides_do_not_depend_on_the_hash_seed():
    code = (
        "from curate.select import splits;"
        "print(splits([f'g{i}' for i in range(60)], test_share=.3, calibration_share=.2, seed=7))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_an_empty_group_is_refused():
    with pytest.raises(ValueError, match="row 1 has no group"):
        splits(["a", ""], **SHARES)


@pytest.mark.parametrize("shares", [(0.7, 0.4), (-0.1, 0.2), (0.2, -0.1)])
def test_shares_that_leave_no_room_are_refused(shares):
    with pytest.raises(ValueError, match="add up to at most 1"):
        splits(["a"], test_share=shares[0], calibration_share=shares[1], seed=7)


def test_a_protected_row_in_the_queue_is_an_error():
    sides = ["pool", "test", "calibration"]
    guard(queue(0), sides)
    with pytest.raises(SelectionError, match=r"1 of 2 picked rows .* first c1 \(test split\)"):
        guard(queue(0, 1), sides, ids=["c0", "c1", "c2"])
    with pytest.raises(SelectionError, match="calibration"):
        guard(queue(2), sides)
