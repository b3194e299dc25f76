"""What the README says runs."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands():
    lines = [line for block in blocks("console") for line in block.splitlines()]
    called = [shlex.split(line[2:], comments=True) for line in lines]
    return [words[1:] for words in called if words[0] == "curate"]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_examples_run(code, tmp_path):
    pair = {"prompt": "2 + 2?", "chosen": "4", "rejected": "4 "}
    (tmp_path / "train.jsonl").write_text(json.dumps(pair) + "\n")
    done = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_there_are_commands_to_check():
    assert len(commands()) > 12


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_and_options_are_known(words):
    """Each command line parses: with --help at its end it prints that command's help."""
    done = subprocess.run(
        [sys.executable, "-m", "curate.cli", *words, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    named = " ".join(w for w in words[: 2 if words[0] == "argilla" else 1])
    assert named in done.stdout
    for option in (w for w in words if w.startswith("--")):
        assert option in done.stdout


def test_the_make_targets_exist():
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"make ([\w-]+)", README)) <= targets


def test_the_pictures_and_pages_it_names_exist():
    for path in re.findall(r"\]\(([^)#]+)\)", README):
        assert path.startswith("https://") or (ROOT / path).exists(), path
