"""What leaves the pool, what stays, and what is told of it."""

import json
import re
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Beside, Check, Found, rows_of
from curate.checks.personal import Redactor
from curate.clean import Cleaned, clean, clean_answers, rows_from_pool
from curate.config import CleanConfig
from curate.errors import ConfigError
from curate.records import PAIRS, Evidence, Finding, candidate_id, pair_id, record_id
from tests.clean.pools import pool, user

QUESTION = (
    "Please explain in plain words how a heat pump warms a house in winter, and why it needs "
    "less electricity than a heater that turns electricity straight into warmth, for readers "
    "who never had a lesson in physics at school"
)


def texts(table):
    return [chat[-1]["content"] for chat in table["messages"].to_pylist()]


def answers(table):
    return [message["content"] for message in table["message"].to_pylist()]


def told(cleaned):
    return [(row["what"], row["check"], row["reason"]) for row in cleaned.dropped.to_pylist()]


@contextmanager
def checking(name, words, *, field="answer", by_row=True):
    """A check of one's own: rows whose text holds one of the words."""

    def run(rows, context):
        hits = [
            n
            for n, text in enumerate(getattr(rows, field).to_pylist())
            if text and any(word in text for word in words)
        ]
        return Found(
            check=name,
            looked_at=len(rows),
            findings=tuple(
                Finding(
                    check=name,
                    severity="warning",
                    message=f"holds {words[0]}",
                    rows=(n,),
                    evidence=(Evidence(row=n, field=field),),
                )
                for n in hits
            ),
        )

    CHECKS.add(
        name,
        Check(
            name=name,
            family="quality",
            about="",
            severity="warning",
            threshold=float("nan"),
            run=run,
            by_row=by_row,
        ),
    )
    yield
    CHECKS._entries.pop(name)


def test_an_answer_at_fault_goes_alone_and_takes_its_pairs():
    # answers 0 and 1 to prompt 0, answer 2 to prompt 1; pair (0, 1)
    given_ = pool(["a?", "b?"], [(0, "m", "rotten"), (0, "n", "fine"), (1, "m", "good")], [(0, 1)])
    with checking("rot", ["rotten"]):
        cleaned = clean(
            *given_, config=CleanConfig(checks={"rot": "drop", "near-duplicates": "off"})
        )
    assert texts(cleaned.records) == ["a?", "b?"]
    assert answers(cleaned.candidates) == ["fine", "good"]
    assert cleaned.pairs.num_rows == 0
    assert told(cleaned) == [
        ("candidate", "rot", "holds rotten"),
        ("pair", "rot", "one of its answers is gone: holds rotten"),
    ]
    first = cleaned.dropped.to_pylist()[0]
    assert (first["file"], first["line"], first["stage"]) == ("logs.jsonl", 1, "clean")
    assert first["id"] == given_.candidates["id"][0].as_py()


def test_a_fault_of_the_prompt_is_the_records_and_takes_all_its_answers():
    given_ = pool(["bad a?", "b?"], [(0, "m", "x"), (0, "n", "y"), (1, "m", "z")])
    with checking("bad", ["bad"], field="prompt"):
        cleaned = clean(*given_, config=CleanConfig(checks={"bad": "drop"}))
    assert texts(cleaned.records) == ["b?"] and answers(cleaned.candidates) == ["z"]
    assert told(cleaned) == [
        ("record", "bad", "holds bad"),
        *[("candidate", "bad", "its prompt is gone: holds bad")] * 2,
    ]


def test_a_flagged_answer_stays_and_is_told():
    given_ = pool(["a?"], [(0, "m", "rotten"), (0, "n", "fine")])
    with checking("rot", ["rotten"]):
        cleaned = clean(*given_, config=CleanConfig(checks={"rot": "flag"}))
    assert answers(cleaned.candidates) == ["rotten", "fine"] and not cleaned.dropped.num_rows
    assert [(r["what"], r["check"]) for r in cleaned.flagged.to_pylist()] == [("candidate", "rot")]
    assert not cleaned.changed


