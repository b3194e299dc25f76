import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curate.config import AdaptiveConfig
from curate.errors import ConfigError
from curate.generate import Adaptive, generate
from curate.llm import Reply
from curate.records import CANDIDATES, Message
from tests.generate.asked import member, records

ROOT = Path(__file__).parents[2]
WARM = {"temperature": 0.7}
MODEL = member("m", samples=4, params=WARM)


def scripted(answer):
    """Ask a plain function from (prompt, sample) to an answer; None = the call fails."""

    def ask(calls):
        for call in calls:
            text = answer(call.messages[-1]["content"], call.sample)
            if text is None:
                yield Reply.failed("HTTP 500 from the server")
            else:
                yield Reply(message=Message(role="assistant", content=text), finish_reason="stop")

    return lambda member: ask


def run(table, members, answer, **more):
    batches = list(generate(table, members, ask=scripted(answer), **more))
    made = pa.Table.from_batches([b.candidates for b in batches], schema=CANDIDATES)
    return made, batches


def by_first_letter(answers):
    """Votes by the first letter of each answer."""
    out = np.full((len(answers), max(map(len, answers), default=0)), np.nan)
    for n, texts in enumerate(answers):
        out[n, : len(texts)] = [ord(text[0]) for text in texts]
    return out


def rule(stop="bucket", least=2, confidence=0.9, **more):
    config = AdaptiveConfig(stop=stop, least=least, confidence=confidence)
    return Adaptive(config=config, group=by_first_letter, **more)


def test_answers_come_member_by_member_record_by_record_sample_by_sample():
    made, _ = run(records("a", "b"), [MODEL, member("n")], lambda prompt, n: f"{prompt}{n}")
    assert made["model"].to_pylist() == ["m"] * 8 + ["n"] * 2
    assert made["record_id"].to_pylist() == ["r0"] * 4 + ["r1"] * 4 + ["r0", "r1"]
    texts = [m["content"] for m in made["message"].to_pylist()]
    assert texts == ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3", "a0", "b0"]


def test_a_failed_call_is_a_row_with_its_place_and_reason():
    made, batches = run(
        records("a", "b"), [MODEL], lambda prompt, n: None if (prompt, n) == ("b", 1) else "x"
    )
    assert made.num_rows == 7
    (row,) = [row for b in batches for row in b.failed]
    assert (row.file, row.line, row.stage) == ("logs.jsonl", 2, "generate")
    assert row.reason == "m, sample 1: HTTP 500 from the server"


def test_identical_answers_are_all_kept():
    made, _ = run(records("a"), [MODEL], lambda prompt, n: "same")
    assert made["repeat"].to_pylist() == [0, 1, 2, 3]
    assert len(set(made["id"].to_pylist())) == 4


def test_a_prompt_that_cannot_be_asked_is_told_once():
    table = records([{"role": "system", "content": "x"}], "b")
    made, batches = run(table, [MODEL, member("n")], lambda prompt, n: "x")
    assert [row.line for b in batches for row in b.refused] == [1]
    assert made.num_rows == 5


def test_nobody_to_ask_gives_nothing():
    assert list(generate(records("a"), [], ask=scripted(lambda prompt, n: "x"))) == []


def test_nothing_to_ask_gives_nothing():
    assert run(records(), [MODEL], lambda prompt, n: "x")[0].num_rows == 0
    made, batches = run(records(), [MODEL], lambda prompt, n: "x", adaptive=rule())
    assert (made.num_rows, sum(b.n_saved for b in batches)) == (0, 0)


def test_no_call_is_made_if_a_later_member_cannot_be_asked():
    asked = []
    members = [MODEL, member("n", samples=2, params={"temperature": 0})]
    with pytest.raises(ConfigError, match="n: temperature-0"):
        list(generate(records("a"), members, ask=scripted(lambda prompt, n: asked.append(n))))
    assert asked == []


