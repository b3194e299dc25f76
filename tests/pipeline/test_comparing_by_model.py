"""Answers compared by a model that was away: told, and asked again."""

import pytest

from curate.pipeline.generate import generate
from curate.pipeline.pool import embed, score
from tests.pipeline.counting_server import requests_in, running_counter
from tests.pipeline.test_generate import member, project


@pytest.fixture
def counter(tmp_path):
    log = tmp_path / "answered.txt"
    with running_counter(log) as address:
        yield address, log


def test_a_comparison_that_failed_is_told_and_asked_again(tmp_path, counter):
    address, log = counter
    check = {"model": "check", "base_url": address, "retries": 0}
    made = project(
        tmp_path / "p",
        member(address, samples=2),
        prompts=("broken torn",),
        score={"answer": {"extract": "entailment", "entailment": check}},
    )
    generate(made)
    embed(made)
    (tmp_path / "answered.txt.broken").touch()
    lost = score(made)
    assert any("comparisons of answers failed" in note for note in lost.notes)
    before = len(requests_in(log))
    (tmp_path / "answered.txt.broken").unlink()
    again = score(made)
    assert not again.skipped and not again.notes and len(requests_in(log)) > before
    assert score(made).skipped
