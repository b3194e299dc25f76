import pytest

from curate.errors import ConfigError
from curate.review import guideline
from curate.review.guidelines import LONGEST


@pytest.mark.parametrize("task", ["rank", "rewrite"])
def test_each_task_brings_its_own_guideline(task):
    own = guideline(None, task)
    assert (own.name, own.label) == (task, "1")
    assert own.text.startswith("# ") and "---" not in own.text.splitlines()
    assert len(own.text) < LONGEST


def test_the_label_and_the_space_around_the_text_do_not_make_a_version(tmp_path):
    first, second = tmp_path / "a.md", tmp_path / "b.md"
    first.write_text("---\nname: x\nversion: 1\n---\n\n# Be fair\n")
    second.write_text("# Be fair\r\n\r\n", newline="")
    assert guideline(first, "rank").version == guideline(second, "rank").version
    assert guideline(first, "rank").label == "1"
    assert guideline(second, "rank").name == "b"


def test_a_changed_word_makes_a_version(tmp_path):
    file = tmp_path / "a.md"
    file.write_text("# Be fair")
    before = guideline(file, "rank").version
    file.write_text("# Be fairer")
    assert guideline(file, "rank").version != before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "cannot be read"),
        (b"   \n", "is empty"),
        (b"---\nname: x\n---\n", "is empty"),
        (b"---\n: : :\n---\ntext", "front matter is no YAML"),
        (b"---\n- a\n---\ntext", "needs `name:`"),
        (b"x" * (LONGEST + 1), "9,001 characters"),
    ],
)
def test_a_file_that_will_not_do_is_told_with_its_name(tmp_path, content, message):
    file = tmp_path / "g.md"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as met:
        guideline(file, "rank")
    assert str(file) in str(met.value)


def test_a_missing_file_says_what_to_name(tmp_path):
    with pytest.raises(ConfigError, match=r"push\.guidelines"):
        guideline(tmp_path / "none.md", "rank")