def test_a_committee_that_agrees_is_no_duplicate():
    given_ = pool(
        [QUESTION], [(0, m, "The pump moves warmth; it does not make it.") for m in "abc"]
    )
    cleaned = clean(*given_, config=CleanConfig())
    assert cleaned.candidates.num_rows == 3 and not cleaned.dropped.num_rows


def test_a_prompt_that_repeats_another_goes_with_its_answers():
    again = QUESTION.replace("Please explain", "please  Explain") + "!"
    given_ = pool([QUESTION, "b?", again], [(0, "m", "x"), (2, "m", "y")])
    cleaned = clean(*given_, config=CleanConfig())
    assert texts(cleaned.records) == [QUESTION, "b?"] and answers(cleaned.candidates) == ["x"]
    assert [what for what, _, _ in told(cleaned)] == ["record", "candidate"]
    assert "repeats the prompt of logs.jsonl:1" in told(cleaned)[0][2]


def test_one_word_in_a_long_prompt_makes_a_copy_and_one_number_does_not():
    words = QUESTION.split()
    near = " ".join(["home" if word == "house" else word for word in words])
    numbers = [f"{QUESTION}, in {n} sentences" for n in (3, 5)]
    cleaned = clean(*pool([QUESTION, near, *numbers]), config=CleanConfig())
    # 40 words, and one for what must be the same: 39 runs of three, of which one changed word is in
    # three: Jaccard (39 - 3) / (39 + 3) = .857, under .9
    assert len(words) == 40
    assert cleaned.records.num_rows == 4
    loose = CleanConfig(thresholds={"near-duplicates": 0.85})
    kept = texts(clean(*pool([QUESTION, near, *numbers]), config=loose).records)
    assert kept == [QUESTION, *numbers]


def test_the_same_question_under_another_system_prompt_is_another_one():
    chats = [[{"role": "system", "content": s}, user(QUESTION)] for s in ("Be brief.", "Be kind.")]
    assert clean(*pool(chats), config=CleanConfig()).records.num_rows == 2


def test_a_template_around_every_prompt_makes_no_copies():
    asked = ["how tall is it", "who made this", "when was that", "why is it so"] * 6
    prompts = [f"{q} number {'x' * n}?\n{QUESTION}" for n, q in enumerate(asked)]
    assert clean(*pool(prompts), config=CleanConfig()).records.num_rows == 24


def test_keep_and_drop_speak_of_prompts_and_of_answers():
    given_ = pool(
        ["a?", "b?", "c?"],
        [(0, "m", "x"), (0, "n", "y"), (1, "m", "z")],
        metadata={0: {"tier": "gold"}, 1: {"tier": "gold"}, 2: {"tier": "tin"}},
    )
    config = CleanConfig(
        keep="metadata.tier == 'gold'",
        drop=[{"where": "model == 'n'", "reason": "retired"}],
    )
    cleaned = clean(*given_, config=config)
    assert texts(cleaned.records) == ["a?", "b?"] and answers(cleaned.candidates) == ["x", "z"]
    assert told(cleaned) == [
        ("record", "keep", "not kept: no row of metadata.tier == 'gold'"),
        ("candidate", "drop", "retired (model == 'n')"),
    ]


def test_a_rule_on_answers_alone_leaves_the_prompt():
    cleaned = clean(
        *pool(["a?"], [(0, "m", "x")]), config=CleanConfig(drop=[{"where": "model == 'm'"}])
    )
    assert texts(cleaned.records) == ["a?"] and not cleaned.candidates.num_rows


def test_an_answers_metadata_come_before_the_prompts():
    given_ = pool(
        ["a?"],
        [(0, "m", "x"), (0, "n", "y")],
        metadata={0: {"ok": True}},
        of_answers={1: {"ok": False}},
    )
    cleaned = clean(*given_, config=CleanConfig(keep="metadata.ok == true"))
    assert answers(cleaned.candidates) == ["x"] and texts(cleaned.records) == ["a?"]


def test_a_rule_that_cannot_be_read_names_its_key():
    with pytest.raises(ConfigError, match=r"`clean\.keep`: "):
        clean(*pool(["a?"]), config=CleanConfig(keep="metadata.tier =="))
    with pytest.raises(ConfigError, match="no column 'tier'"):
        clean(*pool(["a?"]), config=CleanConfig(keep="tier == 'gold'"))


