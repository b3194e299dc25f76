"""Three stories on real data, two of them through a real Argilla: `make demo`.

*Ranking*: which of PandaLM's pairs should people compare? Three accounts answer with the votes
that its three people cast. *Rewriting*: which answers of one production model should experts
correct? An account answers with GSM8K's worked solution where the answer was wrong.
*Auditing*: what is in a training file put together from four public sources?

Recorded truth and votes are read by the accounts that play the people, and, after selection,
for the table at the end. The tool itself never sees them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from curate import pipeline, report
from curate.errors import CurateError
from curate.files import write_json
from curate.pipeline.audit import audit
from curate.pipeline.audit_options import AuditOptions
from curate.pipeline.desk import desk_of
from curate.project import Project
from curate.review import server
from curate.review.annotator import Annotator, Answer, Shown

EXAMPLES = Path(__file__).parent
PRODUCTION = "Qwen2-7B-Instruct"
WORKSPACE = "curate"
Values = dict[str, Any]


def main() -> None:
    """Walk the stories, print the table, write ``demo/summary.json``."""
    options = _options()
    began = time.monotonic()
    folder: Path = options.folder
    _clear_finished(folder)
    os.environ["CURATE_HOME"] = str((folder / "home").resolve())
    audited = auditing(folder / "auditing")
    argilla = server.up(say=_say)
    try:
        summary = {
            "auditing": audited,
            "ranking": ranking(folder / "ranking", argilla),
            "rewriting": rewriting(folder / "rewriting", argilla),
            "seconds": round(time.monotonic() - began, 1),
        }
        write_json(folder / "summary.json", summary)
        _print_table(summary, folder)
    finally:
        if not options.stay:
            server.down()
    _print_how_to_look(folder, argilla, options.stay)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=EXAMPLES.parent / "demo")
    parser.add_argument("--stay", action="store_true", help="leave the server running")
    return parser.parse_args()


def _clear_finished(folder: Path) -> None:
    """Begin anew after a finished demo; go on with one that was stopped."""
    if (folder / "summary.json").exists():
        server.down(folder / "home")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def auditing(folder: Path) -> dict[str, Any]:
    """A file of four public sources: find what must not be trained on, and take it out."""
    _say("\nAuditing: what is in a training file? (2,815 chats, against Vicuna and MT-Bench)")
    data = EXAMPLES / "audit"
    asked = AuditOptions(
        against=tuple(str(data / name) for name in ("vicuna80.jsonl", "mt_bench.jsonl")),
        embed=False,
        fix=folder / "clean.jsonl",
        out=folder,
    )
    done = audit([data / "train.jsonl.gz"], asked)
    _say(done.as_text())
    kept = (folder / "clean.jsonl").read_bytes().count(b"\n")
    return {"rows": done.counts["rows"], "kept": kept, "above": len(done.data["above_the_bar"])}


def ranking(folder: Path, argilla: server.Server) -> dict[str, Any]:
    """PandaLM: choose pairs, let three people vote, export preferences."""
    _say("\nRanking: which pairs of answers should people compare? (PandaLM, five models)")
    project = _project(folder, "pandalm_pairs")
    votes = _votes(EXAMPLES / "pandalm_pairs")
    people = {name: _voter(votes, name) for name in ("annotator1", "annotator2", "annotator3")}
    _walk(project, argilla, people)
    round_ = project.rounds()[-1]
    agreement = round_.read_json("agreement")
    return {
        "queue": round_.queue().num_rows,
        "answers": agreement["n_answers"],
        "alpha": agreement["alpha"],
        "exports": _exports(project),
    }


def rewriting(folder: Path, argilla: server.Server) -> dict[str, Any]:
    """GSM8K: choose answers that are likely wrong, have them corrected, export SFT and pairs."""
    _say("\nRewriting: which answers of one model should experts correct? (GSM8K, 12 models)")
    project = _project(folder, "gsm8k_committee")
    truth = _truth(EXAMPLES / "gsm8k_committee")
    _walk(project, argilla, {"expert": lambda shown: _correction(truth, shown)})
    wrong = _wrong(project, truth)
    pipeline.committee(project, truth=_right(project, truth))
    pipeline.report(project, truth=wrong)
    return {
        "queue_wrong": wrong.queue[0] / wrong.queue[1],
        "random_wrong": wrong.random[0] / wrong.random[1],
        "pool_wrong": wrong.pool[0] / wrong.pool[1],
        "queue": wrong.queue[1],
        "random": wrong.random[1],
        "pool": wrong.pool[1],
        "exports": _exports(project),
    }


def _project(folder: Path, example: str) -> Project:
    """Make a project of an example's configuration, its data where they are."""
    text = (EXAMPLES / example / "curate.yaml").read_text(encoding="utf-8")
    data = (EXAMPLES / example).resolve()
    lines = [
        line.replace("[", f"[{json.dumps(str(data))[1:-1]}/") if "paths:" in line else line
        for line in text.splitlines()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "curate.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Project(folder / "curate.yaml")


def _walk(
    project: Project,
    argilla: server.Server,
    people: Mapping[str, Callable[[Shown], Values | None]],
) -> None:
    """Run to the desk, let people answer, run to the end."""
    if not _run(project):
        return
    desk = desk_of(project)
    keys = desk.ensure_annotators(people)
    batch = project.rounds()[-1].read_json("pushed")["batch"]
    with ThreadPoolExecutor(len(people)) as pool:
        jobs = [
            pool.submit(_answer_all, argilla.url, keys[name], batch, answer)
            for name, answer in people.items()
        ]
        for job in jobs:
            job.result()
    _run(project)


def _run(project: Project) -> bool:
    """Run the stages; say whether it waits at the desk."""
    waiting = False
    with project.locked():
        for summary in pipeline.run(project):
            _say(summary.as_text())
            waiting = summary.waiting or waiting
    return waiting


def _answer_all(url: str, key: str, batch: str, answer: Callable[[Shown], Values | None]) -> None:
    with Annotator(url, key, workspace=WORKSPACE) as person:
        for dataset in (name for name in person.datasets() if name.startswith(batch)):
            said = [(shown.record, answer(shown)) for shown in person.pending(dataset)]
            person.submit_all(
                Answer(record=record, values=values) for record, values in said if values
            )


def _votes(folder: Path) -> dict[frozenset[str], dict[str, dict[str, str]]]:
    """Return, by the two texts, each person's votes as text to vote: a, b or tie."""
    cast = {row["pair_id"]: row["votes"] for row in _rows(folder / "votes.jsonl.gz")}
    votes = {}
    for row in _rows(folder / "pairs.jsonl.gz"):
        texts = {"a": _plain(row["response_a"]), "b": _plain(row["response_b"])}
        prompt = _plain(row["instruction"] + row["input"])
        votes[frozenset((prompt, *texts.values()))] = {
            v["annotator"]: texts.get(v["vote"], "tie") for v in cast[row["pair_id"]]
        }
    return votes  # type: ignore[return-value]


def _voter(votes: Any, name: str) -> Callable[[Shown], Values | None]:
    """Return a person who votes as recorded, whichever side an answer stands on."""

    def vote(shown: Shown) -> Values | None:
        a, b = _plain(shown.fields["completion_a"]), _plain(shown.fields["completion_b"])
        prompt = _plain("".join(turn["content"] for turn in shown.fields["prompt"]))
        better = votes[frozenset((prompt, a, b))][name]
        return {"preference": {a: "a", b: "b"}.get(better, "tie")}

    return vote


def _truth(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what is recorded of each question, by its prompt."""
    truth = {row["prompt_id"]: row for row in _rows(folder / "truth.jsonl.gz")}
    return {
        _plain(row["prompt"]): truth[row["prompt_id"]] for row in _rows(folder / "answers.jsonl.gz")
    }


def _correction(truth: Mapping[str, dict[str, Any]], shown: Shown) -> Values:
    """Return the worked solution, in the form that the prompt asks for, unless all is well."""
    known = truth[_plain("".join(turn["content"] for turn in shown.fields["prompt"]))]
    if known["correct"][PRODUCTION]:
        return {"quality": "good"}
    solution = {"reasoning": known["solution"], "answer": known["reference"]}
    return {
        "quality": "rewritten",
        "rewrite": json.dumps(solution, indent=4, ensure_ascii=False),
    }


def _wrong(project: Project, truth: Mapping[str, dict[str, Any]]) -> report.Truth:
    """Count the wrong answers among the chosen, in the random slice and in the pool."""
    pool = project.rounds()[-1].need_table("pool", "select").to_pylist()
    prompts = _prompts(project)
    wrong = [not truth[prompts[row["record_id"]]]["correct"][PRODUCTION] for row in pool]
    parts = {
        part: [w for w, row in zip(wrong, pool, strict=True) if row["part"] == part]
        for part in ("active", "random")
    }
    on_offer = [w for w, row in zip(wrong, pool, strict=True) if row["side"] == "pool"]
    return report.Truth(
        queue=(sum(parts["active"]), len(parts["active"])),
        random=(sum(parts["random"]), len(parts["random"])),
        pool=(sum(on_offer), len(on_offer)),
    )


def _right(project: Project, truth: Mapping[str, dict[str, Any]]) -> dict[str, bool]:
    """Return whether each model's answer is right, by the answer's id."""
    prompts = _prompts(project)
    rows = project.candidates().select(["id", "record_id", "model"]).to_pylist()
    return {row["id"]: truth[prompts[row["record_id"]]]["correct"][row["model"]] for row in rows}


def _prompts(project: Project) -> dict[str, str]:
    records = project.need_table("records", "ingest").to_pylist()
    return {r["id"]: _plain("".join(m["content"] for m in r["messages"])) for r in records}


def _exports(project: Project) -> list[str]:
    files = project.rounds()[-1].read_json("exported")["files"]
    return [(project.folder / file["path"]).as_posix() for file in files]


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _plain(text: Any) -> str:
    """Return a text without its spaces; six recorded answers are the JSON value true."""
    return "".join((json.dumps(text) if isinstance(text, bool) else text).split())


def _print_table(summary: Mapping[str, Any], folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What the demo found", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    ranks, fixes = summary["ranking"], summary["rewriting"]
    table.add_row("Ranking: pairs asked", f"{ranks['queue']:,}")
    table.add_row("  answers of three people", f"{ranks['answers']:,}")
    table.add_row("  agreement (Krippendorff's alpha)", f"{ranks['alpha']:.3f}")
    table.add_row("Rewriting: answers chosen", f"{fixes['queue']:,}")
    table.add_row("  of these wrong", f"{fixes['queue_wrong']:.1%}")
    table.add_row(
        f"  wrong in the random slice ({fixes['random']})", f"{fixes['random_wrong']:.1%}"
    )
    table.add_row(f"  wrong in the pool ({fixes['pool']:,})", f"{fixes['pool_wrong']:.1%}")
    found = summary["auditing"]
    table.add_row("Auditing: rows", f"{found['rows']:,}")
    table.add_row("  left after --fix", f"{found['kept']:,}")
    table.add_row("Seconds", f"{summary['seconds']:.0f}")
    Console().print(table)
    print("Training files:")
    for path in [*ranks["exports"], *fixes["exports"]]:
        print(f"  {path}")
    pages = ("ranking/report.html", "rewriting/report.html", "auditing/audit.html")
    print("Pages: " + ", ".join(str(folder / page) for page in pages))
    print(f"Summary: {folder / 'summary.json'}")


def _print_how_to_look(folder: Path, argilla: server.Server, stay: bool) -> None:
    keys = folder / "home" / "argilla" / "credentials.json"
    if stay:
        print(f"Argilla is running at {argilla.url} (user {argilla.username}; password in {keys});")
        print(f"stop it with: CURATE_HOME={folder / 'home'} .venv/bin/curate argilla down")
    else:
        print("To look at the queue in Argilla: make demo STAY=1")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except CurateError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit("demo: stopped; nothing already made is lost, the same command goes on")
