"""Values out, placeholders in, and back."""

import json
import os
import random
import re
import sqlite3
import stat
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.personal_values import POSITIVES
from curate.checks.personal import (
    Redactor,
    Vault,
    find,
    found_kinds,
    redact,
    redact_message,
    redact_messages,
    restore,
    restore_message,
)
from curate.checks.personal.match import PLACEHOLDER
from curate.errors import ConfigError

KEY = b"a key that nobody knows"
MAIL = "jo.doe@curate.dev"


@st.composite
def texts_with_values(draw):
    """Any text with up to four valid values in it, glued to it or apart."""
    pieces = [draw(st.text(max_size=20))]
    for _ in range(draw(st.integers(0, 4))):
        makers = POSITIVES[draw(st.sampled_from(sorted(POSITIVES)))]["development"]
        make = draw(st.sampled_from(makers))
        pieces.append(draw(st.sampled_from(["", " ", "call ", "password: ", "<", '"', "DOB "])))
        pieces.append(make(random.Random(draw(st.integers(0, 999)))))
        pieces.append(draw(st.text(max_size=20)))
    return "".join(pieces)


@given(st.lists(texts_with_values(), max_size=4))
@settings(max_examples=60, deadline=None)
def test_what_the_vault_kept_is_put_back(tmp_path_factory, texts):
    with Vault(tmp_path_factory.mktemp("vault") / "vault.sqlite") as vault:
        assert restore(redact(texts, vault=vault), vault) == texts


@given(texts_with_values(), st.sampled_from(["pseudonym", "remove", "mask"]))
@settings(max_examples=100, deadline=None)
def test_a_second_redaction_changes_nothing_and_nothing_is_left(text, how):
    once = redact([text], how=how, key=KEY)
    assert redact(once, how=how, key=KEY) == once
    assert find(once[0]) == []


