"""One suite for every desk: what goes there comes back, once, as it was meant.

A desk joins by a kit (`desk_kits`) and a line in `KITS`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from curate.errors import DeskError
from curate.records import Message
from curate.review import Guideline
from tests.contracts.desk_kits import ArgillaKit, Kit
from tests.desk_items import MODELS, asked_of, batch, pairs, rank_item, rewrite_item, user

KITS: dict[str, Callable[[pytest.FixtureRequest], Kit]] = {
    "argilla": lambda request: ArgillaKit(request.getfixturevalue("argilla")),
}
NAME = "story-r001-rank"


@pytest.fixture(params=[pytest.param("argilla", marks=pytest.mark.argilla)])
def kit(request: pytest.FixtureRequest) -> Kit:
    return KITS[request.param](request)


def since(pulled):
    return {response.id: response.updated_at for response in pulled.responses}


def test_every_item_is_new_the_first_time_and_unchanged_the_second(kit):
    work = batch(pairs(5))
    first = kit.desk.push(work)
    again = kit.desk.push(work)
    assert set(first.new) == {item.id for item in work.items}
    assert set(again.unchanged) == set(first.new)
    assert not again.new and not again.updated and not again.refused
    assert again.permutation == first.permutation
    assert kit.count(NAME) == 5


def test_an_empty_batch_is_no_error(kit):
    assert kit.desk.push(batch([])).new == ()


def test_a_vote_means_the_text_that_was_read_whichever_side_it_stood_on(kit):
    work = batch(pairs(12))
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    for id, sight in ann.look(NAME).items():
        ann.answer(NAME, id, {"preference": sight.side("own b")})
    votes = [r.value for r in kit.desk.pull(NAME, asked).responses]
    assert votes == ["b"] * 12
    assert {one.shown == one.candidates for one in asked} == {True, False}, "both orders occur"


def test_a_tie_and_both_bad_survive_the_round_trip(kit):
    work = batch(pairs(2))
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ann.answer(NAME, asked[0].item_id, {"preference": "tie"})
    ann.answer(NAME, asked[1].item_id, {"preference": "both_bad", "comment": "neither"})
    got = {(r.item_id, r.question): r.value for r in kit.desk.pull(NAME, asked).responses}
    assert got == {
        (asked[0].item_id, "preference"): "tie",
        (asked[1].item_id, "preference"): "both_bad",
        (asked[1].item_id, "comment"): "neither",
    }


def test_ranks_come_back_true_with_ties_in_no_order_of_the_options(kit):
    texts = ["worst", "best", "middle one", "middle two"]
    work = batch([rank_item("Order these.", texts)], ranking="full")
    [one] = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    [sight] = ann.look(NAME).values()
    rank = {"best": 1, "middle one": 2, "middle two": 2, "worst": 4}
    ann.answer(NAME, one.item_id, {"ranking": tuple(rank[text] for text in sight.answers)})
    [response] = kit.desk.pull(NAME, [one]).responses
    by_text = dict(zip(texts, one.candidates, strict=True))
    assert response.value == {by_text[text]: r for text, r in rank.items()}
    assert list(response.value) == list(one.candidates)


def test_every_answer_carries_person_status_times_and_guideline(kit):
    work = batch(pairs(1))
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ann.answer(NAME, asked[0].item_id, {"preference": "a"})
    [response] = kit.desk.pull(NAME, asked).responses
    assert (response.annotator, response.status) == ("ann", "submitted")
    assert response.guideline == work.guideline.version
    assert response.inserted_at <= response.updated_at


def test_only_what_is_news_is_told(kit):
    work = batch(pairs(4))
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ids = [one.item_id for one in asked]
    for id in ids[:2]:
        ann.answer(NAME, id, {"preference": "tie"})
    known = since(kit.desk.pull(NAME, asked))
    assert kit.desk.pull(NAME, asked, since=known).responses == ()
    ann.answer(NAME, ids[2], {"preference": "tie"})  # late
    ann.answer(NAME, ids[0], {"preference": "both_bad"})  # a change of mind
    news = kit.desk.pull(NAME, asked, since=known)
    assert [(r.item_id, r.value) for r in news.responses] == [(ids[0], "both_bad"), (ids[2], "tie")]
    assert news.seen == 3


def test_drafts_and_discards_are_told_apart_from_answers(kit):
    work = batch(pairs(3))
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ann.answer(NAME, asked[0].item_id, {"preference": "tie"}, "draft")
    ann.answer(NAME, asked[1].item_id, {}, "discarded")
    ann.answer(NAME, asked[2].item_id, {"comment": "so far"}, "draft")
    got = [(r.item_id, r.question, r.value, r.status) for r in kit.desk.pull(NAME, asked).responses]
    assert got == [
        (asked[0].item_id, "preference", "tie", "draft"),
        (asked[1].item_id, "preference", None, "discarded"),
        (asked[2].item_id, "preference", None, "draft"),
        (asked[2].item_id, "comment", "so far", "draft"),
    ]
    assert kit.desk.progress(NAME).completed == 0


def test_a_draft_that_is_submitted_keeps_its_id(kit):
    work = batch(pairs(1))
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ann.answer(NAME, asked[0].item_id, {"preference": "tie"}, "draft")
    draft = kit.desk.pull(NAME, asked)
    ann.answer(NAME, asked[0].item_id, {"preference": "tie"})
    done = kit.desk.pull(NAME, asked, since=since(draft))
    assert [(r.id, r.status) for r in done.responses] == [(draft.responses[0].id, "submitted")]
    assert done.gone == ()


def test_what_was_deleted_on_the_other_side_is_named(kit):
    work = batch(pairs(3))
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    for one in asked:
        ann.answer(NAME, one.item_id, {"preference": "tie"})
    before = kit.desk.pull(NAME, asked)
    told = {r.item_id: r.id for r in before.responses}
    kit.delete(NAME, asked[0].item_id)
    ann.withdraw(NAME, asked[1].item_id)
    after = kit.desk.pull(NAME, asked, since=since(before))
    assert after.missing == (asked[0].item_id,)
    assert set(after.gone) == {told[asked[0].item_id], told[asked[1].item_id]}
    assert after.responses == ()
    assert kit.desk.push(work).new == (asked[0].item_id,), "pushing again brings it back"


def test_an_emptied_comment_is_gone_and_its_vote_stays(kit):
    work = batch(pairs(1))
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ann.answer(NAME, asked[0].item_id, {"preference": "tie", "comment": "hm"})
    before = kit.desk.pull(NAME, asked)
    ann.answer(NAME, asked[0].item_id, {"preference": "tie"})
    after = kit.desk.pull(NAME, asked, since=since(before))
    assert [id.rpartition("/")[2] for id in after.gone] == ["comment"]
    assert [r.question for r in after.responses] == ["preference"]


def reworded(item, text):
    """The item under the same id, with another prompt."""
    return replace(item, record=replace(user(text), id=item.record.id))


def test_a_text_that_changed_under_an_answer_is_refused_and_the_others_go_through(kit):
    items = pairs(3)
    work = batch(items)
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ann.answer(NAME, items[0].id, {"preference": "tie"})
    changed = batch(
        [reworded(items[0], "Else?"), reworded(items[1], "Other?"), items[2], *pairs(5)[4:]]
    )
    pushed = kit.desk.push(changed)
    assert list(pushed.refused) == [items[0].id]
    assert "1 person answered" in pushed.refused[items[0].id]
    assert (pushed.updated, pushed.unchanged) == ((items[1].id,), (items[2].id,))
    assert len(pushed.new) == 1
    assert items[0].id not in pushed.permutation
    assert ann.look(NAME)[items[1].id].prompt == "Other?"
    assert kit.desk.pull(NAME, asked).responses[0].value == "tie"


def test_another_seed_reorders_the_unanswered_and_leaves_the_answered(kit):
    items = pairs(12)
    work = batch(items)
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    sights = ann.look(NAME)
    for item in items[:6]:
        ann.answer(NAME, item.id, {"preference": sights[item.id].side("own a")})
    other = replace(work, seed=8)
    pushed = kit.desk.push(other)
    assert pushed.updated and set(pushed.refused) <= {item.id for item in items[:6]}
    kept = {one.item_id: one for one in asked} | {
        one.item_id: one for one in asked_of(other, pushed)
    }
    got = kit.desk.pull(NAME, kept.values())
    assert {r.value for r in got.responses} == {"a"} and len(got.responses) == 6
    assert got.refused == {}


def test_an_order_that_is_not_the_desks_is_never_used_to_read_a_vote(kit):
    work = batch(pairs(1))
    [one] = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ann.answer(NAME, one.item_id, {"preference": "a"})
    known = since(kit.desk.pull(NAME, [one]))
    wrong = replace(one, shown=one.shown[::-1])
    got = kit.desk.pull(NAME, [wrong], since=known)
    assert got.responses == () and "another order" in got.refused[one.item_id]
    assert got.gone == (), "unreadable is not gone"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_cut_while_writing_is_an_error_and_the_next_push_completes_it(kit, moment):
    work = batch(pairs(45))  # the kit writes 20 at once: three requests
    with kit.cut(moment, let_through=1) as desk, pytest.raises(DeskError, match="run the same"):
        desk.push(work)
    # 20 went through; the next 20 only where the answer alone was lost.
    stored = 20 if moment == "before" else 40
    pushed = kit.desk.push(work)
    assert (len(pushed.unchanged), len(pushed.new)) == (stored, 45 - stored)
    assert kit.count(NAME) == 45
    assert len(kit.desk.push(work).unchanged) == 45


def test_several_people_answer_at_once_and_nothing_is_lost_or_doubled(kit):
    work = batch(pairs(10, overlap=4))
    asked = asked_of(work, kit.desk.push(work))
    people = kit.people("ann", "ben", "cleo", "dirk")
    failed: list[BaseException] = []

    def answer_all(person):
        try:
            for id, sight in person.look(NAME).items():
                person.answer(NAME, id, {"preference": sight.side("own a")})
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=answer_all, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    got = kit.desk.pull(NAME, asked).responses
    assert {r.value for r in got} == {"a"}
    assert len({(r.item_id, r.annotator) for r in got}) == len(got) == 10 * 4
    progress = kit.desk.progress(NAME)
    assert (progress.total, progress.completed) == (10, 10)
    assert {name: p.submitted for name, p in progress.people.items()} == dict.fromkeys(
        ["ann", "ben", "cleo", "dirk"], 10
    )


def test_an_item_is_done_after_as_many_answers_as_its_overlap(kit):
    items = [*pairs(2), *pairs(4, overlap=2)[2:]]
    work = batch(items)
    asked = asked_of(work, kit.desk.push(work))
    ann, ben = kit.people("ann", "ben")
    for one in asked:
        ann.answer(NAME, one.item_id, {"preference": "tie"})
    assert kit.desk.progress(NAME).completed == 2
    assert set(ben.look(NAME)) == {item.id for item in items[2:]}, "the rest is done"


def test_nothing_a_person_sees_names_model_source_or_reason(kit):
    kit.desk.push(batch([*pairs(3), *pairs(5, overlap=2)[3:]]))
    kit.desk.push(batch([rewrite_item("Fix?", "It is.")], "story-r001-rewrite"))
    [ann] = kit.people("ann")
    seen = [*ann.look(NAME).values(), *ann.look("story-r001-rewrite").values()]
    assert len(seen) == 6
    for sight in seen:
        assert not any(model in sight.everything for model in MODELS)
        assert "secret" not in sight.everything


def test_the_guideline_of_an_answer_is_the_one_shown_when_it_was_given(kit):
    items = pairs(3)
    first = batch(items)
    asked = asked_of(first, kit.desk.push(first))
    [ann] = kit.people("ann")
    ann.answer(NAME, items[0].id, {"preference": "tie"})
    ann.answer(NAME, items[2].id, {"preference": "tie"})
    newer = Guideline(name="test", label="2", text="# Be fairer")
    pushed = kit.desk.push(batch(items, guideline=newer))
    assert len(pushed.unchanged) == 3
    ann.answer(NAME, items[1].id, {"preference": "tie"})
    ann.answer(NAME, items[2].id, {"preference": "both_bad"})  # reconsidered under the new one
    under = {r.item_id: r.guideline for r in kit.desk.pull(NAME, asked).responses}
    assert under == {
        items[0].id: first.guideline.version,
        items[1].id: newer.version,
        items[2].id: newer.version,
    }


def test_a_rewrite_comes_back_with_its_label_and_a_good_answer_without_text(kit):
    name = "story-r001-rewrite"
    items = [rewrite_item(f"Sum {i}?", f"It is {i}.\n\n  - Sure?") for i in range(3)]
    work = batch(items, name)
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    assert ann.look(name)[items[0].id].prefilled == {"rewrite": "It is 0.\n\n  - Sure?"}
    ann.answer(name, items[0].id, {"quality": "good"})
    ann.answer(name, items[1].id, {"quality": "rewritten", "rewrite": "It is <2> & no more."})
    ann.answer(name, items[2].id, {"quality": "unlabelable", "reason": "no numbers"})
    got = [(r.item_id, r.question, r.value) for r in kit.desk.pull(name, asked).responses]
    assert got == [
        (items[0].id, "quality", "good"),
        (items[1].id, "quality", "rewritten"),
        (items[1].id, "rewrite", "It is <2> & no more."),
        (items[2].id, "quality", "unlabelable"),
        (items[2].id, "reason", "no numbers"),
    ]


def test_texts_arrive_as_they_were_written_whatever_they_hold(kit):
    odd = "a < b & c &amp; <script>alert(1)</script> ![x](http://127.0.0.1/x.png) 😀 e\u0301 \u202e"
    work = batch([rank_item(odd, [odd + " one", "x" * 60_000])])
    pushed = kit.desk.push(work)
    [ann] = kit.people("ann")
    [sight] = ann.look(NAME).values()
    assert pushed.refused == {}
    assert sight.prompt == odd
    assert set(sight.answers) == {odd + " one", "x" * 60_000}


def test_more_items_than_a_page_are_all_read(kit):
    work = batch(pairs(61))  # the kit reads 20 at once
    asked = asked_of(work, kit.desk.push(work))
    [ann] = kit.people("ann")
    ann.answer(NAME, asked[-1].item_id, {"preference": "tie"})
    got = kit.desk.pull(NAME, asked)
    assert got.missing == () and [r.item_id for r in got.responses] == [asked[-1].item_id]


def test_an_item_that_cannot_be_asked_is_refused_with_its_reason(kit):
    three = rank_item("Three?", ["1", "2", "3"])
    empty = replace(pairs(1)[0], id="pempty", record=replace(user("x"), messages=()))
    pushed = kit.desk.push(batch([*pairs(2), three, empty]))
    assert len(pushed.new) == 2
    assert "3 answers" in pushed.refused[three.id]
    assert "no message" in pushed.refused["pempty"]


def test_a_batch_that_is_not_there_is_an_error_that_says_so(kit):
    kit.desk.push(batch(pairs(1)))
    with pytest.raises(DeskError, match="nothing named 'other-r001-rank'"):
        kit.desk.pull("other-r001-rank", [])


def test_records_of_others_are_left_aside_and_counted(kit):
    work = batch(pairs(3))
    asked = asked_of(work, kit.desk.push(work))
    got = kit.desk.pull(NAME, asked[:1])
    assert "2 records" in got.notes[0]


def test_progress_is_told_up_to_the_last_item(kit):
    told: list[tuple[int, int]] = []
    kit.desk.push(batch(pairs(50)), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (50, 50) and len(told) > 2


def test_a_prompt_of_many_turns_and_no_content_is_shown(kit):
    record = user("Hi")
    turns = (
        *record.messages,
        Message(role="assistant", content=None),
        Message(role="user", content="?"),
    )
    item = replace(pairs(1)[0], record=replace(record, messages=turns * 300))
    assert kit.desk.push(batch([item])).refused == {}
