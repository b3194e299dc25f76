"""Imports point down, stages do not know each other, heavy packages wait until used."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import curate

ROOT = Path(curate.__file__).parent
STAGES = {
    "ingest",
    "clean",
    "generate",
    "judge",
    "embed",
    "score",
    "select",
    "review",
    "resolve",
    "export",
    "report",
}
FLOORS = [
    {"errors"},
    {"measure"},
    {"learn"},
    {"registry", "records", "config", "files", "console", "texts", "tokens", "where"},
    {"checks", "llm"},
    STAGES,
    {"simulate", "audit"},
    {"project"},
    {"pipeline"},
    {"cli"},
]
FLOOR_OF = {name: n for n, floor in enumerate(FLOORS) for name in floor}
HEAVY = {
    *(
        "aiohttp",
        "argilla",
        "datasets",
        "numba",
        "openai",
        "matplotlib",
        "pandas",
        "plotly",
        "scipy",
    ),
    *("sentence_transformers", "sklearn", "tiktoken", "torch", "transformers", "vllm"),
}
IN_THE_SERVERS_ENVIRONMENT = {"curate.review.server.engine", "curate.review.server.launch"}


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(("curate", *path.relative_to(ROOT).with_suffix("").parts))
        yield name.removesuffix(".__init__"), path


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("curate.")}


def unit(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


EDGES = [
    (name, target)
    for name, path in modules()
    for target in sorted(imports_of(path))
    if unit(name) and unit(target) in FLOOR_OF and unit(target) != unit(name)
]


def test_every_module_has_a_floor():
    assert {unit(name) for name, _ in modules()} - {""} <= set(FLOOR_OF)


def test_there_are_imports_to_check():
    assert len(EDGES) > 50


@pytest.mark.parametrize(("module", "target"), EDGES)
def test_imports_point_down(module, target):
    assert FLOOR_OF[unit(target)] < FLOOR_OF[unit(module)] or same_ground(module, target)


def same_ground(module: str, target: str) -> bool:
    """Modules of the ground floor may build on each other; stages may not."""
    ground = FLOORS[3] | FLOORS[4]
    return {unit(module), unit(target)} <= ground


def test_only_the_pipeline_and_the_command_line_know_the_project():
    assert {unit(m) for m, target in EDGES if unit(target) == "project"} <= {"pipeline", "cli"}


def test_measures_know_nothing_of_ours():
    assert {t for m, t in EDGES if unit(m) == "measure" and unit(t) != "errors"} == set()
    assert {unit(t) for m, t in EDGES if unit(m) == "learn"} <= {"errors", "measure"}


def test_names_in_all_exist():
    for info in pkgutil.walk_packages(curate.__path__, "curate."):
        if info.name in IN_THE_SERVERS_ENVIRONMENT or info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        names = getattr(module, "__all__", None)
        assert names is not None, f"{info.name} has no __all__"
        assert [n for n in names if not hasattr(module, n)] == [], info.name
        assert list(names) == sorted(names, key=str.lower) or sorted(names) == sorted(set(names))


def test_heavy_packages_are_not_imported_before_they_are_used():
    names = [n for n, p in modules() if p.name == "__init__.py"]
    names += ["curate.cli", "curate.config", "curate.project", "curate.tokens", "curate.texts"]
    code = f"import sys; [__import__(n) for n in {names!r}]; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.split(".")[0] for name in loaded} & HEAVY == set()


def test_help_loads_neither_arrays_nor_tables():
    code = "import sys, curate.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.split(".")[0] for name in loaded} & (HEAVY | {"numpy", "pyarrow"}) == set()
