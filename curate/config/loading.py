"""From a YAML file to a checked configuration."""

from __future__ import annotations

import difflib
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from curate.config.sections import Config
from curate.errors import ConfigError

__all__ = [
    "load",
    "presets",
    "read_preset",
]


def load(path: str | Path) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: If the file is missing, is no YAML, or has a key or value that does not fit;
            the message names the key, and for an unknown one the nearest known.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; write one with: curate init {path.parent} --preset NAME"
        ) from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder; name its file: {path / 'curate.yaml'}") from None
    except (OSError, UnicodeDecodeError) as bad:
        raise ConfigError(f"{path}: cannot be read ({bad})") from bad
    except yaml.YAMLError as bad:
        raise ConfigError(f"{path}: not valid YAML: {_one_line(bad)}") from bad
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{path}: expected sections such as `ingest:`, found {type(raw).__name__}"
        )
    try:
        return Config.model_validate({k: {} if v is None else v for k, v in raw.items()})
    except ValidationError as bad:
        raise ConfigError(f"{path}: " + "; ".join(_sentence(e) for e in bad.errors())) from None


def presets() -> list[str]:
    """Return the names of the configurations that come with the package."""
    return sorted(p.stem for p in _PRESETS.glob("*.yaml"))


def read_preset(name: str) -> str:
    """Return a preset's YAML text, each key explained.

    Raises:
        ConfigError: If there is none of that name.
    """
    path = _PRESETS / f"{name}.yaml"
    if name not in presets():
        near = difflib.get_close_matches(name, presets(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ";"
        raise ConfigError(f"no preset named {name!r}{hint} known: {', '.join(presets())}")
    return path.read_text(encoding="utf-8")


_PRESETS = Path(__file__).parent.parent / "configs"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _sentence(error: Any) -> str:
    where = tuple(error["loc"])
    key = ".".join(str(part) for part in where)
    if error["type"] != "extra_forbidden":
        return f"`{key}`: {error['msg'].removeprefix('Value error, ')}"
    known = _known_keys(where[:-1])
    near = difflib.get_close_matches(str(where[-1]), known, n=1, cutoff=0.5)
    hint = f"; did you mean `{near[0]}`?" if near else f"; known here: {', '.join(known)}"
    return f"unknown key `{key}`{hint}"


def _known_keys(where: tuple[Any, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, Union, UnionType):
        return next((m for a in get_args(annotation) if (m := _model_in(a))), None)
    return None