@given(st.sampled_from(sorted(POSITIVES)), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_placeholder_is_never_personal(kind, seed):
    value = POSITIVES[kind]["development"][0](random.Random(seed))
    for lead in ("", "call ", "password: ", "passport ", "account number ", "token="):
        (done,) = redact([f"{lead}{value} x"], key=KEY)
        assert find(done) == []


def test_the_same_value_gets_the_same_placeholder_in_every_run():
    first, again = redact([MAIL, f"to {MAIL}"], key=KEY)
    assert again == f"to {first}" and PLACEHOLDER.fullmatch(first)
    assert redact([MAIL], key=KEY) == [first]
    assert redact([MAIL], key=b"another key, not the first") != [first]


def test_the_order_of_the_texts_does_not_matter():
    texts = [f"user{n}@curate.dev" for n in range(50)]
    assert redact(texts[::-1], key=KEY) == redact(texts, key=KEY)[::-1]


def test_removed_and_masked_values():
    assert redact([f"to {MAIL}!", None], how="remove") == ["to !", None]
    assert redact([f"to {MAIL}!"], how="mask") == [f"to {'•' * len(MAIL)}!"]


def test_only_the_kinds_asked_for_are_taken_out():
    (done,) = redact([f"{MAIL} 4539 1488 0343 6467"], how="remove", kinds=["card"])
    assert done == f"{MAIL} "


def test_pseudonyms_need_a_key():
    with pytest.raises(ConfigError, match="CURATE_PSEUDONYM_KEY"):
        redact([MAIL])
    with pytest.raises(ConfigError, match="could be guessed"):
        redact([MAIL], key=b"short")


def test_the_vault_is_its_owners_and_outlives_the_run(tmp_path):
    path = tmp_path / "deep" / "vault.sqlite"
    with Vault(path) as vault:
        redacted = redact([MAIL], vault=vault)
        assert len(vault) == 1
        for file in path.parent.iterdir():  # with its journal
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with Vault(path) as vault:
        assert restore(redacted, vault) == [MAIL]
        assert redact([MAIL], vault=vault) == redacted
        assert restore(["<EMAIL_00000000>", None], vault) == ["<EMAIL_00000000>", None]


def test_two_values_with_one_tag_are_told_apart(tmp_path):
    with Vault(tmp_path / "vault") as vault:
        first = vault.keep("email", "a@curate.dev", KEY)
        vault._values[vault.keep("email", "b@curate.dev", KEY)] = "another value"
        longer = vault.keep("email", "b@curate.dev", KEY)
        assert len(longer) == len(first) + 8 and PLACEHOLDER.fullmatch(longer)
        assert vault.value(longer) == "b@curate.dev"


def test_a_kill_after_the_texts_are_handed_out_loses_no_value(tmp_path):
    path = tmp_path / "vault"
    script = (
        "import os, sys\n"
        "from curate.checks.personal import Vault, redact\n"
        f"print(*redact([{MAIL!r}], vault=Vault(sys.argv[1])), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True)
    with Vault(path) as vault:
        assert restore([done.stdout.strip()], vault) == [MAIL]


def test_a_file_that_is_no_vault_is_named(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be taken for one" * 30)
    with pytest.raises(ConfigError, match=r"notes\.txt: no vault"):
        Vault(path)


def test_a_value_never_stands_in_the_vaults_name_or_in_an_error(tmp_path):
    with Vault(tmp_path / "vault") as vault:
        redact([MAIL], vault=vault)
    file = sqlite3.connect(tmp_path / "vault")
    names = [name for (name,) in file.execute("SELECT name FROM pseudonyms")]
    file.close()
    assert len(names) == 1 and not re.search("jo|doe|curate", names[0])


MESSAGE = {
    "role": "assistant",
    "content": f"Sent to {MAIL}",
    "name": None,
    "tool_call_id": "call_1",
    "tool_calls": [
        {
            "name": "send",
            "arguments": json.dumps(
                {
                    "to": [MAIL],
                    "ssn": "536904399",
                    "pan": 4539148803436467,
                    "n": 3,
                    "ü": "é",
                    MAIL: 1,
                }
            ),
            "id": "call_1",
        },
        {"name": "odd", "arguments": f"not JSON {MAIL}", "id": None},
    ],
    "refusal": f"No, {MAIL}",
    "thinking": f"{MAIL}?",
    "parts": json.dumps([{"type": "text", "text": f"line\n{MAIL}"}]),
}


def test_every_text_of_a_message_is_redacted_and_put_back(tmp_path):
    with Vault(tmp_path / "vault") as vault:
        redactor = Redactor(vault=vault)
        done = redact_message(MESSAGE, redactor)
        assert MAIL not in json.dumps(done) and "536904399" not in json.dumps(done)
        assert done["tool_call_id"] == "call_1" and done["name"] is None
        back = restore_message(done, vault)
    assert back["content"] == MESSAGE["content"] and back["parts"]
    assert json.loads(back["parts"]) == json.loads(MESSAGE["parts"])
    arguments = json.loads(back["tool_calls"][0]["arguments"])
    assert arguments == {
        **json.loads(MESSAGE["tool_calls"][0]["arguments"]),
        "pan": "4539148803436467",
    }
    assert redactor.found["email"] == 7 and redactor.found["national_id"] == 1


@pytest.mark.parametrize("how", ["pseudonym", "remove", "mask"])
def test_arguments_stay_json(how):
    done = redact_message(MESSAGE, Redactor(how=how, key=KEY))
    arguments = json.loads(done["tool_calls"][0]["arguments"])
    assert arguments["n"] == 3 and arguments["ü"] == "é" and len(arguments) == 6
    assert not isinstance(arguments["pan"], int)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists))
@settings(max_examples=60, deadline=None)
def test_json_without_values_stays_as_it_is_written(value):
    text = json.dumps({"a": value}, indent=1)
    assert Redactor(key=KEY, kinds=["iban"]).json_texts([text, None]) == [text, None]


def test_deep_and_broken_json_is_looked_at_as_text():
    deep = "[" * 5000 + f'"{MAIL}"'
    (done,) = Redactor(key=KEY).json_texts([deep])
    assert MAIL not in done


def test_lone_surrogates_in_json_survive():
    text = '{"a": "\\ud800", "to": "' + MAIL + '"}'
    (done,) = Redactor(key=KEY).json_texts([text])
    assert MAIL not in done and json.loads(done)["a"] == "\ud800"
    done.encode()


def test_messages_give_what_each_gives_alone_and_stay_untouched():
    before = json.dumps(MESSAGE)
    many = redact_messages([MESSAGE, {"role": "user", "content": None}], Redactor(key=KEY))
    assert many[0] == redact_message(MESSAGE, Redactor(key=KEY))
    assert many[1] == {"role": "user", "content": None}
    assert json.dumps(MESSAGE) == before


def test_kinds_are_counted_without_changing_anything():
    assert found_kinds([f"{MAIL} {MAIL}", None, "password: hunter2!"]) == {
        "email": 2,
        "password": 1,
    }


def test_the_environments_key_is_the_vaults(tmp_path):
    script = "from curate.checks.personal import redact; print(*redact(['jo.doe@curate.dev']))"
    env = {**os.environ, "CURATE_PSEUDONYM_KEY": KEY.decode()}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env)
    assert done.stdout.split() == redact([MAIL], key=KEY)
