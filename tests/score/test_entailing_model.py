"""A real model is asked whether short answers imply each other."""

import pytest

from curate.config import AnswerConfig, MemberConfig, ScoreConfig
from curate.llm.asking import asked
from curate.llm.clients import client_for
from curate.llm.ledger import Ledger
from curate.score import score
from tests.score.tables import table

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

ANSWERS = {
    "capital": ["Paris", "It is Paris.", "Lyon", "paris", "The capital is Paris", "Berlin"],
    "sum": ["12", "twelve", "The answer is 13.", "It is 12", "thirteen", "13"],
}


@pytest.fixture(scope="module")
def member(smollm2):
    return MemberConfig(
        model=smollm2.model,
        base_url=smollm2.base_url,
        api_key_env=None,
        logprobs=False,
        concurrency=2,
        params={"max_tokens": 8, "seed": 1},
    )


def grouped(member, path, answers):
    """Groups of answers, and how many calls were sent."""
    config = ScoreConfig(answer=AnswerConfig(extract="entailment", entailment=member))
    rows = [(p, f"m{n}", text) for p, texts in answers.items() for n, text in enumerate(texts)]
    with Ledger(path) as ledger:
        ask = asked(client_for(member), ledger, stage="score", member=member)
        found = score(*table(rows, list(answers)), config=config, ask=ask).to_pylist()
    return [row["answer_group"] for row in found], [row["why_nan"] for row in found]


def partition(groups, names):
    return {frozenset(n for n, g in zip(names, groups, strict=True) if g == k) for k in set(groups)}


def test_a_real_models_groups_do_not_depend_on_the_run_or_the_order(member, tmp_path):
    groups, reasons = grouped(member, tmp_path / "one", ANSWERS)
    assert all(
        g is not None or "entailment check" in r for g, r in zip(groups, reasons, strict=True)
    )
    assert groups[0] == groups[3]
    again, _ = grouped(member, tmp_path / "two", ANSWERS)
    assert again == groups
    backward = {p: texts[::-1] for p, texts in ANSWERS.items()}
    turned, _ = grouped(member, tmp_path / "three", backward)
    for start in (0, 6):
        ahead, back = groups[start : start + 6], turned[start : start + 6]
        assert partition(ahead, range(6)) == partition(back, range(5, -1, -1))
