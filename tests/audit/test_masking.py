"""What is personal or secret in rows stands in nothing that an audit writes."""

import json

import pytest

from curate.audit import read_rows
from curate.pipeline.audit import audit
from curate.pipeline.audit_options import AuditOptions

MAIL = "jo.wexlhof@curate.dev"


def chat(said, answer="Thank you, it is noted down here.", role="user", **beside):
    turns = [{"role": role, "content": said}, {"role": "assistant", "content": answer}]
    return {"messages": turns, **beside}


@pytest.fixture
def train(tmp_path):
    rows = [chat(f"What is {n} plus {n}?", f"It is {2 * n}, as one can count.") for n in range(8)]
    rows += [
        chat(f"Write to {MAIL} today", f"I wrote to {MAIL}. " * 30, id=MAIL, source=MAIL),
        chat(f"Write to {MAIL} today", f"I wrote to {MAIL}. " * 30),
        chat("Hello", source=MAIL),
        chat("Who is it?", role="kay.quint@curate.dev"),
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def written(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("only", [(), ("quality", "duplicates", "provenance")])
def test_no_value_is_written_whichever_checks_are_asked_for(train, tmp_path, only):
    out = tmp_path / "out"
    done = audit([train], AuditOptions(embed=False, out=out, only=only))
    assert any("repetition" in note for note in done.notes)
    for name, content in {**written(out), "said": done.as_text().encode()}.items():
        assert MAIL.encode() not in content, name
        assert b"kay.quint" not in content, name


def test_checks_that_only_mask_are_not_reported(train, tmp_path):
    audit([train], AuditOptions(embed=False, out=tmp_path / "out", only=("repetition",)))
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [check["name"] for check in summary["checks"]] == ["repetition"]


def test_a_reason_quotes_no_value_of_its_row(train):
    (bad,) = read_rows([train]).rejected
    assert bad.reason.startswith("unknown role '••••")


def test_a_text_of_a_benchmark_is_masked_too(tmp_path):
    asked = "Which of the ships that left the harbour in the year of the great storm came back "
    asked += "with all hands and half of its cargo, and who wrote of it to {} that same winter?"
    train, bench = tmp_path / "train.jsonl", tmp_path / "bench.jsonl"
    train.write_text(json.dumps(chat(asked.format("nobody"))) + "\n")
    bench.write_text(json.dumps({"prompt": asked.format(MAIL), "completion": "A"}) + "\n")
    out = tmp_path / "out"
    audit([train], AuditOptions(embed=False, out=out, against=(str(bench),)))
    assert '"contamination"' in (out / "findings.jsonl").read_text()
    assert not [name for name, content in written(out).items() if MAIL.encode() in content]
