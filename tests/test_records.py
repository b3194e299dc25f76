import subprocess
import sys
import unicodedata

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import (
    CANDIDATES,
    MESSAGE,
    RECORDS,
    Message,
    Selection,
    ToolCall,
    candidate_from,
    candidate_id,
    digest,
    message_from,
    message_row,
    pair_id,
    record_from,
    record_id,
)

TEXT = st.text(max_size=40).filter(lambda t: t.isprintable() or "\n" in t)
CALLS = st.builds(ToolCall, name=TEXT, arguments=TEXT, id=st.none() | TEXT)
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=st.none() | TEXT,
    name=st.none() | TEXT,
    tool_calls=st.lists(CALLS, max_size=3).map(tuple),
    refusal=st.none() | TEXT,
    thinking=st.none() | TEXT,
    parts=st.none() | TEXT,
)


@given(MESSAGES)
@settings(deadline=None)
def test_a_message_survives_its_row_and_arrow(message):
    row = message_row(message)
    [stored] = pa.array([row], MESSAGE).to_pylist()
    assert message_from(stored) == message
    assert message_from(row) == message


@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=4))
def test_parts_of_a_digest_do_not_run_together(one, two):
    normal = [[unicodedata.normalize("NFC", t) for t in parts] for parts in (one, two)]
    assert (digest(*one) == digest(*two)) == (normal[0] == normal[1])


def test_an_id_knows_content_and_nothing_of_time_or_place():
    asked = [{"role": "user", "content": "Café?"}]
    same = [{"role": "user", "content": "Cafe\u0301?", "thinking": "hm"}]
    assert record_id(asked) == record_id(same)
    assert record_id(asked) != record_id([{"role": "system", "content": "Café?"}])
    assert record_id(asked) != record_id(asked, tools="[]")


def test_null_content_is_not_empty_content():
    answer = {"role": "assistant", "content": None}
    assert candidate_id("r1", "m", answer) != candidate_id("r1", "m", answer | {"content": ""})


def test_answers_differ_by_model_by_repetition_and_by_tool_call():
    answer = {"role": "assistant", "content": "4"}
    call = {"name": "add", "arguments": "{}", "id": "x"}
    ids = {
        candidate_id("r1", "m", answer),
        candidate_id("r1", "n", answer),
        candidate_id("r1", "m", answer, repeat=1),
        candidate_id("r2", "m", answer),
        candidate_id("r1", "m", answer | {"tool_calls": [call]}),
    }
    assert len(ids) == 5


def test_a_pair_has_one_id_in_either_order():
    assert pair_id("c1", "c2") == pair_id("c2", "c1") != pair_id("c1", "c3")
    assert pair_id("c3", "c1", "c2") == pair_id("c1", "c2", "c3")


def test_ids_are_the_same_on_any_hash_seed():
    code = "from curate.records import record_id as r; print(r([{'role': 'user', 'content': 'a'}]))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(seen) == 1


def test_a_record_and_a_candidate_come_back_from_their_tables():
    record = {name: None for name in RECORDS.names}
    record |= {"id": "r1", "messages": [message_row(Message(role="user", content="a"))]}
    [row] = pa.Table.from_pylist([record | {"metadata": '{"n": 1}'}], schema=RECORDS).to_pylist()
    assert record_from(row).metadata == {"n": 1}
    assert record_from(row).messages[0].content == "a"
    candidate = {name: None for name in CANDIDATES.names}
    candidate |= {"id": "c1", "record_id": "r1", "origin": "log", "repeat": 0}
    candidate["message"] = message_row(Message(role="assistant", content=None))
    [row] = pa.Table.from_pylist([candidate], schema=CANDIDATES).to_pylist()
    back = candidate_from(row)
    assert back.message.content is None and np.isnan(back.logprob_sum) and back.model == ""


def test_a_selection_says_of_every_row_what_became_of_it():
    selection = Selection(
        indices=np.array([2, 0]),
        part=("random", "active"),
        reason=("drawn by lot", "need 0.9"),
        probability=np.array([0.1, np.nan]),
        scores={},
        left_out={1: "in the test split"},
        strategy="hybrid",
        seed=7,
    )
    assert selection.explain(2) == "picked as number 1 of 2 (random): drawn by lot"
    assert selection.explain(1) == "left out: in the test split"
    assert "outranked" in selection.explain(3)
