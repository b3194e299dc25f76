"""The offline engine's client, on outputs that a real engine gave."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from curate.config import MemberConfig
from curate.errors import ConfigError
from curate.llm.calls import Call
from curate.llm.vllm_engine import EngineClient, read_output, requests_of, sampling_of

RECORDED = Path(__file__).parents[1] / "data" / "vllm" / "engine.json"


def output(name: str) -> SimpleNamespace:
    """Return a recorded `RequestOutput`; positions are keyed by token ids, as in the original."""

    def shaped(held: dict) -> object:
        if held and all(key.isdigit() for key in held):
            return {int(key): value for key, value in held.items()}
        return SimpleNamespace(**held)

    return getattr(json.loads(RECORDED.read_text(), object_hook=shaped), name)


def call(text: str = "hello", *, sample: int = 0, **params) -> Call:
    return Call(
        model="m",
        base_url="vllm:",
        messages=({"role": "user", "content": text},),
        params=params,
        sample=sample,
    )


def requests(*calls: Call) -> list[tuple[list[int], object]]:
    """Return the samples and the seed of each request."""
    pairs = [(one, sampling_of(one.params, one.sample)) for one in calls]
    return [([c.sample for c in some], kwargs.get("seed")) for some, kwargs in requests_of(pairs)]


def test_five_completions_are_five_replies_in_their_order():
    replies = read_output(output("seeded"), 5, likeliest=3, served_by="smollm2", seconds=0.5)
    assert [reply.text[:9] for reply in replies] == [
        "'Natural'",
        "One colou",
        "Alec Anti",
        "The colou",
        "Alemaonch",
    ]
    assert [reply.finish_reason for reply in replies] == ["stop", *["length"] * 4]
    assert [reply.completion_tokens for reply in replies] == [4, 12, 12, 12, 12]
    assert {reply.served_by for reply in replies} == {"smollm2"}
    assert {reply.tokens_counted for reply in replies} == {False}


def test_the_prompt_is_counted_once():
    replies = read_output(output("seeded"), 5)
    assert [reply.prompt_tokens for reply in replies] == [34, 0, 0, 0, 0]


def test_each_token_has_its_log_probability_and_they_add_up_to_the_engines_sum():
    held = output("seeded")
    for reply, one in zip(read_output(held, 5, likeliest=3), held.outputs, strict=True):
        assert len(reply.logprobs) == len(one.token_ids)
        assert math.isclose(sum(reply.logprobs), one.cumulative_logprob, rel_tol=1e-6)


def test_alternatives_are_the_likeliest_without_the_token_drawn():
    first = read_output(output("seeded"), 5, likeliest=2)[0]
    # drawn: "'", of rank 162; likeliest: "The" and "A"
    assert list(first.alternatives[0]) == ["The", "A"]
    assert first.logprobs[0] < min(first.alternatives[0].values())


def test_without_alternatives_asked_for_there_are_none():
    assert {reply.alternatives for reply in read_output(output("seeded"), 5)} == {()}


def test_what_a_grammar_forbids_is_no_alternative():
    [reply] = read_output(output("choice"), 1, likeliest=3)
    assert reply.text in ("Paris", "London")
    assert all(math.isfinite(p) for at in reply.alternatives for p in at.values())
    assert len(reply.alternatives[-1]) == 1  # only the end could follow


def test_completions_that_are_missing_say_so():
    replies = read_output(output("seeded"), 7)
    assert [reply.why_failed for reply in replies[5:]] == ["the engine gave 5 of 7 answers"] * 2
    assert all(reply.why_failed is None for reply in replies[:5])


@pytest.mark.parametrize("reason", [None, "abort", "error"])
def test_an_answer_that_was_broken_off_is_a_failure(reason):
    held = output("choice")
    held.outputs[0].finish_reason = reason
    [reply] = read_output(held, 1)
    assert reply.message is None
    assert "broke the answer off" in reply.why_failed


def test_samples_of_one_chat_are_one_request():
    assert requests(*(call(sample=i) for i in range(4))) == [([0, 1, 2, 3], None)]


def test_chats_and_parameters_that_differ_are_requests_of_their_own():
    asked = [call(), call("bye"), call(top_p=0.5), call(sample=1)]
    assert requests(*asked) == [([0, 1], None), ([0], None), ([0], None)]


def test_seeds_that_follow_on_each_other_are_one_request_from_the_first():
    # the engine's n completions have the seeds 7 + 1, 7 + 2, …
    assert requests(*(call(sample=i, seed=7) for i in (3, 1, 2))) == [([1, 2, 3], 8)]


def test_a_gap_between_seeds_parts_requests():
    asked = [call(sample=i, seed=7) for i in (0, 1, 4)]
    assert requests(*asked) == [([0, 1], 7), ([4], 11)]


def test_greedy_calls_stand_alone():
    asked = [call(sample=i, temperature=0) for i in range(2)]
    assert requests(*asked) == [([0], None), ([1], None)]


def test_a_schema_is_what_the_engine_calls_json():
    schema = {"type": "object"}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert sampling_of({"response_format": form})["structured_outputs"] == {"json": schema}


def test_choices_go_through_as_they_are():
    shape = {"choice": ["yes", "no"]}
    assert sampling_of({"structured_outputs": shape})["structured_outputs"] == shape


def test_null_is_the_default():
    assert sampling_of({"temperature": None, "top_p": None}) == {"max_tokens": None}


def test_a_parameter_that_the_engine_does_not_know_is_told_before_it_starts():
    client = EngineClient(MemberConfig(model="m", client="vllm"))
    with pytest.raises(ConfigError, match=r"`params\.reasoning_effort`: .* no such parameter"):
        list(client.complete([call(reasoning_effort="low")]))


WITHOUT = """
import sys
sys.modules["vllm"] = None
from curate.config import MemberConfig
from curate.errors import MissingExtraError
from curate.llm.calls import Call
from curate.llm.clients import client_for
try:
    client = client_for(MemberConfig(model="m", client="vllm"))
    list(client.complete([Call(model="m", base_url="vllm:", messages=())]))
except MissingExtraError as miss:
    print(miss)
"""


def test_without_vllm_the_install_line_is_told():
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    ).stdout
    assert "pip install 'curate-llm[vllm]'" in said


def test_no_calls_start_no_engine():
    client = EngineClient(MemberConfig(model="m", client="vllm"))
    assert list(client.complete([])) == []
    client.close()
