"""Nothing that arrived is lost, nothing is paid twice, and the sums are right."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import ProjectError
from curate.llm.calls import Call, Reply
from curate.llm.ledger import Ledger
from curate.llm.stored import pack_reply, unpack_reply
from curate.records import Message, ToolCall

HERE = "http://127.0.0.1:9/v1"


def call(text="2 + 2?", *, sample=0, model="small", base_url=HERE, **params):
    chat = ({"role": "user", "content": text},)
    return Call(model=model, base_url=base_url, messages=chat, params=params, sample=sample)


def reply(text="4", *, prompt=10, completion=2, seconds=0.5, **more):
    said = Message(role="assistant", content=text)
    tokens = {"prompt_tokens": prompt, "completion_tokens": completion}
    return Reply(message=said, finish_reason="stop", seconds=seconds, **tokens, **more)


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as book:
        yield book


texts = st.text(st.characters(), max_size=60)
numbers = st.floats(allow_nan=True, allow_infinity=True)
counts = st.integers(0, 2**53)
messages = st.builds(
    Message,
    role=st.just("assistant"),
    content=st.none() | texts,
    name=st.none() | texts,
    tool_call_id=st.none() | texts,
    tool_calls=st.lists(
        st.builds(ToolCall, name=texts, arguments=texts, id=st.none() | texts), max_size=2
    ).map(tuple),
    refusal=st.none() | texts,
    thinking=st.none() | texts,
    parts=st.none() | texts,
)
replies = st.builds(
    Reply,
    message=st.none() | messages,
    finish_reason=st.none() | texts,
    logprobs=st.lists(numbers, max_size=300).map(tuple),
    alternatives=st.lists(st.dictionaries(texts, numbers, max_size=3), max_size=3).map(tuple),
    prompt_tokens=counts,
    completion_tokens=counts,
    tokens_counted=st.booleans(),
    served_by=texts,
    seconds=numbers.map(lambda seconds: seconds + 0.0),  # SQLite knows no -0.0
)


@settings(max_examples=150, deadline=None)
@given(replies)
def test_a_reply_survives_the_round_trip_to_the_last_bit(said):
    with Ledger(":memory:") as book:
        asked = call()
        book.put(asked, said, stage="generate")
        assert repr(book.get([asked.key])[asked.key]) == repr(said)


@settings(max_examples=50, deadline=None)
@given(replies)
def test_a_reply_is_bytes_and_back(said):
    numbers = {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": said.completion_tokens,
        "counted": said.tokens_counted,
        "seconds": said.seconds,
    }
    assert repr(unpack_reply(pack_reply(said), **numbers)) == repr(said)


def test_a_ledger_that_is_only_read_knows_nothing(ledger):
    assert ledger.get([call().key]) == {} and call().key not in ledger
    assert ledger.totals().calls == 0 and ledger.by_model_and_stage() == []


def test_the_file_keeps_what_was_put(tmp_path):
    for n in range(2):
        with Ledger(tmp_path / "ledger.sqlite") as book:
            assert (call().key in book) == bool(n)
            book.put(call(), reply(), stage="generate")
            assert book.get([call().key])[call().key].text == "4"


def test_the_first_answer_stands(ledger):
    ledger.put(call(), reply("4"), stage="generate")
    ledger.put(call(), reply("5"), stage="generate")
    assert ledger.get([call().key])[call().key].text == "4"
    assert ledger.totals().calls == 1


def test_many_keys_are_read_in_the_order_they_are_asked_for(ledger):
    calls = [call(f"{n}") for n in range(1_200)]
    for one in calls[::2]:
        ledger.put(one, reply(one.messages[0]["content"]), stage="generate")
    found = ledger.get(one.key for one in reversed(calls))
    assert list(found) == [one.key for one in reversed(calls[::2])]
    assert [said.text for said in found.values()] == [f"{n}" for n in reversed(range(0, 1200, 2))]


def test_sums_by_model_and_stage(ledger):
    ledger.put(call("a"), reply(prompt=10, completion=2), stage="generate", money=0.5)
    ledger.put(call("b"), reply(prompt=20, completion=4), stage="generate", money=0.25)
    ledger.put(call("a", model="big"), reply(prompt=1, completion=1), stage="generate", money=2)
    ledger.put(call("c"), reply(prompt=5, completion=1), stage="judge", money=0.125)
    rows = [
        (s.stage, s.model, s.calls, s.prompt_tokens, s.completion_tokens, s.money, s.seconds)
        for s in ledger.by_model_and_stage()
    ]
    assert rows == [
        ("generate", "big", 1, 1, 1, 2.0, 0.5),
        ("generate", "small", 2, 30, 6, 0.75, 1.0),  # 10 + 20, 2 + 4, .5 + .25, .5 + .5
        ("judge", "small", 1, 5, 1, 0.125, 0.5),
    ]
    total = ledger.totals()
    assert (total.calls, total.tokens, total.money) == (4, 44, 2.875)


def test_a_price_that_is_not_known_is_not_nought(ledger):
    ledger.put(call("a"), reply(), stage="generate")
    assert math.isnan(ledger.totals().money) and ledger.totals().unpriced == 1
    ledger.put(call("b"), reply(), stage="generate", money=0.5)
    assert ledger.totals().money == 0.5 and ledger.totals().unpriced == 1
    [row] = ledger.unpriced()
    assert (row.model, row.base_url, row.calls, row.prompt_tokens) == ("small", HERE, 1, 10)


def test_a_failed_call_is_no_answer_and_its_reason_is_told(ledger):
    ledger.put(call("a"), Reply.failed("HTTP 500"), stage="generate", money=0)
    ledger.put(call("a"), Reply.failed("HTTP 500"), stage="generate", money=0)
    ledger.put(call("b"), Reply.failed("cut off \ud83d"), stage="generate", money=0)
    assert call("a").key not in ledger and ledger.get([call("a").key]) == {}
    assert (ledger.totals().calls, ledger.totals().failed) == (0, 2)
    assert ledger.why_failed() == {"HTTP 500": 1, "cut off ?": 1}
    ledger.put(call("a"), reply(), stage="generate", money=0)
    assert (ledger.totals().calls, ledger.totals().failed) == (1, 1)
    assert ledger.why_failed() == {"cut off ?": 1}


def test_a_failed_call_that_cost_tokens_is_in_the_sums(ledger):
    paid = Reply(why_failed="no JSON", prompt_tokens=7, completion_tokens=3, seconds=0.5)
    ledger.put(call(), paid, stage="judge", money=0.25)
    total = ledger.totals()
    assert (total.calls, total.failed, total.tokens, total.money) == (0, 1, 10, 0.25)


def test_what_a_model_took_so_far_comes_latest_first(ledger):
    for n in range(1, 4):
        ledger.put(call(f"{n}"), reply(completion=n, seconds=n / 2), stage="generate")
    ledger.put(call("j"), reply(completion=9), stage="judge")
    assert ledger.measured("small", "generate", most=2) == [(3, 1.5), (2, 1.0)]
    assert ledger.measured("other", "generate") == []


def test_prompts_come_back_with_what_the_server_counted(ledger):
    ledger.put(call("a", seed=1), reply(prompt=7), stage="generate")
    ledger.put(call("b"), reply(prompt=8, tokens_counted=True), stage="generate")
    ledger.put(call("c"), reply(prompt=0), stage="generate")
    assert ledger.counted("small", "generate") == [(call("a", seed=1), 7)]


def test_each_chat_is_stored_once(ledger):
    long = "What is the answer to this? " * 200
    for sample in range(50):
        ledger.put(call(long, sample=sample), reply(), stage="generate")
    with sqlite3.connect(ledger.path) as db:
        assert db.execute("SELECT count(*) FROM prompts").fetchone() == (1,)
        assert db.execute("SELECT sum(length(messages)) FROM prompts").fetchone()[0] < 500
    db.close()


def test_no_secret_comes_in(ledger):
    address = "https://me:hush@models.example/v1?key=hush"
    ledger.put(
        call(base_url=address, extra_headers={"Authorization": "Bearer hush"}, api_key="hush"),
        reply(),
        stage="generate",
    )
    ledger.close()
    files = [path for path in ledger.path.parent.iterdir() if path.name.startswith("ledger")]
    assert files and not any(b"hush" in path.read_bytes() for path in files)


def test_a_ledger_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=2")
    db.close()
    with Ledger(path) as book, pytest.raises(ProjectError, match=r"newer curate .*pip install -U"):
        book.totals()


def test_what_is_no_ledger_is_left_alone(tmp_path):
    text = tmp_path / "text.sqlite"
    text.write_text("no database " * 100)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    for path in (text, other, tmp_path / "no" / "folder.sqlite"):
        with Ledger(path) as book, pytest.raises(ProjectError, match="ledger"):
            book.totals()
    assert text.read_text() == "no database " * 100


def test_others_read_while_one_writes(ledger):
    ledger.put(call("a"), reply(), stage="generate", money=0)
    with Ledger(ledger.path) as reader:
        assert reader.totals().calls == 1
        ledger.put(call("b"), reply(), stage="generate", money=0)
        assert reader.totals().calls == 2


WRITER = """
import sys
from curate.llm.calls import Call, Reply
from curate.llm.ledger import Ledger
from curate.records import Message

book = Ledger(sys.argv[1])
for n in range(10**9):
    chat = ({"role": "user", "content": str(n)},)
    said = Reply(message=Message(role="assistant", content=f"answer {n}"))
    book.put(Call(model="m", base_url="x", messages=chat), said, stage="generate", money=0)
    print(n, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_put(tmp_path):
    path = tmp_path / "ledger.sqlite"
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        seen = [int(next(writer.stdout)) for _ in range(200)]
        os.kill(writer.pid, signal.SIGKILL)
        writer.stdout.close()
        writer.wait()
        with Ledger(path) as book:
            asked = [
                Call(model="m", base_url="x", messages=({"role": "user", "content": str(n)},))
                for n in seen
            ]
            assert [said.text for said in book.get(c.key for c in asked).values()] == [
                f"answer {n}" for n in seen
            ]


def test_many_processes_may_open_a_new_ledger_at_once(tmp_path):
    path = tmp_path / "ledger.sqlite"
    script = WRITER.replace("10**9", "20")
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.DEVNULL)
        for _ in range(4)
    ]
    deadline = time.monotonic() + 120
    assert [w.wait(deadline - time.monotonic()) for w in writers] == [0] * 4
    with Ledger(path) as book:
        assert book.totals().calls == 20