def test_a_check_of_the_whole_set_cannot_clean():
    with pytest.raises(ConfigError, match=r"`clean\.checks\.length-bias`: it looks at the"):
        clean(*pool(["a?"]), config=CleanConfig(checks={"length-bias": "drop"}))
    with pytest.raises(ConfigError, match="did you mean 'refusals'"):
        clean(*pool(["a?"]), config=CleanConfig(checks={"refusal": "drop"}))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"thresholds": {"near-duplicates": 7}}, r"`clean\.thresholds\.near-duplicates`: .*7"),
        ({"thresholds": {"near-duplicates": float("nan")}}, "is no threshold"),
        ({"thresholds": {"empty-turns": 0.5}}, "has none to move"),
        ({"languages": ["klingon"]}, r"`clean\.languages`: 'klingon'"),
        ({"checks": {"contamination": "drop"}}, r"name files in `clean\.benchmarks`"),
    ],
)
def test_what_a_check_cannot_look_with_is_refused(config, said):
    with pytest.raises(ConfigError, match=said):
        clean(*pool(["a?", "a ?"]), config=CleanConfig(**config))


def test_benchmarks_take_the_prompts_that_repeat_them():
    bench = Beside(name="bench", rows=rows_of([QUESTION + "?"], ["It moves warmth."]))
    given_ = pool([QUESTION, "b?"], [(0, "m", "x")])
    cleaned = clean(*given_, config=CleanConfig(benchmarks=["bench"]), benchmarks=[bench])
    assert texts(cleaned.records) == ["b?"]
    assert {check for _, check, _ in told(cleaned)} == {"contamination"}
    assert clean(*given_, config=CleanConfig()).records.num_rows == 2


MAIL = "Write to jo@curate.dev about it"


def test_redaction_gives_what_changed_the_id_of_its_new_content():
    given_ = pool(
        [MAIL, "b?"],
        [(0, "m", "I wrote to jo@curate.dev"), (0, "n", "No."), (1, "m", "z")],
        [(0, 1)],
    )
    cleaned = clean(
        *given_, config=CleanConfig(personal="redact"), redactor=Redactor(key=b"k" * 16)
    )
    records, candidates = cleaned.records.to_pylist(), cleaned.candidates.to_pylist()
    assert "jo@" not in str(records) + str(candidates)
    assert re.search(r"<EMAIL_\w{8}>", records[0]["messages"][0]["content"])
    assert [r["id"] for r in records] == [record_id(r["messages"], r["tools"]) for r in records]
    assert records[1] == given_.records.to_pylist()[1]
    for row in candidates:
        assert row["id"] == candidate_id(row["record_id"], row["model"], row["message"])
    assert [row["record_id"] for row in candidates] == [records[n]["id"] for n in (0, 0, 1)]
    (pair,) = cleaned.pairs.to_pylist()
    assert [pair["a"], pair["b"]] == [row["id"] for row in candidates[:2]]
    assert pair["id"] == pair_id(pair["a"], pair["b"])
    assert cleaned.redacted == {"email": 2} and cleaned.n_redacted == 2 and cleaned.changed
    gone = {row["id"] for row in given_.records.to_pylist()} - {r["id"] for r in records}
    assert len(gone) == 1 and not any(id in str(records) + str(candidates) for id in gone)


def test_prompts_that_redaction_makes_the_same_are_one_with_all_answers():
    prompts = [f"Who is {name}@curate.dev?" for name in ("jo", "al")]
    given_ = pool(prompts, [(0, "m", "A friend."), (1, "m", "A friend."), (1, "n", "Nobody.")])
    cleaned = clean(*given_, config=CleanConfig(personal="redact"), redactor=Redactor(how="remove"))
    assert texts(cleaned.records) == ["Who is ?"]
    rows = cleaned.candidates.to_pylist()
    assert {row["record_id"] for row in rows} == set(cleaned.records["id"].to_pylist())
    assert [row["repeat"] for row in rows] == [0, 1, 0]
    assert len({row["id"] for row in rows}) == 3
    (drop,) = cleaned.dropped.to_pylist()
    assert drop["what"] == "record" and drop["id"] == "" and "logs.jsonl:1" in drop["reason"]


