"""What becomes of rows: one record a prompt, repeats, duplicates, groups, turns, tool calls."""

import contextlib
import json
import math

import msgspec
import pytest

from curate.ingest import read
from curate.ingest.assembly import Assembly
from curate.ingest.exchange import Context
from curate.ingest.readers.openai_chat import OPENAI_CHAT
from curate.ingest.readers.openai_typed import read_typed
from curate.ingest.requests import Requests
from curate.records import candidate_id, record_id


def ask(text):
    return {"role": "user", "content": text}


def answer(text, **more):
    return {"role": "assistant", "content": text, **more}


def logged(prompt, text, *, model="m1", name=None, **more):
    message = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    response = {"id": name, "model": model, "created": 1700000000, "choices": [choice]}
    return {"request": {"model": model, "messages": [ask(prompt)]}, "response": response}


@pytest.fixture
def run(tmp_path):
    """Write rows to a file, read it, and give all batches as plain rows."""

    def go(*rows, name="rows.jsonl", **options):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        batches = list(read([path], **options))
        tables = [
            [row for b in batches for row in getattr(b, table).to_pylist()]
            for table in ("records", "candidates", "pairs")
        ]
        return (*tables, [(r.line, r.reason) for b in batches for r in b.rejected])

    return go


def test_answers_of_two_models_to_one_prompt_are_candidates_of_one_record(run):
    records, candidates, _, rejected = run(
        logged("2 + 2?", "4", model="m1"), logged("2 + 2?", "5", model="m2")
    )
    assert [r["id"] for r in records] == [record_id([ask("2 + 2?")])]
    assert [(c["record_id"], c["model"]) for c in candidates] == [
        (records[0]["id"], "m1"),
        (records[0]["id"], "m2"),
    ]
    assert not rejected


def test_a_prompt_in_another_batch_is_still_the_same_record(run):
    rows = [logged("2 + 2?", str(n)) for n in range(5)]
    records, candidates, _, _ = run(*rows, batch_rows=2)
    assert len(records) == 1
    assert len(candidates) == 5


def test_an_equal_answer_without_a_name_is_a_repeat_with_an_id_of_its_own(run):
    _, candidates, _, _ = run(*[logged("Hi", "Hello")] * 3)
    assert [c["repeat"] for c in candidates] == [0, 1, 2]
    row = candidates[2]
    assert row["id"] == candidate_id(row["record_id"], "m1", answer("Hello"), 2)


def test_an_equal_answer_of_another_response_id_is_a_repeat(run):
    _, candidates, _, rejected = run(
        logged("Hi", "Hello", name="a"), logged("Hi", "Hello", name="b")
    )
    assert [c["repeat"] for c in candidates] == [0, 1]
    assert not rejected


def test_the_same_response_logged_twice_is_a_duplicate_that_names_its_first_line(run, tmp_path):
    row = logged("Hi", "Hello", name="a")
    _, candidates, _, rejected = run(row, logged("x", "y", name="b"), row)
    assert len(candidates) == 2
    assert rejected == [(3, f"duplicate of {tmp_path / 'rows.jsonl'}:1")]


def test_the_same_response_id_with_another_answer_is_kept(run):
    _, candidates, _, rejected = run(logged("Hi", "Hello", name="a"), logged("Hi", "Yo", name="a"))
    assert [json.loads(c["metadata"])["id"] for c in candidates] == ["a", "a"]
    assert not rejected


def test_a_prompt_id_shared_by_samples_makes_no_duplicates(run):
    # the same prompt sampled twice, once by each setting: equal texts are two samples
    rows = [{"prompt_id": "p", "prompt": "Hi", "text": "Yo", "sample": n} for n in range(2)]
    _, candidates, _, rejected = run(*rows)
    assert [c["repeat"] for c in candidates] == [0, 1]
    assert not rejected


def test_an_answer_shown_in_two_pairs_is_one_candidate(run):
    pair = {"prompt": "Hi", "model_a": "m1", "response_a": "Yo"}
    _, candidates, pairs, _ = run(
        {**pair, "model_b": "m2", "response_b": "Hm"},
        {**pair, "model_b": "m3", "response_b": "Ah"},
    )
    assert [c["model"] for c in candidates] == ["m1", "m2", "m3"]
    assert [p["a"] for p in pairs] == [candidates[0]["id"]] * 2


