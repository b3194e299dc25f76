import numpy as np
import pytest

from curate.embed import Embedder, embed, encoder_named, encoders
from curate.embed.sentence import SentenceEncoder
from curate.errors import ConfigError


@pytest.fixture(scope="session")
def minilm():
    return encoder_named("minilm")


def long_text(n_words: int) -> str:
    words = ("river", "stone", "engine", "window", "garden", "copper", "signal", "winter")
    return " ".join(words[(i * i + i // 7) % len(words)] for i in range(n_words))


def test_the_model_cards_similarities_reproduce(minilm):
    v = embed(
        [
            "The weather is lovely today.",
            "It's so sunny outside!",
            "He drove to the stadium.",
        ],
        encoder=minilm,
    )
    assert v.dtype == np.float32
    assert (v @ v.T)[np.triu_indices(3, 1)] == pytest.approx([0.6660, 0.1046, 0.1411], abs=5e-5)


def test_vectors_are_those_of_the_bare_model(minilm):
    texts = ["One.", "A somewhat longer sentence about boats.", "", "  padded  ", "naïve café"]
    bare = minilm._model.encode(texts)
    assert embed(texts, encoder=minilm) == pytest.approx(bare, abs=2e-6)


def test_a_text_gets_the_same_bytes_whatever_stands_beside_it(minilm):
    texts = [long_text(n) for n in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 300)]
    together = embed(texts, encoder=minilm)
    for i in (0, 4, 9, 12):
        assert embed([texts[i]], encoder=minilm).tobytes() == together[i].tobytes()
    assert embed(texts[::-1], encoder=minilm, batch_tokens=300)[::-1].tobytes() == (
        together.tobytes()
    )


def test_the_end_of_a_long_text_counts(minilm):
    start = long_text(400)
    embedder = Embedder(minilm)
    v = embedder([start, start + " The patient was given penicillin.", "short"])
    assert embedder.tally.chunked == 2
    assert v[0] @ v[1] < 0.999
    assert np.linalg.norm(v, axis=1) == pytest.approx(1, abs=1e-6)


def test_a_long_texts_vector_is_the_mean_of_its_windows(minilm):
    # 300 one-token words = windows of 254 and 46 words; with [CLS] and [SEP] 256 and 48 tokens.
    words = ("dog cat " * 150).split()
    first, second = embed([" ".join(words[:254]), " ".join(words[254:])], encoder=minilm)
    mean = 256 * first + 48 * second
    assert embed([" ".join(words)], encoder=minilm)[0] == pytest.approx(
        mean / np.linalg.norm(mean), abs=1e-5
    )


def test_hostile_texts_give_finite_unit_vectors(minilm):
    v = embed(["\ud800", "\x00\x00", "\u202e" * 50, "🙂" * 300, "a" * 5000], encoder=minilm)
    assert np.linalg.norm(v, axis=1) == pytest.approx(1, abs=1e-6)


def test_bfloat16_is_close_to_float32(minilm):
    texts = [long_text(n) for n in (3, 30, 100)]
    half = embed(texts, encoder="minilm-bf16")
    assert (half * embed(texts, encoder=minilm)).sum(1).min() > 0.99


def test_an_encoder_that_cannot_be_loaded_names_the_one_that_always_can(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be loaded.*minilm"):
        SentenceEncoder(str(tmp_path / "none"), offline=True).encode(["x"])


def test_offline_encoders_are_registered_by_name():
    assert list(encoders) == ["minilm", "minilm-bf16"]
