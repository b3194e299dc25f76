"""The client asks a real model behind llama.cpp's server."""

import math

import pytest

from curate.errors import ModelError
from curate.llm.openai_client import OpenAIClient
from tests.llm.asking_members import answers, calls, member, until_it_ends

pytestmark = pytest.mark.model

CAPITAL = "What is the capital of France? Answer in one word."
MORE = {"max_tokens": 12, "temperature": 0.9, "logprobs": True, "top_logprobs": 3}


def client(server, **more):
    return OpenAIClient(member(server.base_url, model=server.model, timeout=300, **more))


def test_samples_in_one_request_have_their_own_text_tokens_and_log_probabilities(smollm2):
    asking = client(smollm2, samples_per_request=4, concurrency=2)
    found = answers(asking, calls([CAPITAL], samples=4, **MORE))
    replies = {call.sample: reply for call, reply in found}
    assert [reply.why_failed for reply in replies.values()] == [None] * 4
    assert len({reply.logprobs for reply in replies.values()}) > 1
    for reply in replies.values():
        assert 0 < len(reply.logprobs) == reply.completion_tokens <= 12
        assert all(-math.inf < value <= 0 for value in reply.logprobs)
        assert all(len(row) >= 3 for row in reply.alternatives)
    assert [replies[n].prompt_tokens > 0 for n in range(4)] == [True, False, False, False]
    assert asking.notes == []


def test_a_seed_makes_a_sample_come_again(smollm2):
    asked = {"max_tokens": 12, "temperature": 0.9, "seed": 11}
    first, again = (
        {c.sample: r.text for c, r in answers(client(smollm2, concurrency=1), one)}
        for one in (calls([CAPITAL], samples=3, **asked), calls([CAPITAL], samples=3, **asked))
    )
    assert first == again
    assert len(set(first.values())) > 1


def test_a_seed_counts_on_over_the_samples_of_one_request(smollm2):
    asked = {"max_tokens": 12, "temperature": 0.9, "seed": 11}
    singly, at_once = (
        {c.sample: r.text for c, r in answers(client(smollm2, samples_per_request=n), one)}
        for n, one in ((1, calls([CAPITAL], 3, **asked)), (3, calls([CAPITAL], 3, **asked)))
    )
    # a server that reckons requests together may round the last digits otherwise: one may differ
    assert sum(singly[n] == at_once[n] for n in range(3)) >= 2


def test_what_the_server_reports_for_one_sample_is_believed(smollm2):
    [(_, reply)] = answers(client(smollm2), calls([CAPITAL], max_tokens=12, temperature=0))
    assert not reply.tokens_counted
    assert 0 < reply.completion_tokens <= 12
    assert reply.prompt_tokens > 10
    assert "smollm2" in reply.served_by


def test_a_path_that_serves_no_chat_ends_the_run(smollm2):
    elsewhere = member(smollm2.base_url.replace("/v1", "/nowhere"), model=smollm2.model)
    _, why = until_it_ends(OpenAIClient(elsewhere), calls([CAPITAL]))
    assert isinstance(why, ModelError)
    assert "correct `base_url:`" in str(why)
