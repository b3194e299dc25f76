"""vLLM itself, on a CPU: our client of the engine, its server, and its batch runner.

CURATE_VLLM_PYTHON names an interpreter that `python tests/vllm_env.py FOLDER` made.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from curate.config import MemberConfig
from curate.llm.batch_files import read_results, write_requests
from curate.llm.calls import Call, Reply
from curate.llm.clients import client_for
from tests.vllm_asked import CHOICE, COLOUR, ENGINE, FRANCE, SCHEMA, SEEDED

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
FLAGS = [
    f"--max-model-len={ENGINE['max_model_len']}",
    f"--gpu-memory-utilization={ENGINE['gpu_memory_utilization']}",
    "--enforce-eager",
    "--served-model-name=smollm2",
]


@pytest.fixture(scope="module")
def python() -> str:
    path = os.environ.get("CURATE_VLLM_PYTHON", "")
    assert path, "CURATE_VLLM_PYTHON is not set; make test-vllm"
    return path


@pytest.fixture(scope="module")
def model(python) -> str:
    return str(Path(python).parents[1] / "smollm2")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "VLLM_NO_USAGE_STATS": "1"}


@pytest.fixture(scope="module")
def engine(python, model, environment, tmp_path_factory) -> dict[str, Any]:
    """Return what the engine answered, by our client and bare."""
    out = tmp_path_factory.mktemp("engine") / "answers.json"
    command = [python, str(ROOT / "tests" / "vllm_asked.py"), model, str(out)]
    subprocess.run(command, env=environment, check=True, cwd=out.parent)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_five_samples_are_those_of_the_bare_engine(engine):
    ours = [reply["text"] for reply in engine["replies"]["seeded"]]
    bare = [one["text"] for one in engine["raw"]["seeded"]["outputs"]]
    # the tail may differ: in bfloat16 a batch of another size rounds otherwise
    assert [text[:5] for text in ours] == [text[:5] for text in bare]
    assert len(set(ours)) == 5


def test_log_probabilities_are_those_of_the_bare_engine(engine):
    for reply, one in zip(
        engine["replies"]["seeded"], engine["raw"]["seeded"]["outputs"], strict=True
    ):
        drawn = one["logprobs"][0][str(one["token_ids"][0])]
        assert reply["logprobs"][0] == pytest.approx(drawn["logprob"], abs=0.2)
        assert len(reply["logprobs"]) == len(reply["alternatives"]) == reply["completion_tokens"]
        assert all(len(at) == 3 for at in reply["alternatives"])


def test_the_prompt_of_five_samples_is_counted_once(engine):
    prompt = len(engine["raw"]["seeded"]["prompt_token_ids"])
    counted = [reply["prompt_tokens"] for reply in engine["replies"]["seeded"]]
    assert counted == [prompt, 0, 0, 0, 0]


def test_a_sample_asked_for_alone_has_the_seed_it_had_among_five(engine):
    first, last = engine["replies"]["with a gap"]
    five = engine["replies"]["seeded"]
    assert [first["text"][:5], last["text"][:5]] == [five[0]["text"][:5], five[4]["text"][:5]]


def test_greedy_samples_repeat_each_other(engine):
    first, second = engine["replies"]["greedy"]
    assert first["text"] == second["text"]


def test_free_samples_differ(engine):
    assert len({reply["text"] for reply in engine["replies"]["free"]}) > 1


def test_without_a_limit_an_answer_ends_by_itself(engine):
    [reply] = engine["replies"]["unlimited"]
    assert reply["finish_reason"] == "stop"
    assert reply["completion_tokens"] > 16  # the engine's own default


def test_structured_output_is_held_to_its_shape(engine):
    [choice], [schema] = engine["replies"]["choice"], engine["replies"]["schema"]
    assert choice["text"] in ("Paris", "London")
    assert json.loads(schema["text"])["grade"] in range(1, 6)


def test_what_the_engine_refuses_fails_alone_with_its_reason(engine):
    def why(name: str) -> set[str]:
        return {reply["why_failed"] for reply in engine["replies"][name]}

    assert all("maximum context length is 512" in said for said in why("too long"))
    assert all("empty conversation" in said for said in why("no chat"))
    assert all("Grammar error" in said for said in why("no schema"))
    assert all("top_p must be in" in said for said in why("no top_p"))
    assert None not in why("half a pair")


def test_an_engine_that_cannot_start_says_what_to_look_at(engine):
    assert engine["errors"]["no model"].startswith("ModelError: /no/such/folder: vLLM cannot start")
    assert "no_such_argument" in engine["errors"]["no argument"]


@pytest.fixture(scope="module")
def server(python, model, environment, tmp_path_factory) -> Iterator[str]:
    """Yield the address of vLLM's own OpenAI-compatible server."""
    port = _free_port()
    log = tmp_path_factory.mktemp("server") / "log"
    module = "vllm.entrypoints.openai.api_server"
    where = ["--host=127.0.0.1", f"--port={port}", f"--model={model}"]
    with log.open("wb") as noise:
        child = subprocess.Popen(
            [python, "-m", module, *where, *FLAGS],
            env=environment,
            stdout=noise,
            stderr=noise,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", child, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            child.terminate()
            child.wait(timeout=60)


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _wait_for(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(900):
        assert child.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(1)
    raise AssertionError(f"vLLM does not listen: {log.read_text(errors='replace')[-2000:]}")


def call(url: str, text: str, sample: int = 0, **params: Any) -> Call:
    chat = ({"role": "user", "content": text},)
    return Call(model="smollm2", base_url=url, messages=chat, params=params, sample=sample)


def asked(url: str, *calls: Call, **more: Any) -> list[Reply]:
    """Return the replies of our client of such servers, in the order of the calls."""
    client = client_for(MemberConfig(model="smollm2", base_url=url, api_key_env=None, **more))
    with closing(client.complete(calls)) as replies:
        found = {one.key: reply for one, reply in replies}
    return [found[one.key] for one in calls]


def test_the_server_gives_five_choices_with_their_log_probabilities(server):
    sampled = {name: value for name, value in SEEDED.items() if name != "seed"}
    calls = [call(server, COLOUR, i, **sampled) for i in range(5)]
    replies = asked(server, *calls, samples_per_request=5)
    assert [reply.why_failed for reply in replies] == [None] * 5
    assert len({reply.text for reply in replies}) > 1
    assert all(len(r.logprobs) == len(r.alternatives) == r.completion_tokens for r in replies)
    assert [reply.prompt_tokens > 0 for reply in replies] == [True, False, False, False, False]


def test_the_servers_seeds_are_those_of_the_engine(server, engine):
    replies = asked(server, *(call(server, COLOUR, i, **SEEDED) for i in range(5)))
    ours = [reply["text"][:5] for reply in engine["replies"]["seeded"]]
    assert [reply.text[:5] for reply in replies] == ours


def test_the_server_holds_answers_to_a_schema_and_to_choices(server):
    schema, choice = asked(
        server,
        call(server, "Grade the answer 'Paris'.", **SCHEMA),
        call(server, FRANCE, **CHOICE),
    )
    assert json.loads(schema.text)["grade"] in range(1, 6)
    assert choice.text in ("Paris", "London")


def test_the_server_refuses_a_prompt_that_is_too_long_and_answers_the_others(server):
    long, short = asked(
        server,
        call(server, "word " * 600, max_tokens=8),
        call(server, COLOUR, max_tokens=8),
    )
    assert "maximum context length is 512" in long.why_failed
    assert short.why_failed is None


def test_a_file_of_requests_goes_through_vllm_run_batch(python, model, environment, tmp_path):
    calls = [
        *(call("vllm:", COLOUR, i, **SEEDED) for i in range(2)),
        call("vllm:", "Grade the answer 'Paris'.", **SCHEMA),
        call("vllm:", "word " * 600, max_tokens=8),
        call("vllm:", COLOUR, top_p=7),
    ]
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    assert write_requests(calls, given) == 5
    module = "vllm.entrypoints.openai.run_batch"
    files = ["-i", str(given), "-o", str(out), "--model", model]
    subprocess.run([python, "-m", module, *files, *FLAGS], env=environment, check=True)
    found = dict(read_results(out))
    assert set(found) == {one.key for one in calls}
    first, second, schema, long, wrong = [found[one.key] for one in calls]
    assert [len(r.logprobs) for r in (first, second)] == [
        first.completion_tokens,
        second.completion_tokens,
    ]
    assert json.loads(schema.text)["grade"] in range(1, 6)
    assert "maximum context length is 512" in long.why_failed
    assert "top_p must be in" in wrong.why_failed
