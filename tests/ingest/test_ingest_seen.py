"""The compact memory of what was met, and the examples in the docstrings."""

import doctest
import importlib
import pkgutil

from hypothesis import given, settings
from hypothesis import strategies as st

import curate.ingest
from curate.ingest.seen import Seen, hashed, key_of

KEYS = st.integers(min_value=1, max_value=2**64 - 1) | st.integers(min_value=1, max_value=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(KEYS, st.integers(min_value=1, max_value=2**60)), max_size=3000))
def test_it_is_a_dict_that_keeps_the_first_value(items):
    seen, known = Seen(), {}
    for key, value in items:
        assert seen.put(key, value) == known.get(key, 0)
        known.setdefault(key, value)
    assert len(seen) == len(known)
    assert all(seen.find(key) == value for key, value in known.items())


def test_it_grows_past_its_first_size_and_counts():
    seen = Seen("L")
    for lap in range(3):
        assert [seen.count(hashed(str(n))) for n in range(3000)] == [lap] * 3000
    assert seen.find(hashed("never")) == 0


def test_a_key_is_never_zero():
    assert key_of("r" + "0" * 24) == 1


def test_examples_in_docstrings_hold():
    names = [m.name for m in pkgutil.walk_packages(curate.ingest.__path__, "curate.ingest.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(r.failed for r in results) == 0
    assert sum(r.attempted for r in results) > 10