def test_a_pair_keeps_its_sides_winner_judge_and_votes(run):
    votes = [{"annotator": "x", "vote": "b"}]
    records, candidates, pairs, _ = run(
        {
            **{"pair_id": "7", "category": "sums", "prompt": "2 + 2?", "votes": votes},
            **{"response_a": "5", "response_b": "4", "winner": "model_b", "judge": "gpt-4"},
        }
    )
    (pair,) = pairs
    assert (pair["winner"], pair["judge"]) == ("b", "gpt-4")
    assert [pair["a"], pair["b"]] == [c["id"] for c in candidates]
    assert json.loads(pair["metadata"]) == {"pair_id": "7", "category": "sums", "votes": votes}
    assert json.loads(records[0]["metadata"]) == {"category": "sums"}


def test_the_same_pair_row_twice_is_a_duplicate(run, tmp_path):
    row = {"prompt": "Hi", "chosen": "Yo", "rejected": "Go"}
    _, candidates, pairs, rejected = run(row, row)
    assert (len(candidates), len(pairs)) == (2, 1)
    assert rejected == [(2, f"duplicate of {tmp_path / 'rows.jsonl'}:1")]


def test_a_conversation_groups_its_rows_and_no_group_is_the_record_itself(run):
    records, candidates, _, _ = run(
        {"messages": [ask("a"), answer("b")], "conversation_id": "c1"},
        {"messages": [ask("c"), answer("d")], "conversation_id": "c1"},
        {"messages": [ask("e"), answer("f")]},
    )
    assert records[0]["group"] == records[1]["group"] == candidates[0]["group"]
    assert "c1" not in records[0]["group"]
    assert records[2]["group"] == records[2]["id"]


def test_the_time_is_in_seconds_however_it_is_written(run):
    rows = [
        {"prompt": f"p{n}", "completion": "x", "timestamp": when}
        for n, when in enumerate([1700000000, 1700000000000, "2023-11-14T22:13:20Z", "soon"])
    ]
    records, _, _, _ = run(*rows)
    assert [r["time"] for r in records] == [1.7e9, 1.7e9, 1.7e9, None]


def test_the_last_assistant_turn_is_the_candidate(run):
    chat = [ask("a"), answer("b"), ask("c"), answer("d")]
    records, candidates, _, _ = run({"messages": chat})
    assert [m["content"] for m in records[0]["messages"]] == ["a", "b", "c"]
    assert candidates[0]["message"]["content"] == "d"


def test_every_assistant_turn_can_be_a_candidate_of_one_group(run):
    chat = [ask("a"), answer("b"), ask("c"), answer("d")]
    records, candidates, _, _ = run({"messages": chat, "session_id": "s"}, turns="every")
    assert [len(r["messages"]) for r in records] == [1, 3]
    assert [c["message"]["content"] for c in candidates] == ["b", "d"]
    assert len({r["group"] for r in records}) == 1


def test_what_the_user_said_after_the_answer_is_noted(run):
    _, candidates, _, _ = run({"messages": [ask("Right?"), answer("Yes."), ask("No!")]})
    assert json.loads(candidates[0]["metadata"]) == {"followed_by_user": True}


def test_a_chat_without_an_answer_is_a_prompt(run):
    records, candidates, _, rejected = run({"messages": [ask("Hello?")]})
    assert (len(records), len(candidates), len(rejected)) == (1, 0, 0)


def test_two_assistant_turns_in_a_row_are_kept(run):
    records, candidates, _, _ = run({"messages": [ask("a"), answer("b"), answer("c")]})
    assert [m["role"] for m in records[0]["messages"]] == ["user", "assistant"]
    assert candidates[0]["message"]["content"] == "c"


def test_a_system_prompt_alone_is_a_prompt(run):
    records, _, _, _ = run({"messages": [{"role": "system", "content": "Go."}, answer("Gone.")]})
    assert [m["role"] for m in records[0]["messages"]] == ["system"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": [ask(" "), answer("x")]}, "empty prompt"),
        ({"messages": [answer("x")]}, "empty prompt"),
        ({"messages": [ask("x"), answer("")]}, "empty answer"),
        ({"messages": [ask("x"), answer(None)]}, "empty answer"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "unknown role 'narrator'"),
        ({"messages": [{"content": "x", "role": None}]}, "a message has no role"),
        ({"messages": [ask("x"), "y"]}, "a message is a text, not an object"),
        ({"title": "x"}, "no prompt or messages found (keys: title)"),
        (["x"], "the row is a list, not an object"),
        ({"chosen": "Yes", "rejected": "No"}, "texts without a prompt"),
    ],
)
def test_a_row_that_says_nothing_is_rejected_with_the_reason(run, row, reason):
    records, candidates, _, rejected = run(row, {"prompt": "good", "completion": "row"})
    assert (len(records), len(candidates)) == (1, 1)
    assert [(line, reason in why) for line, why in rejected] == [(1, True)], rejected


