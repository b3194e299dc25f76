"""Names of persons by a model: a tiny one made here, whose answers are drawn by lot."""

import pytest

from curate.checks.personal import Match, find, redact
from curate.checks.personal.names import Names, names
from curate.checks.personal.redaction import Redactor
from curate.errors import ConfigError, MissingExtraError


def capitals(text):
    """Take every capitalised word for a person, and say so of a town as of a town."""
    at = 0
    for word in text.split(" "):
        if word[:1].isupper():
            yield at, at + len(word), "LOC" if word == "Paris" else "PER", 0.9
        at += len(word) + 1


def test_persons_are_found_and_towns_are_not():
    look = Names(model=capitals)
    assert find("where is Anna in Paris", [look]) == [Match(9, 13, "person", 0.9)]


def test_names_are_redacted_where_a_model_is_brought():
    redactor = Redactor(how="mask", recognisers=[Names(model=capitals)])
    assert redactor.texts(["with Anna"]) == ["with ••••"]
    assert redact(["with Anna"], how="mask") == ["with Anna"]


@pytest.mark.slow
def test_a_model_of_transformers_is_loaded_by_name(tmp_path):
    transformers = pytest.importorskip("transformers")
    (tmp_path / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "anna"])
    )
    transformers.BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = transformers.BertConfig(
        vocab_size=6,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        id2label={0: "PER"},
        label2id={"PER": 0},
    )
    transformers.BertForTokenClassification(config).save_pretrained(tmp_path)
    look = names(f"transformers:{tmp_path}")
    assert [match.kind for match in look.find("anna")] == ["person"]


def test_what_is_missing_is_named():
    with pytest.raises(ConfigError, match="spacy:NAME or transformers:NAME"):
        names("en_core_web_sm")
    try:
        import spacy  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(MissingExtraError, match="pip install spacy"):
            names("spacy:en_core_web_sm")
