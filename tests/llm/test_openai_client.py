import os
import random
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from itertools import count, islice

import pytest

from curate.config import MemberConfig
from curate.errors import BudgetError, ConfigError, ModelError
from curate.llm.breaker import PROBES
from curate.llm.openai_client import LONGEST_WAIT, OpenAIClient
from tests.faulty_server import faulty_server
from tests.llm.asking_members import answers, calls, member, until_it_ends
from tests.llm.jumping_clock import JumpingClock

KEY = "sk-very-secret-123456"


def client(base_url, clock=None, **more):
    return OpenAIClient(member(base_url, **more), clock=clock, rng=random.Random(7))


def nobody_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def open_files():
    return len(os.listdir("/proc/self/fd"))


def test_every_call_comes_back_with_its_reply():
    with faulty_server() as server:
        found = answers(client(server.base_url), calls(map(str, range(100))))
    assert sorted(int(call.messages[0]["content"]) for call, _ in found) == list(range(100))
    assert all(r.text == f"you said {c.messages[0]['content']}" for c, r in found)
    assert all(r.seconds > 0 and r.prompt_tokens == 7 for _, r in found)


def test_of_no_calls_nothing_comes_back_and_nothing_is_sent():
    assert answers(client(nobody_there()), []) == []


def test_text_that_no_encoding_holds_survives_the_way_there_and_back():
    text = "nul \x00 half a pair \ud83d and \u2028"
    with faulty_server() as server:
        [(_, reply)] = answers(client(server.base_url), calls([text]))
    assert reply.text == "you said nul \x00 half a pair \ud83d and"


def test_a_call_is_taken_only_when_it_can_be_sent():
    taken = []

    def asked():
        for call in calls(map(str, range(200))):
            taken.append(call)
            yield call

    with faulty_server() as server, closing(client(server.base_url).complete(asked())) as found:
        # 8 are in flight, and at most as many replies lie ready on either side
        assert all(len(taken) - back <= 3 * 8 for back, _ in enumerate(found))
    assert len(taken) == 200


def test_a_refusal_is_a_failed_reply_with_the_servers_words():
    no = [400, {}, {"error": {"message": "too long, said " + "x" * 5000}}]
    with faulty_server(always=no) as server:
        found = answers(client(server.base_url), calls(["a", "b"]))
        assert len(server.stats()["bodies"]) == 2
    for _, reply in found:
        assert reply.why_failed.startswith("HTTP 400: too long, said xxx")
        assert len(reply.why_failed) < 400
        assert reply.message is None


def test_what_fails_to_the_last_is_a_failed_reply_with_the_number_of_attempts():
    no = [500, {}, {"error": {"message": "oops"}}]
    clock = JumpingClock()
    with faulty_server(always=no) as server:
        [(_, reply)] = answers(client(server.base_url, clock), calls(["a"]))
        assert len(server.stats()["bodies"]) == 5
    assert reply.why_failed == "HTTP 500: oops (after 5 attempts)"
    # four pauses of at most 0.5, 1, 2 and 4 s
    assert len(clock.slept) == 4
    assert all(pause <= 0.5 * 2**n for n, pause in enumerate(clock.slept))
    assert reply.seconds == pytest.approx(sum(clock.slept))


def test_an_answer_that_cannot_be_read_is_asked_for_again():
    with faulty_server(always=[200, {}, {"choices": []}]) as server:
        [(_, reply)] = answers(client(server.base_url, JumpingClock()), calls(["a"]))
    assert reply.why_failed == "the answer holds no choices (after 5 attempts)"


def test_retry_after_holds_all_requests_back():
    no = [429, {"Retry-After": "17"}, {"error": {"message": "slow down"}}]
    clock = JumpingClock()
    with faulty_server(always=no) as server:
        [(_, reply)] = answers(client(server.base_url, clock, retries=2), calls(["a"]))
    assert "slow down" in reply.why_failed
    assert len([pause for pause in clock.slept if 17 <= pause <= 18]) == 2