def test_roles_of_every_dialect_are_understood(run):
    turns = [("human", "a"), ("gpt", "b"), ("observation", "c"), ("bot", "d"), ("HUMAN", "e")]
    chat = [{"from": who, "value": text} for who, text in [*turns, ("model", "f")]]
    records, candidates, _, _ = run({"conversations": chat})
    roles = [m["role"] for m in records[0]["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]
    assert candidates[0]["message"]["content"] == "f"


def test_tool_calls_are_json_texts_whether_logged_as_object_or_text(run):
    def call(arguments):
        return {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}

    _, candidates, _, _ = run(
        logged("a", None, tool_calls=[call('{"x": 1}')]),
        logged("b", None, tool_calls=[call({"x": 1})]),
    )
    first, second = (c["message"] for c in candidates)
    assert first["tool_calls"] == [{"name": "f", "arguments": '{"x": 1}', "id": "c1"}]
    assert second["tool_calls"] == [{"name": "f", "arguments": '{"x":1}', "id": "c1"}]
    assert first["content"] is None


def test_a_refusal_is_an_answer(run):
    _, candidates, _, _ = run(logged("How?", None, refusal="I can't."))
    assert candidates[0]["message"]["refusal"] == "I can't."


def test_a_leading_space_stays(run):
    _, candidates, _, _ = run({"prompt": "The sky is", "completion": " blue."})
    assert candidates[0]["message"]["content"] == " blue."


def test_logprobs_finish_reason_params_and_usage_are_kept(run):
    row = logged("a", "b")
    row["request"] |= {"temperature": 0.5, "seed": 3}
    row["response"]["usage"] = {"total_tokens": 12}
    tokens = [{"token": "b", "logprob": -1.0}, {"token": "", "logprob": -2.0}]
    row["response"]["choices"][0]["logprobs"] = {"content": tokens}
    _, (candidate,), _, _ = run(row)
    # -1 + -2 = -3; -3 / 2 = -1.5
    assert (candidate["logprob_sum"], candidate["logprob_mean"]) == (-3.0, -1.5)
    assert candidate["finish_reason"] == "stop"
    assert json.loads(candidate["params"]) == {"temperature": 0.5, "seed": 3}
    assert json.loads(candidate["metadata"]) == {"usage": {"total_tokens": 12}}
    assert candidate["time"] == 1.7e9


def test_without_logprobs_they_are_nan(run):
    _, (candidate,), _, _ = run(logged("a", "b"))
    assert math.isnan(candidate["logprob_sum"])


def test_text_parts_are_joined_and_the_others_kept(run):
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    parts = [{"type": "text", "text": "What"}, image, {"type": "text", "text": "is it?"}]
    records, _, _, _ = run({"messages": [{"role": "user", "content": parts}, answer("A cat.")]})
    message = records[0]["messages"][0]
    assert message["content"] == "What\nis it?"
    assert json.loads(message["parts"]) == [image]


def test_tool_results_inside_a_user_turn_become_tool_turns(run):
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "12"}
    blocks = [result, {"type": "text", "text": "So?"}]
    records, _, _, _ = run({"messages": [{"role": "user", "content": blocks}, answer("Mild.")]})
    assert [(m["role"], m["content"]) for m in records[0]["messages"]] == [
        ("tool", "12"),
        ("user", "So?"),
    ]
    assert records[0]["messages"][0]["tool_call_id"] == "t1"


def test_training_weights_and_thumbs_reach_the_candidate(run):
    chat = [ask("a"), answer("b", weight=0), ask("c"), answer("d", weight=1)]
    _, candidates, _, _ = run({"messages": chat, "label": False})
    assert json.loads(candidates[0]["metadata"]) == {"label": False, "weight": 1}


def test_what_a_committee_row_says_of_the_prompt_stays_with_the_record(run):
    completions = [{"model": "m1", "text": "4", "correct": True}, {"model": "m2", "text": "5"}]
    records, candidates, _, _ = run(
        {"prompt": "2 + 2?", "task": "sums", "completions": completions}
    )
    assert json.loads(records[0]["metadata"]) == {"task": "sums"}
    assert json.loads(candidates[0]["metadata"]) == {"correct": True}


def test_a_body_too_large_to_keep_twice_is_named(run):
    _, (candidate,), _, _ = run({"prompt": "a", "completion": "b", "page": "x" * 5000, "n": 1})
    assert json.loads(candidate["metadata"]) == {"n": 1, "not_kept": ["page"]}


def test_files_are_named_as_they_were_given(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    with contextlib.chdir(tmp_path):
        (batch,) = read(["logs"])
    assert batch.records.column("source").to_pylist() == ["logs/a.jsonl:1"]


def test_batch_outputs_join_their_inputs_whatever_the_order(tmp_path, request):
    folder = request.path.parents[1] / "data" / "formats" / "own"
    names = ("output", "error", "input")
    (batch,) = read([folder / f"openai-batch-{name}.jsonl" for name in names])
    prompts = {r["id"]: r["messages"][-1]["content"] for r in batch.records.to_pylist()}
    pairs = {prompts[c["record_id"]]: c["message"]["content"] for c in batch.candidates.to_pylist()}
    assert pairs == {"One?": "First", "Two?": "Second"}
    assert sorted(prompts.values()) == ["Four?", "One?", "Two?"]  # nobody answered Four?
    (rejected,) = batch.rejected
    assert "context length exceeded" in rejected.reason


def test_two_batches_with_the_same_names_are_not_mixed_up(tmp_path):
    def asked(text):
        return {
            "custom_id": "r-1",
            "method": "POST",
            "url": "/v1",
            "body": {"messages": [ask(text)]},
        }

    answered = {"custom_id": "r-1", "response": {"status_code": 200, "body": {"choices": [1]}}}
    for name, row in [("in1", asked("a")), ("in2", asked("b")), ("out", answered)]:
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    (batch,) = read([tmp_path])
    assert any("different requests of that name" in r.reason for r in batch.rejected)


PLAIN = [
    logged("Hi", "Hello", name="a"),
    logged("2 + 2?", "4", refusal=None, annotations=[], tool_calls=None),
    {**logged("Hi", "Hé \u2028", name="b")},
]
PLAIN[0]["request"] |= {"temperature": 0.5, "seed": 3, "user": "u-1", "top_p": None}
PLAIN[1]["response"] |= {"usage": {"total_tokens": 3}, "system_fingerprint": "fp", "id": None}
PLAIN[2]["response"] |= {"usage": None, "service_tier": "default", "object": "chat.completion"}


def as_read(exchanges):
    assembly = Assembly()
    assembly.open("f")
    for exchange in exchanges:
        assembly.add(exchange, 1)
    batch = assembly.batch()
    found = [*batch.records.to_pylist(), *batch.candidates.to_pylist()]
    for row in found:
        for column in ("params", "metadata"):
            row[column] = json.loads(row.get(column) or "null")
    return [{k: v for k, v in row.items() if v == v} for row in found]


@pytest.mark.parametrize("row", PLAIN)
def test_the_short_cut_reads_what_the_usual_way_reads(row):
    usual = OPENAI_CHAT.read(row, Context(requests=Requests()))
    assert as_read([read_typed(json.dumps(row).encode())]) == as_read(usual)


@pytest.mark.parametrize(
    "row",
    [
        logged("Hi", None, refusal="No."),
        logged("Hi", None, tool_calls=[{"function": {"name": "f", "arguments": "{}"}}]),
        {**logged("Hi", "Hello"), "session_id": "s"},
        {"prompt": "Hi", "completion": "Hello"},
    ],
)
def test_the_short_cut_refuses_every_row_that_says_more(row):
    with pytest.raises(msgspec.DecodeError):
        read_typed(json.dumps(row).encode())


def test_rows_of_both_kinds_are_read_from_one_file(run):
    plain = [logged(f"p{n}", "x", name=str(n)) for n in range(200)]
    special = logged("Hi", None, refusal="No.")
    records, candidates, _, rejected = run(
        *plain, special, *plain[:1], {"prompt": "p", "text": "t"}
    )
    assert (len(records), len(candidates), len(rejected)) == (202, 202, 1)
    assert candidates[200]["message"]["refusal"] == "No."


def test_ids_are_those_of_the_first_release():
    # a change here would make every stored id foreign to its row
    asked = [
        {"role": "system", "content": "é"},
        {"role": "user", "content": "e\u0301", "parts": "[]"},
    ]
    call = {"name": "f", "arguments": "{}", "id": "x"}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    assert record_id([ask("hi")]) == "rfeccb8ae72fad45c822464ad"
    assert record_id(asked, "[{}]") == "r5ac64c8bd159186f31ceae3e"
    assert candidate_id("r1", "m", message, 2) == "c62279ae095a4d732cb5e6467"
