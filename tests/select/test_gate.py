import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.select.gate import Gate
from curate.select.vectors import unit_rows

THRESHOLD = 0.9


def refused_by_comparing_with_all(vectors, identity, inside, row):
    cosine = vectors[inside] @ vectors[row]
    cosine[identity[inside] == identity[row]] = -2
    return bool(len(inside)) and cosine.max() >= THRESHOLD - 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_what_was_compared_once_is_refused_as_if_compared_again(seed, n):
    rng = np.random.default_rng(seed)
    vectors = unit_rows(rng.normal(size=(n, 2)).astype(np.float32))
    identity = rng.integers(0, max(1, n // 2), n)
    order = rng.permutation(n)
    reviewed, asked = order[: n // 3], order[n // 3 :]
    gate = Gate(vectors, threshold=THRESHOLD, identity=identity)
    gate.enter(reviewed, counted=False)
    listed = gate.loosened(2.0)
    listed.admit(asked)
    inside = reviewed.tolist()
    for at, row in enumerate(asked.tolist()):
        (refusal,) = gate.admit(np.array([row]))
        assert (refusal is not None) == refused_by_comparing_with_all(
            vectors, identity, np.array(inside, np.int64), row
        )
        if refusal is None:
            inside.append(row)
        if at == len(asked) // 2:
            gate.enter(asked[-1:], counted=False)
            inside.append(int(asked[-1]))