def test_removal_drops_what_holds_personal_data_and_keeps_no_id_of_it():
    given_ = pool([MAIL, "b?"], [(0, "m", "x"), (1, "m", MAIL), (1, "n", "z")])
    cleaned = clean(*given_, config=CleanConfig(personal="remove"), redactor=Redactor(how="mask"))
    assert texts(cleaned.records) == ["b?"] and answers(cleaned.candidates) == ["z"]
    assert {row["id"] for row in cleaned.dropped.to_pylist()} == {""}
    assert "curate.dev" not in str(cleaned.dropped.to_pylist())


def judged(judge):
    """A pool in which nothing but the name of a judge is personal."""
    given_ = pool(["a?"], [(0, "m", "x"), (0, "n", "y")], [(0, 1)])
    return given_._replace(pairs=given_.pairs.set_column(5, PAIRS.field(5), pa.array([judge])))


def test_a_name_of_a_judge_alone_is_redacted_or_takes_its_pair():
    given_ = judged("jo@curate.dev")
    config, redactor = CleanConfig(personal="redact"), Redactor(key=b"k" * 16)
    cleaned = clean(*given_, config=config, redactor=redactor)
    assert cleaned.changed and cleaned.n_redacted == 1
    assert re.fullmatch(r"<EMAIL_\w{8}>", cleaned.pairs["judge"][0].as_py())
    cleaned = clean(*given_, config=CleanConfig(personal="remove"), redactor=Redactor(how="mask"))
    assert [row["what"] for row in cleaned.dropped.to_pylist()] == ["pair"]
    assert [table.num_rows for table in (cleaned.candidates, cleaned.pairs)] == [2, 0]


def test_a_group_that_is_the_id_of_a_prompt_follows_it_when_redacted():
    given_ = pool([MAIL, "b?"], [(0, "m", "x"), (1, "m", "y")])
    ids = given_.records["id"]
    at = [table.schema.get_field_index("group") for table in given_[:2]]
    records, candidates = (
        table.set_column(n, table.schema.field(n), ids)
        for table, n in zip(given_[:2], at, strict=True)
    )
    cleaned = clean(
        records,
        candidates,
        config=CleanConfig(personal="redact"),
        redactor=Redactor(key=b"k" * 16),
    )
    assert cleaned.records["group"] == cleaned.records["id"]
    assert cleaned.candidates["group"] == cleaned.records["id"]
    assert ids[0].as_py() not in str(cleaned.records.to_pylist() + cleaned.candidates.to_pylist())


def test_a_report_of_personal_data_changes_nothing():
    given_ = pool([MAIL], [(0, "m", "x")])
    cleaned = clean(*given_, config=CleanConfig(personal="report"), redactor=Redactor(how="mask"))
    assert cleaned.records.equals(given_.records) and not cleaned.changed
    assert cleaned.redacted == {"email": 1} and cleaned.n_redacted == 1


def test_json_stays_json_when_numbers_in_it_are_personal():
    given_ = pool(["a?"], metadata={0: {"card": 4539148803436467, "mail": "jo@curate.dev"}})
    cleaned = clean(
        *given_, config=CleanConfig(personal="redact"), redactor=Redactor(key=b"k" * 16)
    )
    (row,) = cleaned.records.to_pylist()
    assert "4539148803436467" not in row["metadata"] and "jo@" not in row["metadata"]
    assert json.loads(row["metadata"]).keys() == {"card", "mail"}


def test_redaction_without_a_redactor_is_refused():
    with pytest.raises(ConfigError, match="needs a redactor"):
        clean(*pool(["a?"]), config=CleanConfig(personal="redact"))


