"""What every writer of the registry keeps."""

import json
from typing import get_args

import pytest

from curate.checks import TARGETS, validate
from curate.config import ExportConfig, ExportFormat
from curate.errors import ConfigError
from curate.export import WRITERS, Example, Unfit, export
from curate.records import Message
from tests.export.settled import SEEN, TOOLS, USER, candidate, look, record, said, settled

SYSTEM = Message(role="system", content="Be brief.")
IMAGE = Message(role="user", content="What is this?", parts='[{"type": "image_url"}]')
ROWS = {
    "rewritten": settled("k1", "rewritten", "Blue.", "Green."),
    "good": settled("k2", "good", "Blue."),
    "preferred": settled("k3", "a", "Blue.", "Green."),
    "tie": settled("k4", "tie"),
    "both bad": settled("k5", "both_bad"),
    "unlabelable": settled("k6", "unlabelable"),
    "a leading space": settled("k7", "rewritten", " blue.", "green"),
    "a tool call": settled("k8", "good", look('{"at": 1}')),
    "an empty answer": settled("k9", "rewritten", "Blue.", ""),
    "half a surrogate pair": settled("k10", "rewritten", "Blue \ud83d", "Green."),
    "only spaces differ": settled("k11", "a", "Blue.", " Blue.\n"),
}
PROMPTS = {
    "one turn": record(),
    "several turns": record("r", SYSTEM, USER, said("Blue?"), USER),
    "tools": record("r", USER, look('{"at": 1.5}'), SEEN, tools=TOOLS),
    "an image": record("r", IMAGE),
    "an answer at its end": record("r", USER, said("Blue?")),
    "nothing but system": record("r", SYSTEM),
    "broken tools": record("r", USER, tools="{"),
    "broken arguments": record("r", USER, look("{"), SEEN),
    "an argument that is no number": record("r", USER, look('{"at": NaN}'), SEEN),
}


def test_every_format_of_the_configuration_has_a_writer_and_a_validator():
    assert set(WRITERS) == set(get_args(ExportFormat)) == set(TARGETS)


@pytest.mark.parametrize("name", list(WRITERS))
@pytest.mark.parametrize("prompt", list(PROMPTS.values()), ids=list(PROMPTS))
@pytest.mark.parametrize("row", list(ROWS.values()), ids=list(ROWS))
def test_a_writer_gives_rows_of_its_columns_or_says_why_not(name, row, prompt):
    try:
        rows = WRITERS.get(name)(Example(curated=row, record=prompt))
    except Unfit as why:
        assert str(why)
        return
    assert rows
    for written in rows:
        wrong = validate(written, name)
        assert [s for s in wrong if "column" in s or "null" in s or "surrogate" in s] == []


@pytest.mark.parametrize("name", list(WRITERS))
def test_a_plain_rewrite_is_taken_by_all(name):
    (first, *_) = WRITERS.get(name)(Example(curated=ROWS["a leading space"], record=record()))
    assert validate(first, name) == []
    assert " blue." in repr(first)


@pytest.mark.parametrize("name", list(WRITERS))
def test_everything_is_either_written_or_left_out_with_a_reason(name, tmp_path):
    records = {f"r{n}": p for n, p in enumerate(PROMPTS.values())}
    rows = [
        settled(f"{row.id}-{n}", row.outcome, row.chosen, row.rejected, record_id=n)
        for row in ROWS.values()
        for n in records
    ]
    done = export(rows, records, tmp_path / "e", config=ExportConfig(formats=[name]))
    written = {id for ids in sources(tmp_path / "e", name).values() for id in ids}
    left_out = {row.curated_id for row in done.left_out}
    assert written | left_out == {row.id for row in rows}
    assert all(row.reason and row.format == name for row in done.left_out)


def sources(folder, name):
    return json.loads((folder / "manifest.json").read_text())["rows"][name]


def test_a_format_that_is_not_there_is_named_with_its_nearest():
    with pytest.raises(ConfigError, match="did you mean 'trl-messages'"):
        WRITERS.get("trl-mesages")


def test_both_bad_answers_are_unwanted_where_they_are_known(tmp_path):
    row = settled("k", "both_bad", sources=("c1", "c2", "response"))
    known = {c.id: c for c in (candidate("c1", "Green."), candidate("c2", "Red."))}
    config = ExportConfig(formats=["trl-unpaired"], files=["jsonl"])
    done = export([row], {"r": record()}, tmp_path / "e", config=config, candidates=known)
    assert sum(done.rows["trl-unpaired"].values()) == 2
    assert done.left_out == ()
