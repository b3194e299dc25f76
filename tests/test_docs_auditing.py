"""What docs/auditing.md says can be called, and its examples for CI."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

DOCS = (Path(__file__).parent.parent / "docs" / "auditing.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCS, flags=re.DOTALL)


def commands():
    lines = [line[2:] for block in blocks("console") for line in block.splitlines()]
    for text in map(yaml.safe_load, blocks("yaml")):
        jobs = text.get("jobs", {}).values()
        lines += [step["run"] for job in jobs for step in job["steps"] if "run" in step]
        lines += [hook["entry"] for repo in text.get("repos", ()) for hook in repo["hooks"]]
    return [words[1:] for words in map(shlex.split, lines) if words[0] == "curate"]


def test_there_is_one_example_for_each_kind_of_ci():
    assert [sorted(map(str, yaml.safe_load(block))) for block in blocks("yaml")] == [
        ["True", "jobs"],  # YAML 1.1 reads the key `on` as true
        ["repos"],
    ]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_and_options_are_known(words):
    done = subprocess.run(
        [sys.executable, "-m", "curate.cli", *words, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for option in (w for w in words if w.startswith("--")):
        assert option in done.stdout


def test_every_check_is_explained():
    from curate.checks import CHECKS

    assert [name for name in CHECKS if f"`{name}`" not in DOCS] == []
