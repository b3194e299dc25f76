"""The Batch API, at a small real server: nothing is lost, and no batch is created twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from curate.config import MemberConfig
from curate.errors import ModelError
from curate.llm.calls import Call
from curate.llm.openai_batch import BatchClient
from tests.batch_server import BatchApi, batch_api


@pytest.fixture
def api() -> Iterator[BatchApi]:
    with batch_api() as server:
        yield server


def member(api: BatchApi, **more) -> MemberConfig:
    return MemberConfig(
        model="little",
        client="openai-batch",
        base_url=api.base_url,
        **{"api_key_env": None, "retries": 3, **more},
    )


def client(api: BatchApi, tmp_path, **more) -> BatchClient:
    return BatchClient(member(api), state=tmp_path / "batches.sqlite", poll=0.01, **more)


def calls(api: BatchApi, n: int, **more) -> list[Call]:
    return [
        Call(
            model="little",
            base_url=api.base_url,
            messages=({"role": "user", "content": f"question {i}"},),
            **more,
        )
        for i in range(n)
    ]


def texts(pairs) -> dict[str, str]:
    return {call.messages[-1]["content"]: reply.text for call, reply in pairs}


def reasons(pairs) -> dict[str, str | None]:
    return {call.messages[-1]["content"]: reply.why_failed for call, reply in pairs}


def test_each_call_gets_its_own_answer_however_the_output_is_shuffled(api, tmp_path):
    found = texts(client(api, tmp_path).complete(calls(api, 50)))
    assert found == {f"question {i}": f"QUESTION {i}" for i in range(50)}
    assert len(api.created) == 1


def test_a_reply_holds_the_figures_of_its_line(api, tmp_path):
    [(_, reply)] = client(api, tmp_path).complete(calls(api, 1))
    assert (reply.prompt_tokens, reply.completion_tokens, reply.tokens_counted) == (3, 2, False)
    assert (reply.served_by, reply.finish_reason) == ("little", "stop")


def test_no_calls_are_no_batch(api, tmp_path):
    assert list(client(api, tmp_path).complete([])) == []
    assert not api.asked


def test_many_requests_are_several_batches(api, tmp_path):
    found = texts(client(api, tmp_path, most_requests=20).complete(calls(api, 50)))
    assert len(found) == 50
    sizes = [api.files[b["input_file_id"]].count(b"\n") for b in api.batches.values()]
    assert sizes == [20, 20, 10]


def test_a_file_stays_below_its_limit_of_bytes(api, tmp_path):
    found = texts(client(api, tmp_path, most_bytes=1_000).complete(calls(api, 20)))
    assert len(found) == 20
    sizes = [len(api.files[b["input_file_id"]]) for b in api.batches.values()]
    assert len(sizes) > 1
    assert max(sizes) <= 1_000


def test_a_request_that_no_batch_can_hold_fails_alone(api, tmp_path):
    long = Call(model="little", base_url=api.base_url, messages=({"content": "x" * 2_000},))
    found = list(client(api, tmp_path, most_bytes=1_000).complete([*calls(api, 2), long]))
    assert [reply.why_failed is None for _, reply in found] == [False, True, True]
    assert "too long for a batch" in found[0][1].why_failed


def test_what_is_refused_stands_in_the_error_file_and_has_its_reason(api, tmp_path):
    api.faults.refused = frozenset({"question 1"})
    found = reasons(client(api, tmp_path).complete(calls(api, 3)))
    assert found["question 1"] == "HTTP 400: this prompt is refused"
    assert [found["question 0"], found["question 2"]] == [None, None]


def test_of_a_batch_that_expires_what_was_done_is_kept(api, tmp_path):
    api.faults.ends, api.faults.done = "expired", 0.5
    found = reasons(client(api, tmp_path).complete(calls(api, 4)))
    assert [why is None for why in found.values()].count(True) == 2
    assert all(why.startswith("expired: ") for why in found.values() if why)


def test_of_a_batch_that_is_cancelled_what_was_done_is_kept(api, tmp_path):
    api.faults.ends, api.faults.done = "cancelled", 0.5
    found = reasons(client(api, tmp_path).complete(calls(api, 4)))
    assert [why is None for why in found.values()].count(True) == 2
    assert all(why.startswith("cancelled: ") for why in found.values() if why)


def test_a_batch_that_fails_as_a_whole_tells_why_with_each_call(api, tmp_path):
    api.faults.ends, api.faults.errors = "failed", ("Enqueued token limit reached",)
    found = reasons(client(api, tmp_path).complete(calls(api, 2)))
    assert all("Enqueued token limit reached" in why for why in found.values())


def test_what_failed_is_asked_anew_by_the_next_run(api, tmp_path):
    api.faults.ends, api.faults.errors = "failed", ("Enqueued token limit reached",)
    list(client(api, tmp_path).complete(calls(api, 2)))
    api.faults.ends = "completed"
    found = texts(client(api, tmp_path).complete(calls(api, 2)))
    assert found == {"question 0": "QUESTION 0", "question 1": "QUESTION 1"}
    assert len(set(api.created)) == 2


def test_a_request_of_which_no_line_comes_back_says_so(api, tmp_path):
    api.faults.done = 0.5
    found = reasons(client(api, tmp_path).complete(calls(api, 2)))
    assert [w for w in found.values() if w] == [
        "the batch completed without a line for this request"
    ]


def test_lines_of_others_twice_or_broken_are_told_and_change_nothing(api, tmp_path, capsys):
    [call] = calls(api, 1)
    stranger = json.dumps({"custom_id": "who", "response": None, "error": None})
    again = json.dumps({"custom_id": call.key, "response": None, "error": {"message": "no"}})
    api.faults.extra_lines = (stranger, again, '{"custom_id": "k1', "[]")
    [(_, reply)] = client(api, tmp_path).complete([call])
    assert reply.text == "QUESTION 0"
    told = capsys.readouterr().err
    assert "1 lines that came twice" in told
    assert "1 lines of other requests" in told
    assert "2 lines that cannot be read" in told


def test_a_call_that_is_asked_twice_is_sent_once_and_answered_twice(api, tmp_path):
    [call] = calls(api, 1)
    found = list(client(api, tmp_path).complete([call, call]))
    assert [reply.text for _, reply in found] == ["QUESTION 0"] * 2
    assert sum(api.paid.values()) == 1


def test_samples_of_a_seed_have_their_own_seeds(api, tmp_path):
    asked = [c for s in range(3) for c in calls(api, 1, params={"seed": 7}, sample=s)]
    assert len(list(client(api, tmp_path).complete(asked))) == 3
    [batch] = api.batches.values()
    rows = [json.loads(line) for line in api.files[batch["input_file_id"]].splitlines()]
    assert [row["body"]["seed"] for row in rows] == [7, 8, 9]


def test_faults_on_the_way_are_waited_out(api, tmp_path):
    api.faults.looks = 3
    api.faults.statuses = {
        "POST /files": [503],
        "POST /batches": [500],
        "GET /batches": [429],
        "GET /batches/id": [500, 502],
        "GET /files/id": [500],
    }
    found = texts(client(api, tmp_path).complete(calls(api, 5)))
    assert len(found) == 5
    assert len(api.created) == 1


def test_a_creation_whose_answer_is_lost_is_not_repeated(api, tmp_path):
    api.faults.cut_after = {"POST /batches": 1}
    found = texts(client(api, tmp_path).complete(calls(api, 5)))
    assert len(found) == 5
    assert len(api.created) == 1


def test_a_download_that_breaks_off_is_begun_again(api, tmp_path):
    api.faults.cut_after = {"GET /files/id": 1}
    assert len(texts(client(api, tmp_path).complete(calls(api, 5)))) == 5


def test_a_server_that_stays_broken_ends_the_run_and_the_next_collects(api, tmp_path, capsys):
    api.faults.statuses = {"GET /batches/id": [500] * 3}
    few = member(api, retries=2)
    state = tmp_path / "batches.sqlite"
    with pytest.raises(ModelError, match=r"gave up after 3 tries.*told to answer 500"):
        list(BatchClient(few, state=state, poll=0.01).complete(calls(api, 5)))
    assert "5 requests in 1 batch go on there" in capsys.readouterr().err
    assert len(texts(client(api, tmp_path).complete(calls(api, 5)))) == 5
    assert len(api.created) == 1


def test_batches_of_more_than_a_page_are_looked_through(api, tmp_path):
    for i in range(250):
        file_id = api.put(b"")
        body = {"input_file_id": file_id, "endpoint": "/v1/chat/completions"}
        api.create({**body, "completion_window": "24h", "metadata": {"curate": f"other {i}"}})
    list(client(api, tmp_path).complete(calls(api, 1)))
    assert api.asked["GET /batches"] == 3


def test_a_run_that_asks_for_more_collects_the_old_batch_and_creates_one_for_the_rest(
    api, tmp_path
):
    api.faults.looks = 10**6
    leave(client(api, tmp_path), calls(api, 3))
    api.faults.looks = 0
    found = texts(client(api, tmp_path).complete(calls(api, 5)))
    assert len(found) == 5
    assert len(api.created) == 2
    assert set(api.paid.values()) == {1}


def test_a_batch_that_holds_nothing_asked_for_is_not_waited_for(api, tmp_path):
    api.faults.looks = 10**6
    leave(client(api, tmp_path), calls(api, 3))
    assert list(client(api, tmp_path).complete([])) == []


def test_of_a_batch_that_the_server_forgot_each_call_says_so(api, tmp_path):
    api.faults.looks = 10**6
    leave(client(api, tmp_path), calls(api, 2))
    api.batches.clear()
    found = reasons(client(api, tmp_path).complete(calls(api, 2)))
    assert set(found.values()) == {"the server does not know the batch any more"}


def leave(batches: BatchClient, asked: list[Call]) -> None:
    """Create batches, then leave them in the way that Ctrl-C does: at the first look."""
    replies = batches.complete(asked)
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    with pytest.raises(KeyboardInterrupt):
        list(replies)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_who_interrupts_is_told_that_the_batches_go_on(api, tmp_path, capsys):
    api.faults.looks = 10**6
    leave(client(api, tmp_path), calls(api, 3))
    told = capsys.readouterr().err
    assert "3 requests in 1 batch go on there; the same command collects them" in told


RUN = """
import sys
from pathlib import Path
from curate.config import MemberConfig
from curate.llm.calls import Call
from curate.llm.openai_batch import BatchClient
url, state = sys.argv[1:]
member = MemberConfig(model="little", client="openai-batch", base_url=url, api_key_env=None)
chats = [({"role": "user", "content": f"question {i}"},) for i in range(5)]
asked = [Call(model="little", base_url=url, messages=chat) for chat in chats]
list(BatchClient(member, state=Path(state), poll=0.01).complete(asked))
"""


@pytest.mark.parametrize(
    ("moment", "created_before"),
    [
        ("GET /batches", 0),
        ("POST /files", 0),
        ("POST /files done", 0),
        ("POST /batches", 0),
        ("POST /batches done", 1),
        ("GET /batches/id", 1),
        ("GET /files/id", 1),
    ],
)
def test_a_run_killed_at_any_moment_pays_for_nothing_twice(api, tmp_path, moment, created_before):
    reached = api.hold(moment)
    child = subprocess.Popen(
        [sys.executable, "-c", RUN, api.base_url, str(tmp_path / "batches.sqlite")],
        stderr=subprocess.DEVNULL,
    )
    assert reached.wait(60)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert len(api.created) == created_before
    api.let_go()
    assert len(texts(client(api, tmp_path).complete(calls(api, 5)))) == 5
    assert len(api.created) == 1
    assert set(api.paid.values()) == {1}


def test_the_key_goes_out_and_into_no_file_or_message(api, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LITTLE_KEY", "a-very-secret-key")
    keyed = member(api, api_key_env="LITTLE_KEY")
    state = tmp_path / "batches.sqlite"
    list(BatchClient(keyed, state=state, poll=0.01).complete(calls(api, 1)))
    assert api.keys == {"Bearer a-very-secret-key"}
    assert b"secret" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert "secret" not in capsys.readouterr().err


def test_a_key_that_is_refused_ends_the_run(api, tmp_path, monkeypatch):
    monkeypatch.setenv("LITTLE_KEY", "a-very-secret-key")
    api.faults.statuses = {"GET /batches": [401]}
    keyed = member(api, api_key_env="LITTLE_KEY")
    with pytest.raises(ModelError, match="the key in LITTLE_KEY is refused") as bad:
        list(BatchClient(keyed, state=tmp_path / "s", poll=0.01).complete(calls(api, 1)))
    assert "secret" not in str(bad.value)


def test_a_server_without_a_batch_api_is_told(tmp_path):
    with batch_api() as api:
        api.faults.statuses = {"GET /batches": [405]}
        with pytest.raises(ModelError, match="the Batch API is not served there"):
            list(client(api, tmp_path).complete(calls(api, 1)))


def test_without_a_file_of_state_a_batch_still_comes_back(api):
    found = texts(BatchClient(member(api), poll=0.01).complete(calls(api, 3)))
    assert len(found) == 3


def test_what_is_not_asked_for_for_a_while_is_still_there_when_it_is(api, tmp_path):
    api.faults.statuses = {"GET /batches/id": [500] * 3}
    state, asked = tmp_path / "batches.sqlite", calls(api, 5)
    with pytest.raises(ModelError):
        list(BatchClient(member(api, retries=2), state=state, poll=0.01).complete(asked))
    assert len(texts(client(api, tmp_path).complete(asked[:2]))) == 2  # the limit was lowered
    assert len(texts(client(api, tmp_path).complete(asked[2:]))) == 3  # and raised again
    assert len(api.created) == 1
    assert set(api.paid.values()) == {1}
