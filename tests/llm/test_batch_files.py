"""Batch files by themselves: written here, run by someone, read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.llm.batch_files import read_results, request_line, result_of, write_requests
from curate.llm.calls import Call

RECORDED = Path(__file__).parents[1] / "data" / "vllm"


def call(text: str = "hello", **more) -> Call:
    return Call(
        model="little", base_url="x:", messages=({"role": "user", "content": text},), **more
    )


def test_a_request_is_named_by_its_calls_key_and_holds_its_parameters():
    one = call(params={"temperature": 0.5, "seed": 7}, sample=2)
    assert json.loads(request_line(one)) == {
        "custom_id": one.key,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "little",
            "messages": [{"role": "user", "content": "hello"}],
            "temperature": 0.5,
            "seed": 9,  # 7 + sample 2
        },
    }


def test_headers_and_their_secrets_stay_out_of_the_file():
    one = call(params={"extra_headers": {"x-key": "secret"}, "extra_body": {"top_k": 5}})
    assert b"secret" not in request_line(one)
    assert json.loads(request_line(one))["body"]["top_k"] == 5


def test_calls_of_one_key_are_one_line(tmp_path):
    assert write_requests([call(), call(), call(sample=1)], tmp_path / "in.jsonl") == 2
    assert len((tmp_path / "in.jsonl").read_bytes().splitlines()) == 2


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_goes_through_a_line_unchanged(text):
    line = request_line(call(text))
    assert line.count(b"\n") == 1
    assert json.loads(line)["body"]["messages"][0]["content"] == text


@settings(deadline=None, max_examples=100)
@given(st.one_of(st.binary(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_no_line_makes_the_reader_stumble(line):
    result_of(line)


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=100)
@given(json_value, json_value, json_value)
def test_whatever_stands_under_a_key_becomes_a_reply_or_a_reason(body, status, error):
    response = {"status_code": status, "body": body}
    found = result_of(json.dumps({"custom_id": "k", "response": response, "error": error}))
    reply = found.reply()
    assert reply.why_failed or reply.message


def test_the_output_of_vllm_run_batch_is_read_line_by_line():
    found = list(read_results(RECORDED / "run_batch.jsonl"))
    asked = (RECORDED / "run_batch_requests.jsonl").read_text().splitlines()
    assert [key for key, _ in found] == [json.loads(line)["custom_id"] for line in asked]
    first, second, schema, long, wrong = [reply for _, reply in found]
    assert [first.text, second.text] == [
        "'Natural'",
        "One colour is blue, but I'm not here to discuss",
    ]
    assert (first.finish_reason, second.finish_reason) == ("stop", "length")
    assert (first.prompt_tokens, first.completion_tokens, len(first.logprobs)) == (34, 4, 4)
    assert first.logprobs[0] == -7.5743513107299805
    assert json.loads(schema.text) == {"grade": 1}
    assert long.why_failed.startswith("HTTP 400: This model's maximum context length is 512")
    assert wrong.why_failed.startswith("HTTP 400: top_p must be in (0, 1]")


def test_lines_that_are_no_results_are_told_and_left_out(tmp_path, capsys):
    good = (RECORDED / "run_batch.jsonl").read_text().splitlines()[0]
    path = tmp_path / "out.jsonl"
    path.write_text(f"{good}\n\n[]\n{good[:99]}")
    assert len(list(read_results(path))) == 1
    told = capsys.readouterr().err
    assert "out.jsonl:3: left out: no object with a custom_id" in told
    assert "out.jsonl:4: left out: no JSON" in told


def test_a_file_that_is_not_there_is_an_error_of_the_run(tmp_path):
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read"):
        list(read_results(tmp_path / "none.jsonl"))
