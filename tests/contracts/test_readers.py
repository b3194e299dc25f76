"""What every reader of the registry promises, on real samples and on hand-written ones."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ingest import detect, formats, read
from curate.ingest.messages import ROLES
from curate.ingest.readers import READERS, best
from curate.records import CANDIDATES, PAIRS, RECORDS, record_id

DATA = Path(__file__).parents[1] / "data" / "formats"

# file, format, records, candidates, pairs, rejected
SAMPLES = [
    ("anthropic_hh_rlhf_sample.jsonl", "preference", 6, 12, 6, 0),
    ("api_request_response_cassettes.jsonl.gz", "openai-chat", 27, 100, 0, 4),
    ("arenahard_model_answer.jsonl", "messages", 4, 4, 0, 0),
    ("axolotl_alpaca_alpaca.json", "alpaca", 2, 2, 0, 0),
    ("axolotl_conversation.json", "sharegpt", 1, 1, 0, 0),
    ("axolotl_conversation.missingturns.json", "sharegpt", 1, 1, 0, 0),
    ("fastchat_sharegpt_dummy_conversation.json", "sharegpt", 9, 10, 0, 0),
    ("labelstudio_chat_export.json", "label-studio", 1, 1, 0, 0),
    ("labelstudio_csv_test_export.json", "label-studio", 0, 0, 0, 2),
    ("labelstudio_data_examples.json", "label-studio", 0, 0, 0, 1),
    ("langsmith_anthropic_managed_builtin_tools.jsonl", "anthropic-sessions", 1, 1, 0, 0),
    ("langsmith_anthropic_managed_custom_tools.jsonl", "anthropic-sessions", 1, 1, 0, 0),
    ("langsmith_anthropic_managed_mcp_tools.jsonl", "anthropic-sessions", 1, 1, 0, 0),
    ("langsmith_langsmith_js_wrap_openai_default.json", "langsmith", 1, 1, 0, 0),
    ("langsmith_langsmith_js_wrap_openai_reasoning.json", "langsmith", 1, 1, 0, 0),
    ("langsmith_langsmith_js_wrap_openai_stream.json", "langsmith", 1, 1, 0, 0),
    ("langsmith_langsmith_py_wrap_openai_.json", "langsmith", 1, 1, 0, 0),
    ("langsmith_langsmith_py_wrap_openai_reasoning.json", "langsmith", 1, 1, 0, 0),
    ("langsmith_langsmith_py_wrap_openai_stream.json", "langsmith", 1, 1, 0, 0),
    ("langsmith_langsmith_py_wrap_openai_stream_no_usage.json", "langsmith", 1, 1, 0, 0),
    ("llamafactory_alpaca_en_demo.json", "alpaca", 6, 6, 0, 0),
    ("llamafactory_dataset_info.json", None, 0, 0, 0, 1),
    ("llamafactory_dpo_en_demo_sharegpt.json", "sharegpt", 5, 10, 5, 0),
    ("llamafactory_glaive_toolcall_sharegpt.json", "sharegpt", 6, 6, 0, 0),
    ("llamafactory_identity_alpaca.json", "alpaca", 8, 8, 0, 0),
    ("llamafactory_kto_en_demo.json", "messages", 6, 6, 0, 0),
    ("llamafactory_mllm_demo.json", "messages", 6, 6, 0, 0),
    ("llamafactory_v1_dpo_demo.jsonl", "preference", 4, 8, 4, 0),
    ("llamafactory_v1_sft_demo_head.jsonl", "messages", 6, 6, 0, 0),
    ("mtbench_gpt4_single_judgment.jsonl", "mt-bench", 5, 5, 0, 0),
    ("oasst_en_100_message.jsonl", "oasst", 10, 26, 29, 0),
    ("oasst_en_100_tree.jsonl", "oasst", 10, 26, 29, 0),
    ("openai_cookbook_toy_chat_fine_tuning.jsonl", "messages", 5, 5, 0, 0),
    ("openinference_openinference_client_span_input_output_only.json", "openinference", 1, 1, 0, 0),
    ("openinference_openinference_client_span_tool_calls.json", "openinference", 1, 1, 0, 0),
    ("openinference_otel_genai_client_span_tool_calls.json", "otel-genai", 1, 1, 0, 0),
    ("openinference_otel_genai_deprecated_client_span_tool_calls.json", "otel-genai", 1, 1, 0, 0),
    ("openinference_otel_genai_tool_execution_span.json", "otel-genai", 0, 0, 0, 1),
    ("taubench_few_shot_airline.jsonl", "transcript", 3, 3, 0, 0),
    ("taubench_trajectories_5.json", "messages", 1, 1, 0, 0),
    ("vercel_ai_sdk_v6_all_spans.json", "vercel-ai", 4, 4, 0, 6),
    ("vllm_openai_batch_input.jsonl", "openai-batch", 2, 0, 0, 0),
    ("own/alpaca.jsonl", "alpaca", 4, 4, 0, 0),
    ("own/anthropic-batch.jsonl", "anthropic-batch", 2, 1, 0, 1),
    ("own/anthropic-messages.jsonl", "anthropic-messages", 1, 1, 0, 0),
    ("own/arena.jsonl", "arena", 3, 4, 1, 1),
    ("own/cloud-api.jsonl", "cloud-api", 2, 2, 0, 0),
    ("own/completions.jsonl", "completions", 4, 7, 0, 1),
    ("own/label-studio.jsonl", "label-studio", 1, 1, 0, 0),
    ("own/langfuse.jsonl", "langfuse", 2, 2, 0, 0),
    ("own/langsmith.jsonl", "langsmith", 2, 2, 0, 2),
    ("own/messages.jsonl", "messages", 6, 5, 0, 0),
    ("own/mt-bench.jsonl", "mt-bench", 1, 0, 0, 1),
    ("own/oasst-flat.jsonl", "oasst-flat", 2, 3, 1, 0),
    ("own/openai-batch-error.jsonl", "openai-batch", 0, 0, 0, 1),
    ("own/openai-batch-input.jsonl", "openai-batch", 4, 0, 0, 0),
    ("own/openai-batch-output.jsonl", "openai-batch", 0, 0, 0, 2),
    ("own/openai-chat.jsonl", "openai-chat", 8, 10, 0, 1),
    ("own/openai-dpo.jsonl", "openai-dpo", 1, 2, 1, 0),
    ("own/openai-responses.jsonl", "openai-responses", 2, 2, 0, 1),
    ("own/openai-stored.jsonl", "openai-stored", 1, 1, 0, 1),
    ("own/otel-genai.jsonl", "otel-genai", 3, 3, 0, 1),
    ("own/pairs.jsonl", "pairs", 2, 5, 3, 0),
    ("own/preference.jsonl", "preference", 9, 18, 10, 1),
    ("own/prompt-completion.jsonl", "prompt-completion", 3, 3, 0, 0),
    ("own/prompts.jsonl", "prompts", 2, 0, 0, 0),
    ("own/sharegpt.jsonl", "sharegpt", 2, 4, 1, 0),
    ("own/wildchat.jsonl", "wildchat", 2, 2, 0, 0),
]
KNOWN = [sample for sample in SAMPLES if sample[1] is not None]
FILES = [sample[0] for sample in SAMPLES]


def rows_of(file):
    text = (DATA / file).read_bytes()
    if file.endswith(".gz"):
        import gzip

        text = gzip.decompress(text)
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.split(b"\n") if line.strip()]


def everything(batches):
    """All batches as plain rows: records, candidates, pairs, rejected."""
    batches = list(batches)
    tables = [[row for b in batches for row in getattr(b, t).to_pylist()] for t in TABLES]
    for candidate in tables[1]:
        for column in ("logprob_sum", "logprob_mean"):
            if math.isnan(candidate[column]):
                candidate[column] = None
    return (*tables, [r for b in batches for r in b.rejected])


TABLES = ("records", "candidates", "pairs")


@pytest.mark.parametrize(("file", "name", "records", "candidates", "pairs", "rejected"), SAMPLES)
def test_each_sample_is_read_or_rejected_with_a_sentence(
    file, name, records, candidates, pairs, rejected
):
    out = everything(read([DATA / file]))
    assert tuple(map(len, out)) == (records, candidates, pairs, rejected)
    assert all(len(r.reason) > 10 and r.stage == "ingest" for r in out[3])


@pytest.mark.parametrize(("file", "name"), [sample[:2] for sample in KNOWN])
def test_the_format_is_told_from_the_rows(file, name):
    rows = rows_of(file)
    if name == "anthropic-sessions":
        rows = [{"event": event, "data": data} for event, data in rows]
    assert detect(rows, file) == name


def test_every_format_has_a_sample():
    assert {sample[1] for sample in KNOWN} == set(formats())


@pytest.mark.parametrize("name", formats())
def test_a_reader_is_called_by_its_name_and_says_what_it_reads(name):
    reader = READERS.get(name)
    assert reader.name == name
    assert reader.about


@pytest.mark.parametrize(("file", "name"), [s[:2] for s in KNOWN if s[0] != FILES[1]])
def test_forcing_the_format_gives_what_detection_gives(file, name):
    assert everything(read([DATA / file], format=name)) == everything(read([DATA / file]))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("turns", ["last", "every"])
def test_rows_keep_the_promises_of_the_schemas(file, turns):
    records, candidates, pairs, _ = everything(read([DATA / file], turns=turns))
    assert len({r["id"] for r in records}) == len(records)
    assert len({c["id"] for c in candidates}) == len(candidates)
    assert {c["record_id"] for c in candidates} <= {r["id"] for r in records}
    known = {c["id"]: c["record_id"] for c in candidates}
    for record in records:
        assert record["id"] == record_id(record["messages"], record["tools"])
        assert {m["role"] for m in record["messages"]} <= set(ROLES.values()) - {"call"}
        assert json.loads(record["metadata"]) is not None
        assert record["group"] and record["source"].startswith(str(DATA))
    for candidate in candidates:
        assert candidate["message"]["role"] == "assistant"
        assert isinstance(json.loads(candidate["params"]), dict)
        assert isinstance(json.loads(candidate["metadata"]), dict)
    for pair in pairs:
        assert known[pair["a"]] == known[pair["b"]] == pair["record_id"]
        assert pair["winner"] in ("a", "b", "tie", "both_bad", None)


@pytest.mark.parametrize("file", FILES)
def test_batches_have_the_schemas_whatever_their_size(file):
    whole = everything(read([DATA / file]))
    batches = list(read([DATA / file], batch_rows=1))
    for batch in batches:
        assert batch.records.schema == RECORDS
        assert batch.candidates.schema == CANDIDATES
        assert batch.pairs.schema == PAIRS
    assert everything(batches) == whole


def test_every_turn_of_a_chat_can_be_a_candidate():
    last = everything(read([DATA / "taubench_trajectories_5.json"]))
    every = everything(read([DATA / "taubench_trajectories_5.json"], turns="every"))
    assert len(every[1]) > len(last[1])
    assert len({c["group"] for c in every[1]}) == 1 or len(every[0]) == len(every[1])


NAMES = sorted(
    {k for file in FILES for row in rows_of(file)[:2] if isinstance(row, dict) for k in row}
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
)
WORDS = st.sampled_from(["user", "assistant", "text", "message", "chat.completion", "response"])
INNER = st.sampled_from(
    ["role", "content", "from", "value", "type", "text", "choices", "messages", "message", "parts"]
)
JSON = st.recursive(
    LEAVES | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5))
def test_no_json_object_makes_detection_raise(row):
    best([row])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6),
        min_size=1,
        max_size=4,
    )
)
def test_no_row_ends_the_run(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for batch in read([path]):
        batch.records.validate(full=True)
        batch.candidates.validate(full=True)
