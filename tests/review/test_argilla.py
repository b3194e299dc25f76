"""What is Argilla's own, beyond what every desk does (`tests/contracts/test_desks.py`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from curate.errors import DeskError
from curate.records import Message
from curate.review import Asked, Desk, Guideline
from curate.review.annotator import Annotator, Answer
from curate.review.argilla import ArgillaDesk
from curate.review.server import Server
from tests.contracts.cut_line import CutLine
from tests.desk_items import (
    GUIDELINE,
    MODELS,
    asked_of,
    batch,
    pairs,
    rank_item,
    rewrite_item,
    user,
)

pytestmark = pytest.mark.argilla
NAME = "story-r001-rank"


@pytest.fixture
def desk(argilla: Server) -> Iterator[ArgillaDesk]:
    with ArgillaDesk(argilla.url, argilla.api_key, f"w{uuid4().hex[:12]}") as desk:
        yield desk


@pytest.fixture
def ann(argilla: Server, desk: ArgillaDesk) -> Iterator[Annotator]:
    key = desk.ensure_annotators(["ann"])["ann"]
    with Annotator(argilla.url, key, workspace=desk.workspace.name) as person:
        yield person


def dataset(desk: ArgillaDesk, name: str = f"{NAME}-x1"):
    return desk.workspace.of_batch(name.rpartition("-x")[0])[name]


def writes(desk: ArgillaDesk) -> list[tuple[str, str]]:
    """All that a push could have changed, with its times."""
    found = []
    for held in desk.workspace.of_batch(NAME).values():
        found.append((held["id"], held["updated_at"]))
        found += [(r["id"], r["updated_at"]) for r in desk.rest.records(held["id"])]
    return sorted(found)


def test_argilla_fills_the_protocol(desk):
    filled: Desk = desk
    assert filled is desk


def test_a_second_push_writes_nothing_at_all(desk):
    work = batch([*pairs(3), *pairs(5, overlap=2)[3:]])
    desk.push(work)
    before = writes(desk)
    desk.push(work)
    assert writes(desk) == before and len(before) == 2 + 5


def test_each_overlap_is_a_dataset_that_asks_for_as_many_answers(desk):
    places = desk.push(batch([*pairs(1), *pairs(3, overlap=3)[1:]])).places
    assert set(places) == {f"{NAME}-x1", f"{NAME}-x3"}
    for name, n in ((f"{NAME}-x1", 1), (f"{NAME}-x3", 3)):
        assert dataset(desk, name)["distribution"]["min_submitted"] == n
        assert (
            places[name] == f"{desk.rest.url}/dataset/{dataset(desk, name)['id']}/annotation-mode"
        )


def test_full_rankings_of_different_length_lie_in_datasets_of_their_own(desk):
    items = [rank_item("3?", ["a", "b", "c"]), rank_item("4?", ["a", "b", "c", "d"])]
    assert set(desk.push(batch(items, ranking="full")).places) == {f"{NAME}-n3-x1", f"{NAME}-n4-x1"}


def test_an_item_whose_overlap_changed_is_not_asked_twice(desk):
    item = pairs(1)[0]
    desk.push(batch([item]))
    pushed = desk.push(batch([replace(item, overlap=2), *pairs(2)[1:]]))
    assert f"in dataset '{NAME}-x1' already" in pushed.refused[item.id]
    assert len(pushed.new) == 1


def test_three_hundred_items_and_more_go_through_and_come_back(desk, ann):
    work = batch(pairs(310))
    asked = asked_of(work, desk.push(work))
    waiting = ann.pending(f"{NAME}-x1")
    assert len(waiting) == 310
    some = [Answer(record=s.record, values={"preference": "tie"}) for s in waiting[::10]]
    ids = ann.submit_all(some)
    got = desk.pull(NAME, asked)
    assert len(ids) == len({r.id for r in got.responses}) == got.seen == 31
    assert got.missing == ()


def test_a_pull_that_is_cut_is_an_error_and_the_next_one_has_all(argilla, desk, ann):
    work = batch(pairs(25))
    asked = asked_of(work, desk.push(work))
    for shown in ann.pending(f"{NAME}-x1")[::8]:
        ann.submit(shown.record, {"preference": "both_bad"})
    line = CutLine(argilla.port, path="/records?", let_through=2, moment="before")
    with line, ArgillaDesk(line.url, argilla.api_key, desk.workspace.name, page=10) as cut:
        with pytest.raises(DeskError, match="connection broke during GET"):
            cut.pull(NAME, asked)
    assert len(desk.pull(NAME, asked).responses) == 4


def test_what_every_door_shows_an_annotator_names_no_model_and_no_reason(desk, ann):
    desk.push(batch([*pairs(2), *pairs(3, overlap=2)[2:]]))
    desk.push(batch([rewrite_item("Fix?", "It is.")], "story-r001-rewrite"))
    told = []
    for name, id in ann.datasets().items():
        told += [ann.rest.get(f"datasets/{id}{part}") for part in ("", "/fields", "/questions")]
        told += [ann.rest.get(f"me/datasets/{id}/metadata-properties")]
        told += [ann.rest.get(f"datasets/{id}/records/search/suggestions/options")]
        for shown in ann.pending(name):
            assert shown.metadata == {}
            told += [shown, ann.rest.get(f"records/{shown.record}")]
            told += [ann.rest.get(f"records/{shown.record}/suggestions")]
    everything = repr(told)
    assert "own a" in everything and "It is." in everything
    assert not any(model in everything for model in MODELS)
    assert "secret" not in everything


def test_one_record_that_the_server_refuses_does_not_keep_back_the_others(desk, argilla):
    # Deep in a batch: a field that the dataset knows, but of a kind that it cannot take.
    from curate.review.argilla_push import _write

    work = batch(pairs(9))
    desk.push(work)
    id = dataset(desk)["id"]
    good = [
        {"external_id": f"x{i}", "fields": desk.rest.records(id)[0]["fields"]} for i in range(7)
    ]
    bad = {"external_id": "xbad", "fields": {"prompt": "no chat", "completion_a": "a"}}
    bodies = [*good[:5], bad, *good[5:]]
    refused = _write(bodies, lambda body: desk.rest.post(f"datasets/{id}/records/bulk", body))
    assert list(refused) == ["xbad"] and "Argilla refuses it" in refused["xbad"]
    held = {r["external_id"] for r in desk.rest.records(id)}
    assert {f"x{i}" for i in range(7)} <= held and "xbad" not in held


def test_a_dataset_that_asks_something_else_is_not_touched(desk):
    desk.push(batch(pairs(1)))
    with pytest.raises(DeskError, match="question 'quality' is missing") as met:
        desk.push(batch([rewrite_item("a", "b")], NAME))
    assert f"'{NAME}-x1'" in str(met.value) and "push.dataset" in str(met.value)


def test_a_dataset_that_a_cut_left_unpublished_is_completed(desk):
    work = batch(pairs(2))
    made = desk.workspace
    made.id(create=True)
    held = made._make(f"{NAME}-x1", work, 1)
    desk.rest.post(
        f"datasets/{held['id']}/fields",
        {
            "name": "prompt",
            "title": "Prompt",
            "required": True,
            "settings": {"type": "chat", "use_markdown": False},
        },
    )
    assert len(desk.push(work).new) == 2
    assert dataset(desk)["status"] == "ready"


def test_the_people_needed_may_be_changed_in_argilla_and_a_note_says_so(desk):
    work = batch(pairs(1))
    desk.push(work)
    path = f"datasets/{dataset(desk)['id']}"
    desk.rest.patch(path, {"distribution": {"strategy": "overlap", "min_submitted": 2}})
    pushed = desk.push(work)
    assert pushed.unchanged and "after 2 answers" in pushed.notes[0]


def test_a_guideline_edited_in_argilla_is_noticed_and_answers_since_carry_it(desk, ann):
    work = batch(pairs(2))
    asked = asked_of(work, desk.push(work))
    first, second = ann.pending(f"{NAME}-x1")
    ann.submit(first.record, {"preference": "tie"})
    text = dataset(desk)["guidelines"].replace(GUIDELINE.text, "# By hand")
    desk.rest.patch(f"datasets/{dataset(desk)['id']}", {"guidelines": text})
    ann.submit(second.record, {"preference": "tie"})
    got = desk.pull(NAME, asked)
    by_item = {r.item_id: r.guideline for r in got.responses}
    edited = Guideline(name="", label="", text="# By hand").version
    assert by_item == {first.item_id: GUIDELINE.version, second.item_id: edited}
    assert "was edited in Argilla" in got.notes[0]
    assert ann.guidelines(f"{NAME}-x1") == "# By hand"
    desk.push(work)  # puts the file's guideline back
    again = desk.pull(NAME, asked)
    assert {r.item_id: r.guideline for r in again.responses} == by_item and again.notes == ()


def test_a_guideline_replaced_in_argilla_with_its_history_still_has_a_version(desk, ann):
    work = batch(pairs(1))
    asked = asked_of(work, desk.push(work))
    desk.rest.patch(f"datasets/{dataset(desk)['id']}", {"guidelines": "# By hand"})
    ann.submit(ann.pending(f"{NAME}-x1")[0].record, {"preference": "tie"})
    edited = Guideline(name="", label="", text="# By hand").version
    assert desk.pull(NAME, asked).responses[0].guideline == edited


def test_a_guideline_cut_between_text_and_history_is_repaired_by_the_next_push(desk, ann):
    work = batch(pairs(2))
    asked = asked_of(work, desk.push(work))
    newer = Guideline(name="test", label="2", text="# Be fairer")
    text = dataset(desk)["guidelines"].replace(GUIDELINE.text, newer.text)
    text = text.replace(" -->", f", {newer.version} now -->")
    desk.rest.patch(f"datasets/{dataset(desk)['id']}", {"guidelines": text})  # then the cut
    desk.push(replace(work, guideline=newer))
    ann.submit(ann.pending(f"{NAME}-x1")[0].record, {"preference": "tie"})
    got = desk.pull(NAME, asked)
    assert [r.guideline for r in got.responses] == [newer.version] and got.notes == ()
    assert "now" not in dataset(desk)["guidelines"]


def test_a_guideline_that_returns_counts_from_its_return(desk, ann):
    first, work = GUIDELINE, batch(pairs(3))
    newer = Guideline(name="test", label="2", text="# Be fairer")
    asked = asked_of(work, desk.push(work))
    order = {}
    for guideline in (first, newer, first):
        desk.push(replace(work, guideline=guideline))
        shown = ann.pending(f"{NAME}-x1")[0]
        ann.submit(shown.record, {"preference": "tie"})
        order[shown.item_id] = guideline.version
        assert ann.guidelines(f"{NAME}-x1") == guideline.text
    assert {r.item_id: r.guideline for r in desk.pull(NAME, asked).responses} == order


def test_too_many_versions_of_a_guideline_in_one_round_are_an_error(desk):
    work = batch(pairs(1))
    for n in range(12):
        desk.push(replace(work, guideline=Guideline(name="t", label="", text=f"# {n}")))
    with pytest.raises(DeskError, match="select a new round"):
        desk.push(replace(work, guideline=GUIDELINE))


def test_a_question_added_in_argilla_comes_back_as_well(desk, ann):
    work = batch(pairs(1))
    made = desk.workspace
    made.id(create=True)
    held = made._make(f"{NAME}-x1", work, 1)
    desk.rest.post(
        f"datasets/{held['id']}/questions",
        {
            "name": "sure",
            "title": "How sure?",
            "required": False,
            "settings": {"type": "rating", "options": [{"value": i} for i in range(1, 6)]},
        },
    )
    asked = asked_of(work, desk.push(work))
    ann.submit(ann.pending(f"{NAME}-x1")[0].record, {"preference": "tie", "sure": 4})
    got = {r.question: r.value for r in desk.pull(NAME, asked).responses}
    assert got == {"preference": "tie", "sure": 4}


def test_a_half_made_ranking_in_a_draft_is_read_as_far_as_it_goes(desk, ann):
    work = batch([rank_item("?", ["x", "y", "z"])], ranking="full")
    [one] = asked_of(work, desk.push(work))
    [shown] = ann.pending(f"{NAME}-n3-x1")
    values = {"ranking": {"response2": 1, "response1": None, "response3": None}}
    ann.submit(shown.record, values, "draft")
    [response] = desk.pull(NAME, [one]).responses
    assert response.value == {one.shown[1]: 1} and response.status == "draft"


def test_a_rank_left_out_cannot_be_submitted(desk, ann):
    desk.push(batch([rank_item("?", ["x", "y", "z"])], ranking="full"))
    [shown] = ann.pending(f"{NAME}-n3-x1")
    with pytest.raises(DeskError, match="3 values"):
        ann.submit(shown.record, {"ranking": {"response2": 1}})
    with pytest.raises(DeskError, match="1 of 1 answers are refused"):
        ann.submit_all([Answer(record=shown.record, values={"ranking": {"response2": 1}})])


def test_a_text_longer_than_argillas_limit_for_a_turn_goes_through(desk, ann):
    text = "so & so < on " * 8_000  # 104,000 characters
    pushed = desk.push(batch([rank_item(text, ["a", text])]))
    assert pushed.refused == {}
    [shown] = ann.pending(f"{NAME}-x1")
    assert "".join(turn["content"] for turn in shown.fields["prompt"]) == text


def test_characters_that_no_database_holds_do_not_stop_a_push(desk):
    work = batch([rank_item("nul \x00 lone \ud800", ["a\x00", "b"])])
    assert len(desk.push(work).new) == 1
    assert len(desk.push(work).unchanged) == 1


def test_a_prefill_that_went_away_is_removed(desk, ann):
    item = rewrite_item("Fix?", "It is.")
    desk.push(batch([item], "s-r001-rewrite"))
    candidate = replace(item.candidates[0], message=Message(role="assistant", content=""))
    pushed = desk.push(batch([replace(item, candidates=(candidate,))], "s-r001-rewrite"))
    assert pushed.updated == (item.id,)
    [shown] = ann.pending("s-r001-rewrite-x1")
    assert shown.prefilled == {} and shown.fields["completion"] == "(empty)"


def test_a_wrong_key_is_told_and_not_shown(argilla):
    with ArgillaDesk(argilla.url, "wrong-key-123", "w") as desk:
        with pytest.raises(DeskError, match="API key is refused") as met:
            desk.push(batch(pairs(1)))
    assert "wrong-key-123" not in str(met.value)


def test_a_reviewers_key_may_not_push_nor_pull(argilla, desk, ann):
    work = batch(pairs(1))
    asked = asked_of(work, desk.push(work))
    key = desk.ensure_annotators(["ann"])["ann"]
    with ArgillaDesk(argilla.url, key, desk.workspace.name) as theirs:
        with pytest.raises(DeskError, match="may not do that"):
            theirs.pull(NAME, asked)
        with pytest.raises(DeskError, match="may not do that"):
            theirs.push(batch(pairs(1), "other-r001-rank"))
        with pytest.raises(DeskError, match="only the owner"):
            theirs.ensure_annotators(["eve"])
    with (
        ArgillaDesk(argilla.url, key, "nowhere") as theirs,
        pytest.raises(DeskError, match="no workspace 'nowhere'"),
    ):
        theirs.push(work)


def test_an_admin_of_the_workspace_pulls_with_names(argilla, desk, ann):
    work = batch(pairs(1))
    asked = asked_of(work, desk.push(work))
    ann.submit(ann.pending(f"{NAME}-x1")[0].record, {"preference": "tie"})
    name = f"admin{uuid4().hex[:8]}"
    body = {"username": name, "first_name": name, "role": "admin", "password": uuid4().hex}
    key = desk.rest.post("users", body)["api_key"]
    desk.ensure_annotators([name])
    with ArgillaDesk(argilla.url, key, desk.workspace.name) as admin:
        assert [r.annotator for r in admin.pull(NAME, asked).responses] == ["ann"]
        assert len(admin.push(work).unchanged) == 1


def test_accounts_are_made_once_and_keep_their_keys(desk):
    name = f"new{uuid4().hex[:8]}"
    first = desk.ensure_annotators([name, "ann", name])
    assert list(first) == [name, "ann"]
    assert desk.ensure_annotators([name, "ann"]) == first


def test_a_person_who_left_takes_their_answers_along_and_that_is_told(argilla, desk):
    name = f"gone{uuid4().hex[:8]}"
    key = desk.ensure_annotators([name])[name]
    work = batch(pairs(1))
    asked = asked_of(work, desk.push(work))
    with Annotator(argilla.url, key, workspace=desk.workspace.name) as person:
        person.submit(person.pending(f"{NAME}-x1")[0].record, {"preference": "tie"})
        me = person.rest.get("me")["id"]
    before = desk.pull(NAME, asked).responses
    desk.rest.delete(f"users/{me}")
    after = desk.pull(NAME, asked, since={r.id: r.updated_at for r in before})
    assert after.gone == (before[0].id,)


def test_a_renamed_or_deleted_batch_is_an_error(desk):
    work = batch(pairs(1))
    asked = asked_of(work, desk.push(work))
    desk.rest.delete(f"datasets/{dataset(desk)['id']}")
    for call in (lambda: desk.pull(NAME, asked), lambda: desk.progress(NAME)):
        with pytest.raises(DeskError, match="deleted or renamed"):
            call()
    assert len(desk.push(work).new) == 1


def test_a_batch_is_not_taken_for_another_whose_name_begins_like_it(desk):
    desk.push(batch(pairs(1), "story-r001-rank"))
    desk.push(batch(pairs(2), "story-r001-rank-x1-more"))
    assert desk.progress("story-r001-rank").total == 1


def test_what_is_stored_is_json_of_nothing_but_the_texts_and_the_mark(desk):
    work = batch(pairs(1))
    [one] = asked_of(work, desk.push(work))
    [record] = desk.rest.records(dataset(desk)["id"])
    assert record["metadata"] == {"order": one.mark}
    assert set(record["fields"]) == {"prompt", "completion_a", "completion_b"}
    assert isinstance(one, Asked) and json.dumps(record)


def test_a_message_of_a_tool_is_readable(desk, ann):
    record = user("Weather?")
    more = (*record.messages, Message(role="tool", name="get", content='{"t":20}'))
    item = replace(pairs(1)[0], record=replace(record, messages=more))
    desk.push(batch([item]))
    [shown] = ann.pending(f"{NAME}-x1")
    assert shown.fields["prompt"][1] == {"role": "tool get", "content": '{\n  "t": 20\n}'}
