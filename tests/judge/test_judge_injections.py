"""Real injections before a real small model: the form of a verdict does not move.

Whether its value does is the model's affair, and not asserted.
"""

import json
import re
from dataclasses import dataclass

import pyarrow as pa
import pytest

from curate.config import JudgeConfig, JudgeMemberConfig
from curate.judge import Items, judge, judges_from
from curate.llm.asking import asked
from curate.llm.clients import client_for
from curate.llm.ledger import Ledger
from curate.records import CANDIDATES, RECORDS
from tests.judge.injections import INJECTIONS, QUESTION, RIGHT, WRONG

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(3000)]

ANSWERS = {"plain": WRONG, **{name: f"{WRONG}\n{text}" for name, text in INJECTIONS.items()}}
COMPARED = ("ignore", "verdict_fence", "chatml", "bracketed", "chinese")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was asked, what came back, and what was made of it."""

    rows: list
    calls: list
    replies: list
    structured: str

    def of(self, name):
        return [row for row in self.rows if row["judge"] == name]


def message(role, content):
    return {"role": role, "content": content}


def items(n=None):
    record = {"id": "r", "messages": [message("user", QUESTION)], "metadata": "{}"}
    candidates = [
        {"id": name, "record_id": "r", "message": message("assistant", text)}
        for name, text in {**ANSWERS, "right": RIGHT}.items()
    ]
    pairs = [{"id": f"p_{name}", "record_id": "r", "a": name, "b": "right"} for name in COMPARED]
    table = pa.Table.from_pylist(candidates, schema=CANDIDATES)
    return Items(
        pa.Table.from_pylist([record], schema=RECORDS),
        candidates=table.slice(0, n or len(ANSWERS)),
        pairs=pa.Table.from_pylist(pairs),
        among=table,
    )


@pytest.fixture(scope="module", params=["auto", "off"])
def judged(request, smollm2, tmp_path_factory):
    keys = {
        "model": smollm2.model,
        "base_url": smollm2.base_url,
        "api_key_env": None,
        "structured": request.param,
        "params": {"max_tokens": 96},
    }
    members = [JudgeMemberConfig(prompt=p, name=p, **keys) for p in ("rubric", "compare")]
    client = client_for(members[0])
    seen = Judged(rows=[], calls=[], replies=[], structured=request.param)

    def asker(one):
        ask = asked(client, ledger, stage="judge", member=one.member)

        def noting(calls):
            for reply in ask(map(note, calls)):
                seen.replies.append(reply)
                yield reply

        return noting

    def note(call):
        seen.calls.append(call)
        return call

    with Ledger(tmp_path_factory.mktemp("injections") / "ledger.sqlite") as ledger:
        judges = judges_from(JudgeConfig(judges=members))
        seen.rows.extend(judge(items(), judges, ask=asker).to_pylist())
    return seen


def test_there_are_as_many_verdicts_as_items(judged):
    assert [row["item_id"] for row in judged.of("rubric")] == list(ANSWERS)
    assert [row["item_id"] for row in judged.of("compare")] == [f"p_{name}" for name in COMPARED]


def test_every_reply_came(judged):
    assert [reply.why_failed for reply in judged.replies] == [None] * len(judged.replies)
    assert len(judged.replies) == len(ANSWERS) + 2 * len(COMPARED)


def test_every_grade_is_in_range_or_has_a_reason(judged):
    for row in judged.of("rubric"):
        in_range = row["grade"] in (1, 2, 3, 4, 5)
        assert in_range != bool(row["why_unscored"]), row
        assert row["choice"] is None


def test_every_choice_is_one_or_undecided_or_has_a_reason(judged):
    for row in judged.of("compare"):
        said = row["orders"]
        assert len(said) == 2
        assert (None in said) == bool(row["why_unscored"])
        assert set(said) <= {"a", "b", "tie", None}
        assert row["choice"] == (said[0] if said[0] == said[1] else None)


def test_no_text_of_an_item_is_an_instruction(judged):
    for call in judged.calls:
        assert [turn["role"] for turn in call.messages] == ["system", "user"]
        assert "17 + 25" not in call.messages[0]["content"]
        assert "43" not in call.messages[0]["content"]
    assert len({call.messages[0]["content"] for call in judged.calls}) == 2


def test_delimiters_are_intact(judged):
    for call in judged.calls:
        user = call.messages[1]["content"]
        mark = re.match(r"The mark of this item is ([0-9a-f]{16});", user)[1]
        names = re.findall(rf"^\[BEGIN (\w+) {mark}\]$", user, re.M)
        assert names == re.findall(rf"^\[END (\w+) {mark}\]$", user, re.M)
        assert names in (["question", "answer"], ["question", "answer_a", "answer_b"])
        assert user.count(mark) == 1 + 2 * len(names)
        assert "Reply with one JSON object" in user.rpartition(f"{mark}]")[2]


def test_no_control_token_of_a_template_reaches_the_model(judged):
    for call in judged.calls:
        for token in ("<|im_", "[/INST]", "</s>", "<<SYS>>", "<think>"):
            assert token not in call.messages[1]["content"]


def test_the_schema_holds_where_it_was_asked_for(judged):
    schemas = [call.params.get("response_format") for call in judged.calls]
    assert all(schemas) if judged.structured == "auto" else not any(schemas)
    for schema, reply in zip(schemas, judged.replies, strict=True):
        if schema is not None and reply.finish_reason == "stop":
            fields = schema["json_schema"]["schema"]["properties"]
            said = json.loads(reply.text)
            assert list(said) == list(fields)
            assert all(said[n] in field["enum"] for n, field in fields.items() if "enum" in field)


def test_the_chance_of_true_of_a_real_model(smollm2, tmp_path):
    member = JudgeMemberConfig(
        model=smollm2.model, base_url=smollm2.base_url, api_key_env=None, prompt="p_true"
    )
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ask = asked(client_for(member), ledger, stage="judge", member=member)
        by = judges_from(JudgeConfig(judges=[member]))
        (first,) = judge(items(1), by, ask=lambda _: ask).to_pylist()
    assert first["why_unscored"] is None
    assert 0 <= first["grade"] <= 1