def test_a_reply_too_few_is_no_answer_to_another_call():
    with pytest.raises(ValueError, match="got no reply"):
        list(generate(records("a"), [MODEL], ask=lambda who: lambda calls: iter(list(calls)[:0])))


def test_sampling_stops_where_the_bucket_is_settled():
    # "sure" always says the same, "torn" never: with 60 of each the urns are learned soon
    table = records(*[f"sure {n}" for n in range(60)], *[f"torn {n}" for n in range(60)])
    long = member("m", samples=12, params=WARM)
    made, batches = run(
        table, [long], lambda prompt, n: "x" if "sure" in prompt else chr(97 + n), adaptive=rule()
    )
    saved = sum(b.n_saved for b in batches)
    assert made.num_rows + saved == 120 * 12
    assert saved > 120 * 6
    counts = made.group_by("record_id", use_threads=False).aggregate([("id", "count")])
    assert min(counts["id_count"].to_pylist()) >= 2


def test_an_adaptive_run_gives_records_in_order_and_samples_from_the_first():
    table = records(*[f"sure {n}" for n in range(5)], *[f"torn {n}" for n in range(5)])
    made, _ = run(
        table, [MODEL], lambda prompt, n: "x" if "sure" in prompt else chr(97 + n), adaptive=rule()
    )
    ids = made["record_id"].to_pylist()
    assert ids == sorted(ids)
    taken = {}
    for id, params in zip(ids, made["params"].to_pylist(), strict=True):
        taken.setdefault(id, []).append(json.loads(params)["sample"])
    assert all(samples == list(range(len(samples))) for samples in taken.values())


def test_where_no_decision_can_be_told_all_samples_are_taken():
    blind = Adaptive(
        config=AdaptiveConfig(stop="bucket", least=2),
        group=lambda answers: np.full((len(answers), max(map(len, answers), default=0)), np.nan),
    )
    hard = member("m", samples=3, params=WARM)
    made, batches = run(records("a", "b"), [hard], lambda prompt, n: "x", adaptive=blind)
    assert made.num_rows == 6
    assert sum(b.n_saved for b in batches) == 0


def test_a_failed_sample_is_not_drawn_again():
    made, batches = run(
        records("a"), [MODEL], lambda prompt, n: None if n == 0 else chr(97 + n), adaptive=rule()
    )
    failed = sum(len(b.failed) for b in batches)
    assert failed == 1
    assert made.num_rows + failed + sum(b.n_saved for b in batches) == 4


def test_whoever_will_surely_be_chosen_needs_no_more_samples():
    made, _ = run(
        records("a", "b"),
        [MODEL],
        lambda prompt, n: chr(97 + n),
        adaptive=rule("selection", budget=2),
    )
    assert made.num_rows == 4  # both fit the budget whatever they say: the least, 2 each


@pytest.mark.slow
def test_the_same_replies_give_the_same_bytes_on_any_hash_seed(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from tests.generate.test_committee import *\n"
        "import pyarrow.parquet as pq\n"
        "table = records(*[f'{k} {n}' for n in range(9) for k in ('sure', 'torn')])\n"
        "made, _ = run(table, [MODEL, member('n')], lambda p, n: 'x' if 'sure' in p else chr(97+n),"
        " adaptive=rule())\n"
        "pq.write_table(made, sys.argv[1])"
    )
    written = []
    for seed in ("0", "77"):
        path = tmp_path / f"{seed}.parquet"
        env = {"PYTHONHASHSEED": seed, "PATH": ""}
        subprocess.run([sys.executable, "-c", code, str(path), str(ROOT)], check=True, env=env)
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_log_probabilities_reach_the_table():
    def ask(calls):
        message = Message(role="assistant", content="x")
        return (Reply(message=message, logprobs=(-1.0, -2.0)) for _ in calls)

    (made,) = [b.candidates for b in generate(records("a"), [member()], ask=lambda who: ask)]
    assert made["logprob_sum"].to_pylist() == [-3.0]
    assert not math.isnan(made["logprob_mean"][0].as_py())
