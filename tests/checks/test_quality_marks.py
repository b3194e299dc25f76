import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Context, rows_of
from curate.checks.quality import blank, code_fault, damage, leftover
from curate.checks.quality.code import blocks, json_fault, python_fault
from curate.checks.rows import TURNS


def flagged(name, answer, prompt="What is it?"):
    return CHECKS.get(name).run(rows_of([prompt], [answer]), Context()).n_rows == 1


@pytest.mark.parametrize(
    "text",
    [
        "The cafÃ© is closed",
        "Itâ€™s fine",
        "naÃ¯ve",
        "voilÃ\xa0 tout",
        "broken \ufffd here",
        "a NUL \x00 in it",
        "caf\\u00e9 au lait",
        "ÐŸÑ€Ð¸Ð²ÐµÑ‚",
    ],
)
def test_damage_of_encoding_is_found(text):
    assert damage(text) is not None
    assert flagged("mojibake", text)


@pytest.mark.parametrize(
    "text",
    [
        "Ça va, le café est fermé à huit heures.",
        "Größe, Straße, Übermut — „Zitat“ und »noch eins«.",
        "São Paulo, João, ação, é à noite",
        "Ðað er gott. Þetta er íslenska.",
        "Привет, как дела?",
        "Ångström, ÅÄÖ, Æ Ø Å",
        "今日は良い天気ですね。",
        "مرحبا بالعالم",
        "שלום עולם",
        "नमस्ते दुनिया",
        "Tiếng Việt có nhiều dấu: ă â đ ê ô ơ ư",
        "👩‍👩‍👧 🇩🇪 emoji and a \u200d joiner",
        "x ≤ y → z, 20 °C ± 2, ½, €5, “quotes” – dashes…",
        "The replacement character is U+FFFD (\ufffd).",
        "In JSON, é may be written `\\u00e9`.",
        "",
    ],
)
def test_correct_text_of_any_language_is_not_damaged(text):
    assert damage(text) is None
    assert not flagged("mojibake", text)


def test_what_damaged_text_should_read_is_said_and_shown():
    text = "The cafÃ© is closed"
    fault = damage(text)
    assert "“Ã©” should read “é”" in fault.says
    assert [text[a:b] for a, b in fault.spans] == ["Ã©"]


def test_damage_in_a_prompt_is_told_of_the_prompt():
    (one,) = CHECKS.get("mojibake").run(rows_of(["Wo ist das cafÃ©?"], ["Da."]), Context()).findings
    assert one.evidence[0].field == "prompt"
    assert one.rows == (0,)


@pytest.mark.parametrize(
    "answer",
    [
        "Four.<|im_end|>",
        "[INST] What? [/INST] That.",
        "Yes</s>",
        "### Response:\nIt is blue.",
        "It is blue.\n\nHuman: And the sea?",
        "<unk> is here",
        "It is blue.<end_of_turn>",
        "<<SYS>> be brief <</SYS>>",
        "Sure.<\uff5cend\u2581of\u2581sentence\uff5c>",
    ],
)
def test_marks_of_chat_templates_are_found(answer):
    assert leftover(answer).score == 1
    assert flagged("template-tokens", answer)


@pytest.mark.parametrize(
    ("answer", "prompt"),
    [
        ("The token `<|im_end|>` ends a turn.", "How does a turn end?"),
        ("```\n<|im_start|>user\n```", "Show it."),
        ('It is written as "<|endoftext|>".', "Which token?"),
        ("<|endoftext|> ends a document.", "What does <|endoftext|> mean?"),
        ("Struck <s>through</s> text", "How?"),
        ("a < b | c > d and x[0], array[PADDING]", "Code?"),
        ("The [MASK] of Zorro", "Film?"),
        ("Use {{ name }} in Jinja: `{{ name }}`", "How do I write {{ name }}?"),
        ("Dear [Your Name],", "Write a letter template."),
        ("## Introduction\nIt begins.", "Write."),
        ("Human: nature is odd".replace("Human: ", "human "), "?"),
        ("", "?"),
    ],
)
def test_who_speaks_of_marks_was_not_left_with_them(answer, prompt):
    assert leftover(answer, prompt) is None
    assert not flagged("template-tokens", answer, prompt)


def test_a_place_to_fill_in_is_a_fact():
    assert leftover("Yours, [Your Name]", "What is the sky?").severity == "info"


def test_a_conversation_written_into_a_prompt_is_found():
    prompt = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    found = CHECKS.get("template-tokens").run(rows_of([prompt], ["Hello."]), Context())
    assert found.findings[0].evidence[0].field == "prompt"
    asked = rows_of(["What does <|im_end|> mean?"], ["It ends a turn."])
    assert CHECKS.get("template-tokens").run(asked, Context()).n_rows == 0