def test_a_server_that_asks_to_wait_for_hours_ends_the_run():
    no = [429, {"Retry-After": str(LONGEST_WAIT + 1)}, {"error": {"message": "quota"}}]
    with faulty_server(always=no) as server:
        found, why = until_it_ends(client(server.base_url), calls(["a"]))
    assert isinstance(why, ModelError) and "run the same command again" in str(why)
    assert [reply.why_failed for _, reply in found] == [str(why)]


def test_a_wrong_key_ends_the_run_and_shows_nowhere(monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    with faulty_server(key="another") as server:
        asking = client(server.base_url, api_key_env="SOME_KEY")
        found, why = until_it_ends(asking, calls(map(str, range(100))))
        tried = len(server.stats()["bodies"])
    assert isinstance(why, ModelError) and "the key in SOME_KEY is refused" in str(why)
    assert tried <= 8
    assert 1 <= len(found) <= 3 * 8
    shown = [str(why), repr(why), repr(asking), *(str(r.why_failed) for _, r in found)]
    assert [text for text in shown if "secret" in text or "123456" in text] == []


def test_the_right_key_is_sent(monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    with faulty_server(key=KEY) as server:
        [(_, reply)] = answers(client(server.base_url, api_key_env="SOME_KEY"), calls(["a"]))
    assert reply.text == "you said a"


def test_without_a_key_a_server_elsewhere_is_not_even_asked():
    asking = client("https://models.example/v1", api_key_env="CURATE_TEST_NO_SUCH_VARIABLE")
    found, why = until_it_ends(asking, calls(["a"]))
    assert isinstance(why, ModelError) and "CURATE_TEST_NO_SUCH_VARIABLE" in str(why)
    assert len(found) == 1


@pytest.mark.parametrize("key", ["sk-abcdef123456", "hf_abcdefghijklmnopqrst"])
def test_a_key_in_the_place_of_its_variable_is_not_repeated(key):
    with pytest.raises(ConfigError, match="is not the key itself") as refused:
        client("https://models.example/v1", api_key_env=key)
    assert key not in str(refused.value)


def test_a_server_on_this_machine_is_not_sent_the_key_of_another(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with faulty_server(key="another") as server:
        asking = OpenAIClient(MemberConfig(model="m", base_url=server.base_url))
        _, why = until_it_ends(asking, calls(["a"]))
    assert isinstance(why, ModelError) and "the server wants a key" in str(why)


def test_an_unknown_model_ends_the_run():
    with faulty_server(model="other") as server:
        _, why = until_it_ends(client(server.base_url), calls(["a", "b"]))
    assert isinstance(why, ModelError) and "there is no model 'm'" in str(why)


def test_a_web_page_is_no_model():
    page = [200, {"Content-Type": "text/html"}, "<html>"]
    with faulty_server(always=page) as server:
        _, why = until_it_ends(client(server.base_url), calls(["a"]))
    assert isinstance(why, ModelError) and "a web page answers there" in str(why)


def test_the_key_does_not_follow_a_redirect():
    with faulty_server() as elsewhere:
        to = [307, {"Location": f"{elsewhere.base_url}/chat/completions?a=b"}, ""]
        with faulty_server(always=to) as server:
            _, why = until_it_ends(client(server.base_url), calls(["a"]))
        assert elsewhere.stats()["bodies"] == []
    assert isinstance(why, ModelError) and "sent on to" in str(why) and "a=b" not in str(why)


def test_where_nobody_listens_the_run_ends_after_a_few_attempts():
    clock = JumpingClock()
    found, why = until_it_ends(client(nobody_there(), clock), calls(map(str, range(1000))))
    assert isinstance(why, ModelError)
    # 5 failures open the breaker, 2 probes follow; up to 8 may have been on their way
    assert "the server is gone: connection refused" in str(why)
    times = int(str(why).split(" times in a row")[0].split()[-1])
    assert 7 <= times <= 7 + 8
    assert 1 <= len(found) <= 8
    assert all(str(why) == reply.why_failed for _, reply in found)


def test_a_server_that_dies_ends_the_run_and_nothing_that_was_taken_is_lost():
    taken = []

    def asked():
        for call in calls(map(str, count())):
            taken.append(call)
            yield call

    with faulty_server() as server:
        found = []
        with (
            closing(client(server.base_url, JumpingClock()).complete(asked())) as replies,
            pytest.raises(ModelError, match="the same command goes on from there"),
        ):
            for pair in replies:
                found.append(pair)
                if len(found) == 50:
                    server.stop()
    assert {id(call) for call, _ in found} == {id(call) for call in taken}
    assert len(found) == len(taken)
    assert sum(reply.why_failed is None for _, reply in found) >= 50


def test_a_gateway_with_no_server_behind_it_is_no_server():
    clock = JumpingClock()
    with faulty_server(always=[502, {}, "Bad Gateway"]) as server:
        _, why = until_it_ends(client(server.base_url, clock), calls(map(str, range(100))))
    assert isinstance(why, ModelError) and "HTTP 502: Bad Gateway" in str(why)
    # the server was met, so it is waited for, a minute in all
    assert [pause for pause in clock.slept if pause in PROBES][: len(PROBES)] == list(PROBES)


def test_a_parameter_that_is_refused_is_left_away_and_said_once():
    with faulty_server(refuses=["logprobs", "seed"]) as server:
        asking = client(server.base_url, concurrency=1)
        asked = calls("abc", logprobs=True, top_logprobs=5, seed=1, temperature=0)
        found = answers(asking, asked)
        bodies = server.stats()["bodies"]
    assert [reply.why_failed for _, reply in found] == [None] * 3
    # the first with all, then without log-probabilities, then without the seed, and so on
    assert len(bodies) == 5
    assert set(bodies[-1]) == {"model", "messages", "temperature"}
    assert [note.split("`")[1] for note in asking.notes] == ["logprobs", "seed"]


def test_each_sample_has_its_own_seed():
    with faulty_server() as server:
        answers(client(server.base_url, concurrency=1), calls(["a"], samples=3, seed=40))
        assert [body["seed"] for body in server.stats()["bodies"]] == [40, 41, 42]


def test_neighbouring_samples_are_one_request_and_the_prompt_is_paid_once():
    with faulty_server() as server:
        asking = client(server.base_url, samples_per_request=3, concurrency=1)
        found = answers(asking, calls("ab", samples=4, logprobs=True))
        bodies = server.stats()["bodies"]
    assert [body.get("n", 1) for body in bodies] == [3, 1, 3, 1]
    tokens = {(c.messages[0]["content"], c.sample): r.prompt_tokens for c, r in found}
    # 4 samples are asked for as 3 + 1: the prompt's 7 tokens are paid for twice
    assert [tokens["a", sample] for sample in range(4)] == [7, 0, 0, 7]
    # "you said a": three log-probabilities
    assert {r.completion_tokens for _, r in found} == {3}
    assert {c.sample: r.tokens_counted for c, r in found} == {0: True, 1: True, 2: True, 3: False}


def test_a_server_that_knows_no_n_is_asked_singly_after_a_while():
    with faulty_server(most_choices=1) as server:
        asking = client(server.base_url, samples_per_request=4, concurrency=1)
        found = answers(asking, calls(map(str, range(10)), samples=4))
        stats = server.stats()
    assert [reply.why_failed for _, reply in found] == [None] * 40
    assert stats["answered"] == {str(n): 4 for n in range(10)}
    assert len([body for body in stats["bodies"] if "n" in body]) == 3
    assert len(asking.notes) == 1 and "asked for singly" in asking.notes[0]


def test_a_server_that_refuses_n_is_asked_singly():
    with faulty_server(refuses=["n"]) as server:
        asking = client(server.base_url, samples_per_request=4, concurrency=1)
        found = answers(asking, calls("ab", samples=4))
        assert server.stats()["answered"] == {"a": 4, "b": 4}
    assert len(found) == 8


def test_what_the_client_sets_itself_is_not_taken_from_the_params():
    with faulty_server() as server:
        asking = client(server.base_url)
        answers(asking, calls(["a"], stream=True, n=7))
        assert set(server.stats()["bodies"][0]) == {"model", "messages"}
    assert asking.notes == ["params: n, stream left away; the client sets these itself"]


def test_params_that_json_cannot_hold_are_a_failed_reply():
    with faulty_server() as server:
        [(_, reply)] = answers(client(server.base_url), calls(["a"], temperature=float("nan")))
    assert reply.why_failed.startswith("the request cannot be written as JSON")


def test_requests_keep_to_the_limit_a_minute():
    clock = JumpingClock()
    with faulty_server() as server:
        answers(client(server.base_url, clock, requests_per_minute=30), calls("abcd"))
    # one at once, then one every two seconds, and the wait before it is seen that no more come
    assert sum(clock.slept) == pytest.approx(8)


def test_tokens_keep_to_the_limit_a_minute():
    clock = JumpingClock()
    with faulty_server() as server:
        asking = client(server.base_url, clock, tokens_per_minute=600, concurrency=1)
        found = answers(asking, calls("abcd", max_tokens=100))
    spent = sum(r.prompt_tokens + r.completion_tokens for _, r in found)
    assert spent == 40
    # more than 100 were booked for each, and 7 + 3 were used. 10 flow in a second, and 10 are in
    # it: the first leaves 0, so that 1 is there after 0.1 s; each further one leaves 9 in debt
    assert clock.now() == pytest.approx(0.1 + 1 + 1 + 1)


def test_what_the_calls_raise_is_raised_after_all_that_was_taken_came_back():
    def asked():
        yield from calls(map(str, range(20)))
        raise BudgetError("the limit is reached")

    with faulty_server() as server:
        for samples in (1, 4):
            asking = client(server.base_url, samples_per_request=samples)
            found, why = until_it_ends(asking, asked())
            assert len(found) == 20
            assert str(why) == "the limit is reached"


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_generator_that_is_closed_leaves_nothing_open(after):
    threads, files = threading.active_count(), open_files()
    with faulty_server(rate=0.5, faults=["hang"]) as server:
        replies = client(server.base_url).complete(calls(map(str, range(100))))
        assert len(list(islice(replies, after))) == after
        replies.close()
        assert threading.active_count() == threads
    assert open_files() == files


def test_one_client_is_used_again_and_again():
    with faulty_server() as server:
        asking = client(server.base_url, requests_per_minute=100_000)
        sizes = [len(answers(asking, calls(map(str, range(20))))) for _ in range(3)]
    assert sizes == [20] * 3


@pytest.mark.parametrize(
    "url",
    ["", "models.example/v1", "ftp://models.example", "http://[", "http://a:b@models.example"],
)
def test_an_address_that_cannot_be_asked_is_a_configuration_error(url):
    with pytest.raises(ConfigError, match="base_url"):
        client(url)


def test_a_query_in_the_address_is_sent_and_not_shown():
    assert "token" not in repr(client("http://127.0.0.1:1/v1?token=abc"))


def test_it_works_where_an_event_loop_runs_already():
    import asyncio

    async def cell():
        return len(answers(client(server.base_url), calls("abc")))

    with faulty_server() as server:
        assert asyncio.run(cell()) == 3


CHILD = """
import sys, threading
from tests.llm.asking_members import calls, member
from curate.llm.openai_client import OpenAIClient
try:
    for n, _ in enumerate(OpenAIClient(member(sys.argv[1])).complete(calls(map(str, range(100))))):
        print(n, flush=True)
except KeyboardInterrupt:
    print("stopped", threading.active_count(), flush=True)
"""


def test_ctrl_c_ends_it_at_once():
    with faulty_server(rate=0.5, faults=["hang"]) as server:
        command = [sys.executable, "-W", "error", "-c", CHILD, server.base_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            assert child.stdout and child.stderr
            child.stdout.readline()
            child.send_signal(signal.SIGINT)
            said, complaints = child.communicate(timeout=60)
    assert said.decode().splitlines()[-1] == "stopped 1"
    assert (child.returncode, complaints) == (0, b"")
