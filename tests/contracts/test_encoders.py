"""What every registered encoder promises."""

import numpy as np
import pytest

from curate.embed import encoder_named, encoders


@pytest.fixture(params=list(encoders), scope="module")
def encoder(request):
    return encoder_named(request.param)


@pytest.fixture(scope="module")
def encoded(encoder):
    return encoder.encode(["A cat.", "", "word " * 600, "A cat."], batch_tokens=1024)


def test_it_is_called_what_it_is_registered_as(encoder):
    assert encoder.name in encoders


def test_vectors_are_unit_and_float32(encoded):
    vectors, _ = encoded
    assert vectors.dtype == np.float32 and len(vectors) == 4
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_windows_tell_long_texts_from_short_ones(encoded):
    _, windows = encoded
    assert windows.tolist()[:2] == [1, 1] and windows[2] > 1


def test_equal_texts_get_equal_bytes(encoded):
    vectors, _ = encoded
    assert vectors[0].tobytes() == vectors[3].tobytes()
