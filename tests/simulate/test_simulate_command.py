import csv
import json
import subprocess
import sys

import pytest


def curate(*words, cwd):
    command = [sys.executable, "-m", "curate.cli", "simulate", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


@pytest.fixture
def intents(tmp_path):
    asked = {
        "refund": "I want my money back for order {}",
        "delivery": "When does parcel number {} arrive at my door",
        "account": "I forgot the password of account {}",
    }
    path = tmp_path / "intents.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        rows.writerows(
            [words.format(i), label] for i in range(30) for label, words in asked.items()
        )
    return path


@pytest.mark.slow
def test_a_table_of_labels_becomes_curves_a_picture_and_a_page(intents, tmp_path):
    words = (intents.name, "--seeds", 3, "--budget", 20, "--start", 5, "--batch", 5)
    words = (*words, "--strategies", "margin", "--workers", 1)
    first = curate(*words, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("simulate 90 rows · 0 rejected · 2 strategies · 3 seeds")
    assert "Classes, margin: " in first.stdout
    folder = tmp_path / "simulate-intents"
    made = {name: (folder / name).read_bytes() for name in _FILES}
    curves = json.loads(made["curves.json"])["parts"][0]
    assert curves["labels"] == [5, 10, 15, 20] and curves["n_seeds"] == 3
    again = curate(*words, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["verdicts"]["Classes"]["random"] == "the baseline"
    assert {name: (folder / name).read_bytes() for name in _FILES} == made


_FILES = ("curves.json", "curves.png", "simulate.html")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing.csv",), "nothing.csv: no such file or folder"),
        (("intents.csv", "--task", "rank"), "no task named 'rank'; known: auto, classes"),
        (("intents.csv", "--text", "body"), "no row has a text and a label"),
        (("intents.csv", "--strategies", "hybird"), "did you mean 'hybrid'"),
        (("intents.csv", "--random-share", "2"), "--random-share must be from 0 to 1, not 2"),
    ],
)
def test_what_cannot_be_simulated_is_one_sentence(intents, tmp_path, words, said):
    task = ("--task", "classes") if "--text" in words else ()
    done = curate(*words, *task, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