def test_answers_that_came_later_are_cleaned_and_prompts_are_not_touched():
    given_ = pool(["bad a?", "b?"], [(0, "m", "rotten"), (0, "n", "fine"), (1, "m", MAIL)])
    with checking("rot", ["rotten"]), checking("bad", ["bad"], field="prompt"):
        config = CleanConfig(checks={"rot": "drop", "bad": "drop"}, personal="redact")
        cleaned = clean_answers(
            given_.records, given_.candidates, config=config, redactor=Redactor(key=b"k" * 16)
        )
    assert cleaned.records is given_.records
    assert answers(cleaned.candidates)[0] == "fine"
    assert re.search(r"<EMAIL_\w+>", answers(cleaned.candidates)[1])
    assert told(cleaned) == [("candidate", "rot", "holds rotten")]


def test_nothing_in_nothing_out():
    cleaned = clean(*pool([]), config=CleanConfig())
    assert isinstance(cleaned, Cleaned) and not cleaned.changed and cleaned.records.num_rows == 0


def test_a_check_that_could_not_look_is_told():
    def run(rows, context):
        return Found(check="blind", skipped="no vectors")

    check = Check(
        name="blind",
        family="quality",
        about="",
        severity="info",
        threshold=0.0,
        run=run,
        by_row=True,
    )
    CHECKS.add("blind", check)
    cleaned = clean(*pool(["a?"]), config=CleanConfig(checks={"blind": "drop"}))
    CHECKS._entries.pop("blind")
    assert cleaned.notes == ("blind could not look: no vectors",)


def test_rows_of_a_pool_are_its_answers_then_bare_prompts():
    chat = [{"role": "system", "content": "Be é."}, user("Hi"), user("there")]
    tool = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"name": "f", "arguments": "{}", "id": None}],
    }
    given_ = pool(["a?", chat, "c?", [user("q"), tool]], [(2, "m", "x"), (0, "n", "y")])
    rows = rows_from_pool(given_.records, given_.candidates)
    assert rows.record.tolist() == [2, 0, 1, 3] and rows.candidate.tolist() == [0, 1, -1, -1]
    said = "system: Be é.\nuser: Hi\nuser: there"
    assert rows.rows.prompt.to_pylist() == ["c?", "a?", said, "user: q\nassistant: f({})"]
    assert rows.rows.answer.to_pylist() == ["x", "y", None, None]
    assert rows.rows.place(2) == "logs.jsonl:2"
    assert rows.rows.column("model").to_pylist() == ["m", "n", None, None]
    for text, turns in zip(rows.rows.prompt.to_pylist(), rows.rows.turns.to_pylist(), strict=True):
        assert all(0 <= t["start"] <= t["end"] <= len(text) for t in turns)
    assert [said[t["start"] : t["end"]] for t in rows.rows.turns[2].as_py()] == [
        "Be é.",
        "Hi",
        "there",
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["a?", "bad b?", "c d e?", MAIL]), max_size=6, unique=True),
    st.lists(
        st.tuples(
            st.integers(0, 5), st.sampled_from("mn"), st.sampled_from(["ok", "rotten", MAIL])
        ),
        max_size=8,
        unique=True,
    ),
    st.sampled_from(["off", "remove"]),
)
def test_every_row_stays_or_is_told_of(prompts, said, personal):
    said = [row for row in said if row[0] < len(prompts)]
    given_ = pool(prompts, said, [(0, 1)] if len(said) > 1 else [])
    with checking("rot", ["rotten"]), checking("bad", ["bad"], field="prompt"):
        config = CleanConfig(checks={"rot": "drop", "bad": "drop"}, personal=personal)
        cleaned = clean(*given_, config=config, redactor=Redactor(how="mask"))
    gone = [row["what"] for row in cleaned.dropped.to_pylist()]
    for what, before, after in zip(
        ("record", "candidate", "pair"),
        given_,
        (cleaned.records, cleaned.candidates, cleaned.pairs),
        strict=True,
    ):
        assert after.num_rows + gone.count(what) == before.num_rows
        kept = pa.array(after["id"].to_pylist(), pa.string())
        places = [before["id"].to_pylist().index(id) for id in kept.to_pylist()]
        assert places == sorted(places) and np.unique(places).size == len(places)
    owners = set(cleaned.records["id"].to_pylist())
    assert set(cleaned.candidates["record_id"].to_pylist()) <= owners
