"""A real model is asked whether short answers imply each other."""

import httpx
import pytest

from curate.config import AnswerConfig, MemberConfig, ScoreConfig
from curate.llm import Reply
from curate.records import Message
from curate.score import score
from tests.score.tables import table

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

QUESTION = "Which city is the capital of France"
ANSWERS = [
    *("Paris", "It is Paris.", "Lyon", "paris", "Berlin", "**Paris**"),
    *("Lyon", "Answer: Berlin", "It's Paris", "It is Paris", "LYON.", "berlin"),
]


@pytest.fixture(scope="module")
def member(smollm2):
    params = {"max_tokens": 4, "cache_prompt": False}
    return MemberConfig(model=smollm2.model, base_url=smollm2.base_url, params=params)


class Server:
    """Asks the server call by call, and counts."""

    def __init__(self):
        self.n_calls = 0

    def __call__(self, calls):
        with httpx.Client(timeout=300) as client:
            for call in calls:
                self.n_calls += 1
                body = {"model": call.model, "messages": call.messages, **call.params}
                answer = client.post(f"{call.base_url}/chat/completions", json=body)
                said = answer.raise_for_status().json()["choices"][0]["message"]["content"]
                yield Reply(message=Message(role="assistant", content=said))


def grouped(member, answers):
    """Return the rows of scores, and how many calls they took."""
    config = ScoreConfig(answer=AnswerConfig(extract="entailment", entailment=member))
    rows = [(QUESTION, f"m{n}", text) for n, text in enumerate(answers)]
    server = Server()
    return score(*table(rows, [QUESTION]), config=config, ask=server).to_pylist(), server.n_calls


def partition(rows, names):
    groups = [row["answer_group"] for row in rows]
    return {frozenset(n for n, g in zip(names, groups, strict=True) if g == k) for k in set(groups)}


def test_a_real_models_groups_depend_neither_on_the_run_nor_on_the_order(member):
    rows, n_calls = grouped(member, ANSWERS)
    for row in rows:
        assert row["answer_group"] is not None or "entailment check" in row["why_nan"]
    assert rows[0]["answer_group"] == rows[3]["answer_group"] == rows[5]["answer_group"]
    # Five distinct texts: 10 pairs at most, each asked in one direction or both.
    assert 4 <= n_calls <= 20
    again, n_calls_again = grouped(member, ANSWERS[::-1])
    assert n_calls_again == n_calls
    names = range(len(ANSWERS))
    assert partition(rows, names) == partition(again, names[::-1])