def test_blocks_are_told_as_commonmark_tells_them():
    text = "````md\n```py\nx\n```\n````\n~~~\ny\n~~~\n```js\nz"
    assert [(b.language, b.closed) for b in blocks(text)] == [
        ("md", True),
        ("", True),
        ("js", False),
    ]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Here:\n```python\nprint(1)", "never closes"),
        ('```json\n{"a": 1,}\n```', "does not parse"),
        ('{"a": [1, 2}', "looks like JSON"),
        ('[{"a": 1}, {"b": }]', "looks like JSON"),
        ("```python\ndef f(x)\n    return x\n```", "does not compile"),
    ],
)
def test_broken_code_is_found(answer, why):
    assert why in code_fault(answer).says
    assert flagged("broken-code", answer)


@pytest.mark.parametrize(
    "answer",
    [
        '```json\n{"a": [1, 2, {"b": null}]}\n```',
        '{"a": 1}\n{"a": 2}',
        '{"a": NaN}',
        '{"a": 1} is what you asked for.',
        "[1] Smith et al. [2] Jones",
        "{name} is a place to fill in",
        '```json\n{"a": 1, // a comment\n "b": ...}\n```',
        "```python\nprint 'Python 2'\n```",
        "```python\n>>> 1 + 1\n2\n```",
        "```python\n    x = 1\n    y = 2\n```",
        "```python\n%matplotlib inline\nx = 1\n```",
        "```bash\nif then fi (\n```",
        "Use `x` and ``y``.",
        "```json\n{}\n```</s></s>",
        "",
    ],
)
def test_code_that_is_as_it_should_be_is_not_broken(answer):
    assert code_fault(answer) is None
    assert not flagged("broken-code", answer)


def test_python_that_does_not_compile_is_a_fact():
    assert code_fault("```python\ndef f(x)\n    return x\n```").severity == "info"


def test_json_nested_ten_thousand_deep_is_told_and_nothing_falls_over():
    deep = "[" * 10_000 + "]" * 10_000
    assert "too deep" in json_fault(deep)[0]
    answer = '{"a": ' * 10_000 + "1" + "}" * 10_000
    assert "too deep" in code_fault(answer).says
    assert python_fault("(" * 10_000) is None
    assert python_fault("-" * 10_000 + "1") is None
    assert python_fault("x = " + "1 + " * 4000 + "1") is None


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="`~{}[]()\"': ,\n\\abc01pyjson", max_size=120))
def test_no_text_makes_a_judge_fail(text):
    for judge in (code_fault, damage, leftover, blank):
        judge(text)


@settings(deadline=None, max_examples=60)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: st.lists(x) | st.dictionaries(st.text(max_size=3), x),
        max_leaves=8,
    )
)
def test_what_json_writes_is_json(value):
    assert json_fault(json.dumps(value)) is None


@pytest.mark.parametrize("answer", ["", " \n\t", "\u200b", "\x00", "\u00a0 \ufeff"])
def test_an_answer_of_nothing_is_an_error(answer):
    (one,) = CHECKS.get("empty-turns").run(rows_of(["Hi?"], [answer]), Context()).findings
    assert one.severity == "error"


def test_punctuation_alone_is_a_warning():
    (one,) = CHECKS.get("empty-turns").run(rows_of(["Hi?"], ["..."]), Context()).findings
    assert one.severity == "warning"


@pytest.mark.parametrize("answer", ["4", "👍", "+", "はい", "ا", "a"])
def test_a_short_answer_is_an_answer(answer):
    assert not flagged("empty-turns", answer)


def test_an_answer_that_is_missing_is_told_where_most_rows_have_one():
    found = CHECKS.get("empty-turns").run(rows_of(["a"] * 3, ["x", None, "y"]), Context())
    assert [f.rows for f in found.findings] == [(1,)]
    assert CHECKS.get("empty-turns").run(rows_of(["a", "b"]), Context()).findings == ()


def test_an_empty_turn_of_a_prompt_is_found_by_its_number():
    import dataclasses

    import pyarrow as pa

    prompt = "user: Hi\nassistant: \nuser: Hm?"
    turns = [
        {"role": "user", "start": 6, "end": 8},
        {"role": "assistant", "start": 20, "end": 20},
        {"role": "user", "start": 27, "end": 30},
    ]
    rows = dataclasses.replace(rows_of([prompt], ["Yes."]), turns=pa.array([turns], TURNS))
    (one,) = CHECKS.get("empty-turns").run(rows, Context()).findings
    assert "number 2, of the assistant" in one.message


def test_a_place_to_fill_in_is_to_be_filled_in():
    """The advice on marks of a template, to leave them to the trainer, would mislead here."""
    rows = rows_of(["Who are you?"], ["I am [Your Name], at your service."])
    (finding,) = CHECKS.get("template-tokens").run(rows, Context()).findings
    assert finding.message.endswith("; fill it in, or drop the row unless a template was asked for")


def test_a_character_that_nobody_sees_is_named():
    rows = rows_of(
        ["Say it."], ["The law\x80\x94as it was then\x80\x94has no such clause. â€œNo.â€"]
    )
    for finding in CHECKS.get("mojibake").run(rows, Context()).findings:
        assert finding.message.isprintable()
