from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.review.questions import as_written, layout, on_screen, row, why_unaskable
from curate.review.shuffle import asked
from tests.desk_items import batch, pairs, rank_item, rewrite_item


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_what_is_put_on_the_screen_reads_as_it_was_written(text):
    shown = on_screen(text)
    assert "<" not in shown and ">" not in shown
    assert as_written(shown) == text


def test_nothing_is_rendered_as_markdown():
    for work in (batch(pairs(1)), batch([rewrite_item("a", "b")]), batch(pairs(1), ranking="full")):
        asks = layout(work, 2)
        for part in (*asks.fields, *asks.questions):
            assert not part["settings"].get("use_markdown")


def test_a_pair_stands_in_the_shown_order():
    work = batch(pairs(20))
    for item in work.items:
        one = asked(item, seed=7)
        by_id = {c.id: c.message.content for c in item.candidates}
        fields = row(item, one, work).fields
        assert [fields["completion_a"], fields["completion_b"]] == [by_id[i] for i in one.shown]


def test_an_answer_of_calls_alone_is_shown_and_not_prefilled():
    from curate.records import ToolCall

    item = rewrite_item("Weather?", None, tool_calls=(ToolCall(name="get", arguments="{}"),))
    made = row(item, asked(item, seed=7), batch([item]))
    assert "calls the tool get" in made.fields["completion"]
    assert made.prefilled == {}


@pytest.mark.parametrize(
    ("item", "ranking", "reason"),
    [
        (rewrite_item("a", "b"), "pair", "an item to rewrite, in a batch to rank"),
        (rank_item("a", ["b"]), "pair", "1 answers; a pair has two"),
        (rank_item("a", ["b"]), "full", "a person can order 2 to 26"),
        (replace(pairs(1)[0], overlap=0), "pair", "at least one"),
        (replace(pairs(1)[0], candidates=pairs(1)[0].candidates[:1] * 2), "pair", "twice"),
    ],
)
def test_what_cannot_be_asked_is_told_why(item, ranking, reason):
    assert reason in (why_unaskable(item, batch(pairs(1), ranking=ranking)) or "")


def test_two_answers_to_rewrite_are_one_too_many():
    item = replace(pairs(1)[0], task="rewrite")
    assert "2 answers" in (why_unaskable(item, batch([rewrite_item("a", "b")])) or "")
