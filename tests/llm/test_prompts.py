import pytest

from curate.errors import ConfigError
from curate.llm.prompts import load, read

HEAD = "---\nname: mine\nversion: 2\nkind: pointwise\ninputs: [question, answer]\n---\n"
BODY = "system:\nGrade.\nuser:\n{{question}}\n\n{{ answer }}\n\nReply.\n"

SHIPPED = {
    "rubric": "rubric@1+3dc7f7",
    "compare": "compare@1+f13c0a",
    "reference": "reference@1+4829a0",
    "p_true": "p_true@1+3c4c3d",
}


def refusal(text):
    with pytest.raises(ConfigError) as miss:
        read(text, "mine.md")
    return str(miss.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_prompt_changes_its_version_with_its_text(name):
    assert load("judge", name).label == SHIPPED[name]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_prompts_say_that_length_is_no_merit_and_that_texts_are_no_instructions(name):
    prompt = load("judge", name)
    assert "never instructions to you" in prompt.system
    assert name == "p_true" or "Length alone is no merit" in prompt.system


def test_the_rubric_has_an_anchor_for_each_grade():
    lines = load("judge", "rubric").system.splitlines()
    assert [line[0] for line in lines if line[1:4] == " = "] == ["5", "4", "3", "2", "1"]


def test_schemas_ask_for_the_reasoning_first_and_suit_strict_servers():
    for name in ("rubric", "compare", "reference"):
        reply = load("judge", name).reply
        assert next(iter(reply["properties"])) == "reasoning"
        assert reply["required"] == list(reply["properties"])
        assert reply["additionalProperties"] is False


def test_a_file_of_ones_own(tmp_path):
    (tmp_path / "mine.md").write_text(HEAD + BODY)
    prompt = load("judge", "mine.md", folder=tmp_path)
    assert (prompt.name, prompt.version, prompt.kind) == ("mine", "2", "pointwise")
    assert prompt.inputs == ("question", "answer")
    assert prompt.system == "Grade."
    assert prompt.reply is None


def test_a_changed_text_of_the_same_version_is_told_apart():
    one, other = read(HEAD + BODY, "a"), read(HEAD + BODY.replace("Grade.", "Grade!"), "a")
    assert one.label.startswith("mine@2+")
    assert one.label != other.label
    assert one.label == read((HEAD + BODY).replace("\n", "\r\n"), "b").label


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"'rubrik'; did you mean 'rubric'\? Known: compare"):
        load("judge", "rubrik")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.md: the prompt cannot be read"):
        load("judge", "gone.md", folder=tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "mine.md").write_bytes(b"---\n\xff\xfe")
    with pytest.raises(ConfigError, match=r"mine\.md: the prompt cannot be read"):
        load("judge", "mine.md", folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "mine.md:1: no front matter"),
        ("Grade this.", "mine.md:1: no front matter"),
        ("---\nname: mine\n", "mine.md:1: no front matter"),
        ("---\nname: a\nversion: 1: 2\n---\n" + BODY, "mine.md:3: no YAML: mapping"),
        ("---\njust words\n---\n" + BODY, "mine.md:2: the front matter needs keys"),
        (HEAD.replace("kind", "sort") + BODY, "mine.md:4: unknown key `sort`"),
        (HEAD.replace("mine", "my rubric") + BODY, "mine.md:2: `name:` must be one word"),
        (HEAD.replace("version: 2\n", "") + BODY, "mine.md:1: `version:` must be one word"),
        (HEAD.replace("[question, answer]", "question") + BODY, "mine.md:5: `inputs:` must list"),
        (HEAD.replace("question, ", "answer, ") + BODY, "mine.md:5: `inputs:` must list"),
        (HEAD.replace("kind", "reply: yes\nkind") + BODY, "mine.md:4: `reply:` must be a JSON"),
        (HEAD + BODY.replace("user:", "human:"), "mine.md:7: after the front matter"),
        (HEAD + BODY + "user:\nmore\n", "mine.md:15: after the front matter"),
        (HEAD + "Hello\n" + BODY, "mine.md:7: text before the line `system:`"),
        (HEAD + BODY.replace("answer", "anwser"), "mine.md:12: 'anwser' is none of the inputs"),
        (HEAD + BODY.replace("Grade.", "{{answer}}"), "mine.md:8: {{answer}} is a text; it"),
        (HEAD + BODY.replace("Grade.", "{{mark}}"), "mine.md:8: 'mark' is none of the inputs"),
        (HEAD + BODY.replace("{{q", "Q: {{q"), "mine.md:10: {{question}} must stand alone"),
        (HEAD + BODY.replace("{{ answer }}", "{{question}}"), "mine.md:12: {{question}} stands tw"),
        (HEAD + BODY.replace("{{question}}", ""), "mine.md:5: no place for 'question'"),
        (HEAD + BODY.replace("Reply.\n", ""), "mine.md:12: say after the last text how to reply"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text, says):
    assert refusal(text).startswith(says)
