"""2,000 requests at 20 % faults: all are answered, and each is paid once."""

import random
from collections import Counter

import pytest

from curate.llm.openai_client import OpenAIClient
from tests.faulty_server import FAULTS, faulty_server
from tests.llm.asking_members import answers, calls, member


def patient(base_url, **more):
    return member(base_url, concurrency=64, timeout=4, retries=12, **more)


@pytest.mark.slow
def test_each_of_2000_requests_is_answered_and_paid_once_at_20_percent_faults():
    texts = [f"question {n}" for n in range(2000)]
    with faulty_server(rate=0.2, seed=7, logprobs=0.9) as server:
        client = OpenAIClient(patient(server.base_url), rng=random.Random(7))
        found = answers(client, calls(texts, logprobs=True))
        stats = server.stats()
    assert [reply.why_failed for _, reply in found if reply.why_failed] == []
    assert Counter(call.messages[0]["content"] for call, _ in found) == Counter(texts)
    assert all(r.text == f"you said {call.messages[0]['content']}" for call, r in found)
    assert stats["answered"] == Counter(texts)
    assert set(stats["met"]) == set(FAULTS)
    # 2,000 answers at 1 - 0.2 a request: about 2,000 x 0.2 / 0.8 = 500 faults on the way
    assert 400 < sum(stats["met"].values()) < 600
    # logprobs are missing from about a tenth of the answers, which does no harm
    assert 100 < sum(not reply.logprobs for _, reply in found) < 300
    assert {len(reply.logprobs) for _, reply in found} == {0, 4}


def test_samples_that_do_not_come_back_are_asked_for_again_and_each_is_paid_once():
    texts = [f"question {n}" for n in range(100)]
    with faulty_server(rate=0.2, seed=3, short=0.3, faults=["error", "cut", "busy"]) as server:
        several = patient(server.base_url, samples_per_request=4)
        found = answers(OpenAIClient(several, rng=random.Random(3)), calls(texts, samples=4))
        stats = server.stats()
    assert [reply.why_failed for _, reply in found if reply.why_failed] == []
    assert len({(call.messages[0]["content"], call.sample) for call, _ in found}) == 400
    assert stats["answered"] == {text: 4 for text in texts}
    alone = [body for body in stats["bodies"] if "n" not in body]
    assert len(alone) >= 20
