"""Small projects over real answers, driven by the command line."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from curate.review.annotator import Annotator, Answer, Shown
from curate.review.argilla import ArgillaDesk

EXAMPLES = Path(__file__).parents[2] / "examples"

REWRITE = """
project: {name: NAME, task: rewrite}
ingest: {paths: [answers.jsonl]}
score:
  target: [Qwen2-7B-Instruct]
  answer: {extract: pattern, pattern: '"answer"\\s*:\\s*"?(?P<answer>[^"\\n}]*)'}
select: {budget: {items: 12}}
push: {workspace: NAME, overlap: {share: 0.5, annotators: 2}}
resolve: {bootstrap: 100}
"""
RANK = """
project: {name: NAME, task: rank}
ingest: {paths: [answers.jsonl]}
score: {target: [command-r, gemma-2-2b-it, gpt-3.5-turbo-0125]}
select: {budget: {items: 8}}
push: {workspace: NAME, overlap: {share: 1, annotators: 2}, ranking: full}
resolve: {bootstrap: 100}
"""


@dataclass(frozen=True)
class Walk:
    """A project in a folder of its own, driven by the command line from there."""

    folder: Path
    server: object | None = None

    @property
    def name(self) -> str:
        return self.folder.name

    def command(self, *arguments):
        return [sys.executable, "-m", "curate.cli", *map(str, arguments)]

    def env(self, **more):
        return os.environ | self._desk() | more

    def _desk(self):
        if self.server is None:
            return {}
        return {"ARGILLA_API_URL": self.server.url, "ARGILLA_API_KEY": self.server.api_key}

    def curate(self, *arguments, **more):
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.env(**more),
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def run(self, *arguments):
        done = self.curate("run", "curate.yaml", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        return said if isinstance(said, list) else [said]

    def answer(self, person: str, say: Callable[[Shown], dict]) -> int:
        """Let a person answer everything that waits for them."""
        with ArgillaDesk(self.server.url, self.server.api_key, self.name) as desk:
            key = desk.ensure_annotators([person])[person]
        done = 0
        with Annotator(self.server.url, key, workspace=self.name) as who:
            for dataset in who.datasets():
                shown = who.pending(dataset)
                who.submit_all(Answer(record=s.record, values=say(s)) for s in shown)
                done += len(shown)
        return done

    def change_mind(self, person: str, values: dict) -> None:
        """Let a person answer anew one item that they have answered with something else."""
        with ArgillaDesk(self.server.url, self.server.api_key, self.name) as desk:
            key = desk.ensure_annotators([person])[person]
        with Annotator(self.server.url, key, workspace=self.name) as who:
            dataset = max(who.datasets())
            changed = max(who.seen(dataset, "submitted"), key=lambda s: s.item_id)
            who.submit_all([Answer(record=changed.record, values=values)])


@pytest.fixture
def walk(tmp_path_factory, request):
    """A function that makes a small project: a configuration over the first `n` real prompts."""

    def make(name, config, *, n=60, server=None):
        return _made(tmp_path_factory.mktemp(request.node.name[:20]) / name, config, n, server)

    return make


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A project that has come as far as its queue, undisturbed; tests work on copies."""
    folder = tmp_path_factory.mktemp("prepared") / "prepared"
    project = _made(folder, REWRITE, 60, None)
    to_the_queue(project, PYTHONHASHSEED="1")
    return project


@pytest.fixture
def queued(prepared, tmp_path):
    """A function that gives a copy of the prepared project, to push from."""

    def copy(server=None):
        folder = tmp_path / prepared.name
        shutil.copytree(prepared.folder, folder)
        return Walk(folder, server)

    return copy


def to_the_queue(project, **env):
    """Run the stages before the desk, one command each."""
    for stage in ("ingest", "embed", "score", "learn", "select"):
        done = project.curate(stage, **env)
        assert done.returncode == 0, done.stderr


def _made(folder, config, n, server):
    folder.mkdir()
    with gzip.open(EXAMPLES / "gsm8k_committee" / "answers.jsonl.gz", "rt") as file:
        (folder / "answers.jsonl").write_text("".join(islice(file, n)), encoding="utf-8")
    (folder / "curate.yaml").write_text(config.replace("NAME", folder.name), encoding="utf-8")
    return Walk(folder, server)
